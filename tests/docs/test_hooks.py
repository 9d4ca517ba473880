"""Each hook shows a whole example, and the plugin host accepts it as it stands."""

from __future__ import annotations

import inspect
import sys
import textwrap
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from ganzoo.discovery import hookspecs
from ganzoo.discovery.host import PluginHost
from ganzoo.discovery.specs import PROVIDED, Kind

SPEC_MARK, IMPL_MARK = (f"{hookspecs.PROJECT}_{role}" for role in ("spec", "impl"))
"""Attributes by which pluggy knows a hook's specification and its implementation."""

MODULE = "plugin_of_a_docstring"


def example_of(hook: str) -> str:
    """The indented lines of a hook's docstring."""
    lines = (inspect.getdoc(getattr(hookspecs, hook)) or "").splitlines()
    return textwrap.dedent("\n".join(line for line in lines[1:] if line[:1] in ("", " ")))


@pytest.fixture
def plugin(kind: Kind, monkeypatch) -> ModuleType:
    """The example, executed as the module of a plugin."""
    module = ModuleType(MODULE)
    exec(example_of(kind.hook), vars(module))  # a docstring of ours
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


def test_every_hook_belongs_to_a_kind():
    hooks = {name for name, value in vars(hookspecs).items() if hasattr(value, SPEC_MARK)}
    assert hooks == {kind.hook for kind in PROVIDED}


@pytest.mark.parametrize("kind", PROVIDED, ids=lambda kind: kind.hook)
def test_a_hooks_docstring_ends_with_an_example_of_one_function(kind, plugin):
    functions = {name: value for name, value in vars(plugin).items() if inspect.isfunction(value)}
    assert set(functions) == {kind.hook}
    assert hasattr(functions[kind.hook], IMPL_MARK)
    assert inspect.isgeneratorfunction(functions[kind.hook])


@pytest.mark.parametrize("kind", PROVIDED, ids=lambda kind: kind.hook)
def test_the_host_accepts_the_example_and_finds_a_descriptor_of_the_right_class(kind, plugin):
    entry_point = EntryPoint("acme", MODULE, hookspecs.PROJECT)
    host = PluginHost([entry_point], strict=True)
    (component,) = host.components(kind.name)
    assert host.records[0].components == [component]
    assert type(component.spec) is kind.spec
