"""Promises of start-up: what is not used is not imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ganzoo


def modules_after(code: str) -> set[str]:
    """Names of the modules a fresh interpreter holds after running some code."""
    code = f"{code}\nimport sys; print('MODULES', *sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return set(result.stdout.rsplit("MODULES", 1)[1].split())


CLI = """
import sys
from ganzoo.cli import main
try:
    main({arguments!r})
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def test_importing_ganzoo_imports_no_torch():
    modules = modules_after("import ganzoo")
    assert not {"torch", "torchvision", "numpy", "pydantic", "PIL"} & modules


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["list"], ["list", "losses"], ["plugins"], ["train", "--help"],
     ["show", "penalty", "r1"], ["show", "dataset", "image-folder"],
     ["list", "recipes"], ["show", "recipe", "dcgan"], ["export", "--help"]],
    ids=" ".join,
)  # fmt: skip
def test_asking_what_there_is_imports_no_torch(arguments):
    modules = modules_after(CLI.format(arguments=arguments))
    assert not {"torch", "torchvision", "numpy", "PIL"} & modules


def test_reading_a_run_imports_neither_torchvision_nor_a_compiler():
    """Each of which takes seconds, when a run is sampled, listed or explained."""
    modules = modules_after("import ganzoo.run.run, ganzoo.run.doctor, ganzoo.run.pictures")
    assert "torch" in modules
    assert not {"torchvision", "torch._dynamo", "torch._inductor"} & modules


def test_plugin_modules_import_no_torch():
    modules = modules_after("import ganzoo; print(len(ganzoo.default_host().records))")
    assert "torch" not in modules
    assert "ganzoo_dcgan.plugin" in modules
    assert "ganzoo_dcgan.architecture" not in modules


def test_every_public_name_is_there_and_documented():
    for name in ganzoo.__all__:
        value = getattr(ganzoo, name)
        if callable(value) and name not in ("hookimpl", "Draw"):
            assert value.__doc__, name


def test_the_stub_lists_each_public_name_once_in_order():
    stub = Path(ganzoo.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    listed = [
        (node.module or "", alias.name)
        for node in ast.parse(stub).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert listed == sorted(set(listed))
    assert sorted(name for _, name in listed) == sorted(ganzoo.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        ganzoo.nonsense  # noqa: B018


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert ganzoo.__version__ == version("gan-zoo")
