"""What of the reference is made from the code: names, hooks, settings and components.

Directives for the pages below `docs/reference/`, each of which finds out by itself what there is
to show, so that nothing public can be forgotten:

    .. public-names:: ganzoo.interfaces     those that are defined there
    .. hooks::                              every hook a plugin may implement
    .. settings::                           every setting of a config
    .. components:: loss                    every loss of the zoo, with its options
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from docutils.statemachine import StringList
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

import ganzoo
from ganzoo.config import SETTINGS, RunConfig
from ganzoo.config.recipes import recipe_text
from ganzoo.discovery import hookspecs, registry
from ganzoo.discovery.host import DISTRIBUTION
from ganzoo.discovery.specs import KINDS, Kind, RecipeSpec
from ganzoo.interfaces.options import Options, describe

HOME = {name: getattr(ganzoo, name).__module__ for name in ganzoo.__all__ if name != "hookimpl"}
HOME["hookimpl"] = hookspecs.__name__  # an instance: it has no module of its own

FOREIGN = "Module, ABC, BaseModel, Exception, NamedTuple, Protocol, TypedDict, tuple, dict, object"
"""Bases whose members are documented where they come from."""

SHOWN_BASES = {"Module", "ComponentSpec", "Exception", "AssertionError"}
"""Besides public names."""


class Generated(SphinxDirective):
    """A directive that stands for reStructuredText which it writes itself."""

    def write(self) -> Iterator[str]:
        """The lines."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the lines in place of the directive, anew in each build: the code may differ."""
        self.env.note_reread()
        lines = [line for text in self.write() for line in text.split("\n")]
        box = nodes.section()
        box.document = self.state.document
        content = StringList(lines, source=f"<{self.name}>")
        self.state.nested_parse(content, self.content_offset, box, match_titles=True)
        return box.children


class PublicNames(Generated):
    """The names of `ganzoo.__all__` whose module is, or lies below, one of the arguments."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"except": str}

    def write(self) -> Iterator[str]:
        """One autodoc directive a name, in the order of the arguments."""
        left = {name for name in HOME if HOME[name] != self.options.get("except")}
        for module in self.arguments[0].split():
            found = {name for name in left if f"{HOME[name]}.".startswith(f"{module}.")}
            if not found:
                raise self.error(f"no public name is defined in {module}")
            left -= found
            for name in sorted(found, key=_place):
                yield from _autodoc(f"ganzoo.{name}", getattr(ganzoo, name))


def _place(name: str) -> tuple[str, int]:
    """Where a name is defined: they are shown in the order of the code."""
    value = inspect.unwrap(getattr(ganzoo, name))
    is_source = isinstance(value, type) or inspect.isfunction(value)
    return HOME[name], inspect.getsourcelines(value)[1] if is_source else 0


def _autodoc(path: str, value: Any) -> Iterator[str]:
    if inspect.isroutine(value):
        yield from (f".. autofunction:: {path}", "")
    elif isinstance(value, type):
        yield from _autoclass(path, value)
    else:  # an object: what it is for stands in a string below it
        yield from (f".. py:{'decorator' if callable(value) else 'data'}:: {path}", "")
        name = path.rpartition(".")[2]
        documented = ModuleAnalyzer.for_module(HOME[name]).find_attr_docs()
        yield from (f"   {line}" for line in documented["", name])


def _autoclass(path: str, value: type) -> Iterator[str]:
    if issubclass(value, Exception):
        yield from (f".. autoexception:: {path}", "   :show-inheritance:", "   :members:", "")
        return
    yield f".. autoclass:: {path}"
    if any(map(_is_shown, value.__bases__)):
        yield "   :show-inheritance:"
    if not issubclass(value, BaseModel):
        fields = [*getattr(value, "__dataclass_fields__", ()), *getattr(value, "_fields", ())]
        yield from ("   :members:", f"   :inherited-members: {FOREIGN}")
        yield from ("   :special-members: __call__", f"   :exclude-members: {', '.join(fields)}")
    yield ""
    if issubclass(value, Options):
        yield from (f"   {line}" for line in _table(_option_rows(value)))


class AlsoSeen(Generated):
    """What is no name of `ganzoo.__all__`, and is met where these are used."""

    required_arguments = 1
    final_argument_whitespace = True

    def write(self) -> Iterator[str]:
        """One autodoc directive a path."""
        for path in self.arguments[0].split():
            module, _, name = path.rpartition(".")
            yield from _autodoc(path, getattr(import_module(module), name))


class Hooks(Generated):
    """Every hook of the contract."""

    def write(self) -> Iterator[str]:
        """One autodoc directive a hook, in the order of the code."""
        for name in hook_names():
            yield from (f".. autofunction:: {hookspecs.__name__}.{name}", "")


def hook_names() -> list[str]:
    """Names of the functions that are marked as specifications of hooks."""
    marker = f"{hookspecs.PROJECT}_spec"  # what pluggy's HookspecMarker sets
    return [name for name, value in vars(hookspecs).items() if hasattr(value, marker)]


class Settings(Generated):
    """Every setting of a config: a table for each section."""

    def write(self) -> Iterator[str]:
        """Sections in the order of `RunConfig`; what is no section comes first."""
        kinds = {kind.section: kind for kind in KINDS.values()}
        yield from _heading("Components")
        yield from _table(
            (_component_row(kinds[name], field) for name, field in _fields() if name in kinds),
            ("section", "keys", "what it holds"),
        )
        for name, field in _fields():
            if name not in kinds:
                model = field.annotation
                assert isinstance(model, type), f"{name} is no section: show it in another way"
                yield from _heading(f"``[{name}]``")
                yield from (inspect.getdoc(model) or "", "")
                yield from _table(_option_rows(model, name))


def _fields() -> Iterable[tuple[str, FieldInfo]]:
    return RunConfig.model_fields.items()


def _component_row(kind: Kind, field: FieldInfo) -> tuple[str, ...]:
    if kind.several:
        return f"``{kind.section}``", f"``{kind.section}.NAME.OPTION``", field.description or ""
    keys = f"``{kind.section}.name`` |br| ``{kind.section}.OPTION``"
    return f"``{kind.section}``", keys, f"The {kind.name}: its name, and its options beside it."


class Components(Generated):
    """The components of a kind that come with ganzoo."""

    required_arguments = 1

    def write(self) -> Iterator[str]:
        """Summary, reference and options of each, by name."""
        kind = registry.kind_named(self.arguments[0])
        found = ganzoo.default_host().components(kind.name)
        for component in sorted(found, key=lambda each: each.spec.name):
            if not component.plugin.is_from(DISTRIBUTION):
                continue
            spec = component.spec
            yield from _heading(f"``{spec.name}``", "^")
            yield from (spec.summary, "")
            if spec.reference:
                yield from (f":Reference: {spec.reference}", "")
            if isinstance(spec, RecipeSpec):
                lines = recipe_text(component).rstrip().splitlines()
                yield from (".. code-block:: toml", "", *(f"   {line}" for line in lines), "")
            else:
                yield from _table(_option_rows(registry.options_model(component)))


def _heading(text: str, line: str = "-") -> Iterator[str]:
    yield from (text, line * len(text), "")


def _option_rows(model: type[BaseModel], section: str = "") -> list[tuple[str, ...]]:
    """Name, type, default, range and description; flags too where it is a section of a config."""
    flags = {path: f"--{key.replace('_', '-')}" for key, path in SETTINGS.items()}
    rows = []
    for option in describe(model):
        name = f"``{option.name}``"
        if flag := flags.get((section, option.name)):
            name = f"``{section}.{option.name}`` |br| ``{flag}``"
        facts = (option.type, option.default, option.range)
        quoted = (f"``{fact}``" if fact else "" for fact in facts)
        rows.append((name, *quoted, option.description))
    return rows


def _table(
    rows: Iterable[tuple[str, ...]],
    head: tuple[str, ...] = ("name", "type", "default", "range", "description"),
) -> Iterator[str]:
    rows = list(rows)
    if not rows:
        return
    yield from (".. list-table::", "   :header-rows: 1", "   :class: options", "")
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"   {'* -' if number == 0 else '  -'} {cell}".rstrip()
    yield ""


def name_role(
    role: str, raw: str, text: str, line: int, inliner: Inliner, *_: Any, **__: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Single backticks: code, and a link where it is the name of something public.

    `Loss`, `ganzoo.Loss`, `Latent.sample` and `ganzoo.names("loss")` are; what is called the same
    as a Python keyword argument (`names`, `train`) is only where `ganzoo.` stands before it.
    """
    text = text.replace("\x00", "\\")
    code = nodes.literal(raw, text, classes=["code"])
    match = re.match(r"(ganzoo\.)?([A-Za-z]+)(\.[a-z]\w*)*(?=\(|$)", text)
    if match is None or match[2] not in HOME or not (match[1] or match[2][0].isupper()):
        return [code], []
    reference = addnodes.pending_xref(
        raw,
        code,
        refdomain="py",
        reftype="obj",
        reftarget="ganzoo." + match[0].removeprefix("ganzoo."),
        refexplicit=True,
        refwarn=True,
    )
    return [reference], []


CODE = re.compile(r"(`+[^`]+`+)(?=(\w)?)")


def _separated(code: re.Match[str]) -> str:
    """As in "`Observer`s": a letter after a closing backtick has to be set apart."""
    return code[1] + ("\\ " if code[2] else "")


def mark_code(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """An indented block after a blank line is code; reStructuredText wants to be told so."""
    before, inside = "", False
    # napoleon takes what stands before a colon in a property's first line for its type
    marked: list[str] = ["..", ""] if what in ("property", "attribute") else []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line and not indent:
            inside = False
        elif indent and not inside and marked and not marked[-1] and not before.startswith(" "):
            marked += [".. code-block:: python", ""]
            inside = True
        marked.append(line if inside else CODE.sub(_separated, line))
        before = line or before
    lines[:] = marked


def show_bases(app: Sphinx, name: str, value: Any, options: Any, bases: list[Any]) -> None:
    """Only bases that one may know of: those that have a place in a reference."""
    bases[:] = filter(_is_shown, bases)


def _is_shown(base: Any) -> bool:
    return base.__name__ in SHOWN_BASES or base.__name__ in HOME


def shorten_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str, returned: str
) -> tuple[str, str | None] | None:
    """The arguments of a pydantic model are in a table; what is only seen, nobody constructs."""
    if what != "class":
        return None
    is_public = name.removeprefix("ganzoo.") in HOME
    return ("", None) if issubclass(value, BaseModel) or not is_public else None


def plain_text(app: Sphinx, context: Any, lines: list[str]) -> None:
    """`walk.gif` rather than `PosixPath('walk.gif')`, and options as code: dashes stay two."""
    for number, line in enumerate(lines):
        if not line.startswith(".."):
            line = re.sub(r"``(?:PosixPath\()?'(.*?)'\)?``", r"``\1``", line)
            lines[number] = re.sub(r"`[^`]*`|--\w[\w-]*", _as_code, line)


def _as_code(word: re.Match[str]) -> str:
    return word[0] if word[0].startswith("`") else f"``{word[0]}``"


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("also-seen", AlsoSeen)
    app.add_directive("hooks", Hooks)
    app.add_directive("settings", Settings)
    app.add_directive("components", Components)
    app.add_role("name", name_role)
    app.connect("autodoc-process-docstring", mark_code, priority=400)  # before napoleon
    app.connect("autodoc-process-bases", show_bases)
    app.connect("autodoc-process-signature", shorten_signature)
    for part in ("description", "options"):
        app.connect(f"sphinx-click-process-{part}", plain_text)
    return {"parallel_read_safe": False}
