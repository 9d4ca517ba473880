"""What tests of the core and of every plugin share: threads, a cache, slow checks, the command."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Generator

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Several workers, and the programs that they start, share the cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


OWN_CACHE = "" if "GANZOO_CACHE_DIR" in os.environ else tempfile.mkdtemp(prefix="ganzoo-tests-")
"""A cache for all tests and their workers, unless the environment names one; never the user's."""

if OWN_CACHE:
    os.environ["GANZOO_CACHE_DIR"] = OWN_CACHE


def pytest_unconfigure() -> None:
    """Remove the cache of this session; workers have found it in the environment."""
    if OWN_CACHE:
        shutil.rmtree(OWN_CACHE, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while thousands of tests are collected: all of them stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


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
