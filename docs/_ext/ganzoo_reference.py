"""The generated part of the reference: names, hooks, settings and components.

Directives for the pages in `docs/reference/`. Each finds its entries in the code, so that nothing
public is missing:

    .. public-names:: ganzoo.interfaces     the public names that are defined there
    .. hooks::                              every hook a plugin may implement
    .. settings::                           every setting of a config
    .. components:: loss                    every loss of the zoo, with its options
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.resources import files
from typing import Any, ClassVar, get_origin

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


def _home(name: str) -> str:
    """The module that defines a public name; objects and aliases of types do not say it."""
    value = getattr(ganzoo, name)
    if inspect.ismodule(value):
        return value.__name__
    is_source = isinstance(value, type) or inspect.isfunction(value)
    return value.__module__ if is_source else STUB[name]


STUB = {
    alias.name: f"ganzoo.{node.module}"
    for node in ast.walk(ast.parse(files(ganzoo).joinpath("__init__.pyi").read_text()))
    if isinstance(node, ast.ImportFrom) and node.module
    for alias in node.names
}
"""Modules that the public names are imported from."""

HOME = {name: _home(name) for name in dir(ganzoo)}

FOREIGN = "Module, ABC, BaseModel, Exception, NamedTuple, Protocol, TypedDict, tuple, dict, object"
"""Base classes whose members are not repeated in subclasses."""

SHOWN_BASES = {"Module", "ComponentSpec", "Exception", "AssertionError"}
"""Base classes that are shown besides public names."""


class Generated(SphinxDirective):
    """A directive that generates reStructuredText."""

    def write(self) -> Iterator[str]:
        """Yield lines of reStructuredText."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the generated lines, again in each build, as the code may have changed."""
        self.env.note_reread()
        lines = [line for text in self.write() for line in text.split("\n")]
        box = nodes.section()
        box.document = self.state.document
        content = StringList(lines, source=f"<{self.name}>")
        self.state.nested_parse(content, self.content_offset, box, match_titles=True)
        return box.children


class PublicNames(Generated):
    """The public names that are defined in one of the modules, or below it."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"except": str}

    def write(self) -> Iterator[str]:
        """Yield an autodoc directive for each name, in the order of the arguments."""
        left = {name for name in HOME if HOME[name] != self.options.get("except")}
        for module in self.arguments[0].split():
            found = {name for name in left if f"{HOME[name]}.".startswith(f"{module}.")}
            if not found:
                raise self.error(f"no public name is defined in {module}")
            left -= found
            for name in sorted(found, key=_place):
                yield from _autodoc(f"ganzoo.{name}", getattr(ganzoo, name))


def _place(name: str) -> tuple[str, int]:
    """Module and line of a name's definition: names are shown in the order of the code."""
    value = inspect.unwrap(getattr(ganzoo, name))
    is_source = isinstance(value, type) or inspect.isfunction(value)
    return HOME[name], inspect.getsourcelines(value)[1] if is_source else 0


def _autodoc(path: str, value: Any) -> Iterator[str]:
    if inspect.isroutine(value):
        yield from (f".. autofunction:: {path}", "")
    elif isinstance(value, type):
        yield from _autoclass(path, value)
    elif inspect.ismodule(value):
        yield from (f".. automodule:: {path}", "")
        for name in value.__all__:
            yield from _autodoc(f"{path}.{name}", getattr(value, name))
        yield from (".. py:currentmodule:: None", "")
    else:  # an object or an alias of a type, documented by the string below it
        role = "type" if get_origin(value) else "decorator" if callable(value) else "data"
        yield from (f".. py:{role}:: {path}", "")
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
    if issubclass(value, BaseModel):
        own = [name for name, member in vars(value).items() if _is_method(name, member)]
        if own:
            yield f"   :members: {', '.join(own)}"
    else:
        fields = [*getattr(value, "__dataclass_fields__", ()), *getattr(value, "_fields", ())]
        yield from ("   :members:", f"   :inherited-members: {FOREIGN}")
        yield from ("   :special-members: __call__", f"   :exclude-members: {', '.join(fields)}")
    yield ""
    if issubclass(value, Options):
        yield from (f"   {line}" for line in _table(_option_rows(value)))


def _is_method(name: str, member: object) -> bool:
    """Whether a member of a pydantic model is a public property or method of its own."""
    is_method = isinstance(member, property | classmethod) or inspect.isfunction(member)
    return is_method and not name.startswith(("_", "model_"))


class AlsoSeen(Generated):
    """Classes and functions that public ones take or return, and that are not public names."""

    required_arguments = 1
    final_argument_whitespace = True

    def write(self) -> Iterator[str]:
        """Yield an autodoc directive for each path."""
        for path in self.arguments[0].split():
            module, _, name = path.rpartition(".")
            yield from _autodoc(path, getattr(import_module(module), name))


class Hooks(Generated):
    """Every hook a plugin may implement."""

    def write(self) -> Iterator[str]:
        """Yield an autodoc directive for each hook, in the order of the code."""
        for name in hook_names():
            yield from (f".. autofunction:: {hookspecs.__name__}.{name}", "")


def hook_names() -> list[str]:
    """Names of the functions that are marked as hook specifications."""
    marker = f"{hookspecs.PROJECT}_spec"  # what pluggy's HookspecMarker sets
    return [name for name, value in vars(hookspecs).items() if hasattr(value, marker)]


class Settings(Generated):
    """Every setting of a config: a table for each section."""

    def write(self) -> Iterator[str]:
        """Yield the sections in the order of `RunConfig`; those of components come first."""
        kinds = {kind.section: kind for kind in KINDS.values()}
        yield from _heading("Components")
        yield from _table(
            (_component_row(kinds[name], field) for name, field in _fields() if name in kinds),
            ("section", "keys", "what it holds"),
        )
        for name, field in _fields():
            if name not in kinds:
                model = field.annotation
                assert isinstance(model, type), f"{name} is not a section of settings"
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
    """The components of a kind that ganzoo includes."""

    required_arguments = 1

    def write(self) -> Iterator[str]:
        """Yield summary, reference and options of each component, by name."""
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
    """Name, type, default, range and description; for a section of a config also the flag."""
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
    """Single backticks: code, and a link if it is a public name.

    `Loss`, `ganzoo.Loss`, `Latent.sample` and `ganzoo.names("loss")` become links. Lower-case names
    (`names`, `train`) become links only after `ganzoo.`: they may be keyword arguments.
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
    """Escape a letter after a closing backtick, as in "`Observer`s"."""
    return code[1] + ("\\ " if code[2] else "")


def mark_code(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Mark an indented block after a blank line as code, for reStructuredText."""
    before, inside = "", False
    # Napoleon reads text before a colon in a property's first line as its type.
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
    """Keep only the base classes that some reference documents."""
    bases[:] = filter(_is_shown, bases)


def _is_shown(base: Any) -> bool:
    return base.__name__ in SHOWN_BASES or base.__name__ in HOME


def shorten_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str, returned: str
) -> tuple[str, str | None] | None:
    """Hide the arguments of pydantic models, which have a table, and of classes not public."""
    if what != "class":
        return None
    is_public = name.removeprefix("ganzoo.") in HOME
    return ("", None) if issubclass(value, BaseModel) or not is_public else None


def plain_text(app: Sphinx, context: Any, lines: list[str]) -> None:
    """Show `walk.gif` instead of `PosixPath('walk.gif')`, and options as code: dashes stay two."""
    for number, line in enumerate(lines):
        if not line.startswith(".."):
            line = re.sub(r"``(?:PosixPath\()?'(.*?)'\)?``", r"``\1``", line)
            lines[number] = re.sub(r"`[^`]*`|--\w[\w-]*", _as_code, line)


def _as_code(word: re.Match[str]) -> str:
    return word[0] if word[0].startswith("`") else f"``{word[0]}``"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register directives, role and event handlers; Sphinx calls this."""
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
