"""What the tests of the core and of every plugin share: threads, what is slow, the command."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Several workers, and the programs that they start, share the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the kit's checks with the compiler as slow, before pytest selects by marks."""
    for item in items:
        if item.name.endswith("-torch_compile]"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def ganzoo_cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: exit code, standard output, standard error."""
    from ganzoo.cli import main

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            main([str(a) for a in arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run
