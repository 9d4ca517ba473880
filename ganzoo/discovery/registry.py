"""Lookup of components by kind and name, and the one way to make them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from traceback import walk_tb
from typing import Any

from pydantic import ValidationError

from ganzoo.discovery.host import DISTRIBUTION, Component, PluginHost, default_host
from ganzoo.discovery.specs import KINDS, LISTED, Kind
from ganzoo.errors import GanzooError, GanzooWarning, PluginError, UsageError, did_you_mean, shown
from ganzoo.interfaces.options import ConstraintOptions, NoOptions, Options, PenaltyOptions, explain


class UnknownComponent(UsageError):
    """No component that could be loaded has this name."""


def kind_named(word: str) -> Kind:
    """The kind of a word: `loss`, `losses`, `arch`, ….

    Raises:
        UsageError: there is no such kind; the message lists those there are.
    """
    for kind in LISTED.values():
        if word and word in (kind.name, kind.plural, kind.section):
            return kind
    known = [kind.plural for kind in LISTED.values()]
    raise UsageError(
        f"no kind of component is called '{word}'.{did_you_mean(word, known)} "
        f"There are {', '.join(known)}."
    )


def names(kind: str, *, host: PluginHost | None = None) -> list[str]:
    """Sorted names of a kind's components, each once: `ganzoo.names("loss")`.

    Raises:
        UsageError: there is no such kind.
    """
    components = (host or default_host()).components(kind_named(kind).name)
    return sorted({component.spec.name for component in components})


def find(
    kind: str, name: str, *, host: PluginHost | None = None, prefer: str | None = None
) -> Component:
    """The component of this name; of several, ganzoo's own, with a warning.

    Args:
        kind: `"architecture"`, `"loss"`, `"penalty"`, `"dataset"`, `"observer"`, `"metric"`,
            `"extractor"` or `"recipe"`.
        name: its name, or `distribution/name` if two distributions use the name.
        host: where to look; the default host if None.
        prefer: the distribution that wins before all others, without a warning.

    Raises:
        UsageError: there is no component of this name, or several of which none is ganzoo's own.
    """
    # Candidates.
    if not isinstance(name, str):
        raise UsageError(f"{LISTED[kind].plural} are chosen by name; got {shown(name)}")
    host = host or default_host()
    candidates = [c for c in host.components(kind) if c.answers_to(name)]
    if len(candidates) > 1 and prefer is not None:
        candidates = [c for c in candidates if c.plugin.is_from(prefer)] or candidates
    if not candidates:
        raise UnknownComponent(_unknown(kind, name, host))
    if len(candidates) == 1:
        return candidates[0]

    # Several plugins use the name.
    if len({c.provider for c in candidates}) == 1:
        plugins = " and ".join(f"'{c.plugin.name}'" for c in candidates)
        raise UsageError(
            f"{candidates[0].provider} provides a {kind} named '{name}' in its plugins {plugins}. "
            f"Switch one off: GANZOO_DISABLE_PLUGINS={candidates[-1].plugin.name}"
        )
    claims = " and ".join(sorted(c.provider for c in candidates))
    choices = " or ".join(sorted(f"'{c.qualified_name}'" for c in candidates))
    own = _built_in(candidates)
    stranger = next(c for c in reversed(candidates) if c is not own).plugin.distribution
    advice = f"Say {choices}, or switch one off: GANZOO_DISABLE_PLUGINS={stranger}"
    message = f"{claims} both provide a {kind} named '{name}'"
    if own is None:
        raise UsageError(f"{message}. {advice}")
    warnings.warn(
        GanzooWarning(f"{message}; that of {DISTRIBUTION} is used. {advice}"), stacklevel=2
    )
    return own


def _built_in(candidates: Iterable[Component]) -> Component | None:
    """The only one of some components that ganzoo itself provides, if there is one."""
    own = [component for component in candidates if component.plugin.is_from(DISTRIBUTION)]
    return own[0] if len(own) == 1 else None


def create(kind: str, name: str, /, *, host: PluginHost | None = None, **options: Any) -> Any:
    """Make a component: `ganzoo.create("penalty", "r1", weight=1.0)`.

    Raises:
        UsageError: an unknown kind, name or option, or a value out of range.
        PluginError: its plugin breaks the contract. Other exceptions of its constructor pass.
    """
    kind = kind_named(kind).name
    if kind not in KINDS:
        raise UsageError(f"a {kind} is not a component: use ganzoo.train({kind}={name!r})")
    return make(find(kind, name, host=host), options)


def make(component: Component, options: Mapping[str, Any]) -> Any:
    """Validate a component's options and build it: the one way from a descriptor to an object.

    Raises:
        UsageError: an unknown option, or a value out of range.
        PluginError: the factory returns something else than its kind promises.
    """
    return build(component, validate_options(component, options))


def offering(kind: str, flag: str, *, host: PluginHost | None = None) -> list[Component]:
    """The components of a kind whose descriptors set a flag: the defaults of that kind.

    Args:
        kind: `"dataset"`, `"metric"`, `"extractor"`.
        flag: an attribute of their descriptors, like `"starter"`.
        host: where to look; the default host if None.
    """
    components = (host or default_host()).components(kind)
    return [component for component in components if getattr(component.spec, flag, False)]


def the_one_offering(kind: str, flag: str, advice: str, *, host: PluginHost | None = None) -> str:
    """The qualified name of the only component of a kind whose descriptor sets a flag.

    Of several, ganzoo's own wins, with a warning.

    Raises:
        UsageError: there is none, or several of which none is ganzoo's own; the message is the
            advice and their names.
    """
    found = offering(kind, flag, host=host)
    if len(found) == 1:
        return found[0].qualified_name

    # Several, of which one may be ganzoo's own.
    own = _built_in(found)
    offered = sorted(component.qualified_name for component in found)
    if own is None:
        known = offered or names(kind, host=host) or ["none is installed"]
        raise UsageError(f"{advice}: {', '.join(known)}")
    message = f"{' and '.join(offered)} all offer themselves as the {kind} to use by default; "
    warnings.warn(GanzooWarning(f"{message}{own.qualified_name} is used. {advice}"), stacklevel=2)
    return own.qualified_name


def load_command(component: Component) -> Any:
    """The click command that a plugin adds.

    Raises:
        PluginError: its descriptor names something else.
    """
    import click

    with blame(component):
        command = _load(component.spec.factory)
    if not isinstance(command, click.Command):
        raise PluginError(
            f"{component.spec.factory} of {component.provider} is a {type(command).__name__}, "
            "and should be a click.Command"
        )
    return command


def build(component: Component, options: Options) -> Any:
    """Call the component's factory with validated options.

    An exception of the factory keeps its type and gains a note that names the distribution.

    Raises:
        PluginError: the factory returns something else than its kind promises.
    """
    with blame(component):
        made = _load(component.spec.factory)(options)
    expected = _load(f"ganzoo.interfaces.{KINDS[component.spec.kind].interface}")
    if not isinstance(made, expected):
        raise PluginError(
            f"{component.spec.factory} of {component.provider} made a {type(made).__name__}, "
            f"which is no ganzoo {component.spec.kind}"
        )
    return made


_WITHOUT_THEIR_OWN: dict[str, type[Options]] = {
    "penalty": PenaltyOptions,
    "constraint": ConstraintOptions,
}
"""The options of a component that declares none, where its kind has some."""


def options_model(component: Component) -> type[Options]:
    """The pydantic model of a component's options."""
    if not component.spec.options:
        return _WITHOUT_THEIR_OWN.get(component.spec.kind, NoOptions)
    with blame(component):
        model = _load(component.spec.options)
    if not (isinstance(model, type) and issubclass(model, Options)):
        raise PluginError(
            f"{component.spec.options} of {component.provider} is no subclass of ganzoo.Options"
        )
    if "name" in model.model_fields:
        raise PluginError(
            f"{component.spec.options} of {component.provider} has a field called 'name', which "
            "in a config is the component's own; call it something else"
        )
    return model


def validate_options(component: Component, options: Mapping[str, Any]) -> Options:
    """Check options against their model.

    Raises:
        UsageError: one line for each key that is unknown or out of range.
    """
    model = options_model(component)
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        kind = KINDS[component.spec.kind]
        prefix = f"{kind.section}." + (f"{component.spec.name}." if kind.several else "")
        hint = f"`ganzoo show {component.spec.kind} {component.spec.name}` explains them."
        raise UsageError(explain(error, model.model_fields, prefix) + f"\n{hint}") from None


@cache
def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def _unknown(kind: str, name: str, host: PluginHost) -> str:
    """Why a name finds nothing, with what is close, and what could not be loaded."""
    plural = LISTED[kind].plural
    known = names(kind, host=host)
    listing = f"`ganzoo list {plural}` shows all {len(known)}." if known else "None is installed."
    words = [c.qualified_name for c in host.components(kind)] if "/" in name else known
    message = f"no {kind} named '{name}'.{did_you_mean(name, words)} {listing}"
    disabled = [record.plugin_id for record in host.records if record.status == "disabled"]
    if disabled:
        message += f"\nPlugins switched off: {', '.join(disabled)}."
    if host.failed:
        failures = "; ".join(f"{record.plugin_id} ({record.error})" for record in host.failed)
        message += f"\nPlugins that could not be loaded: {failures}. See `ganzoo plugins`."
    return message


@contextmanager
def blame(component: Component) -> Iterator[None]:
    """Add a note naming the distribution to whatever a plugin's code raises."""
    try:
        yield
    except Exception as error:
        _add_note(error, component)
        raise
    except SystemExit as error:  # would end the program without a word
        raise _exited(error, component) from error


@contextmanager
def blame_by_trace(components: Iterable[Component], *, may_exit: bool = False) -> Iterator[None]:
    """Like `blame` for several plugins: names the one whose code raised the exception.

    Args:
        components: whose code may run in the block.
        may_exit: let `sys.exit` end the program, as in a command.

    Raises:
        PluginError: a plugin called `sys.exit`.
        GanzooError: code of another package called it.
    """
    try:
        yield
    except Exception as error:
        if (component := _raised_by(error, components)) is not None:
            _add_note(error, component)
        raise
    except SystemExit as error:
        if may_exit:
            raise
        raise _exited(error, _raised_by(error, components)) from error


def _raised_by(error: BaseException, components: Iterable[Component]) -> Component | None:
    """The component whose code raised an error, the innermost of several, or broke the contract."""
    by_package = {c.spec.factory.split(".")[0].split(":")[0]: c for c in components}
    modules = [frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__)]
    if isinstance(error, PluginError):
        modules.append(error.module)
    packages = [str(module).split(".")[0] for module in modules]
    guilty = [by_package[package] for package in packages if package in by_package]
    return guilty[-1] if guilty else None


def _exited(error: SystemExit, component: Component | None) -> GanzooError:
    """The error in the place of `sys.exit`, which would end a run without a word."""
    call = f"sys.exit({error.code!r})"
    if component is None:
        return GanzooError(f"the program was ended by {call}, in code that is no plugin's")
    spec = component.spec
    return PluginError(f"the {spec.kind} '{spec.name}' of {component.provider} called {call}")


def _add_note(error: Exception, component: Component) -> None:
    """Note who raised an error, unless that is noted: the innermost knows best."""
    note = f"raised by the {component.spec.kind} '{component.spec.name}' of {component.provider}"
    if isinstance(error, PluginError):
        error.raised_by = error.raised_by or note
    elif not hasattr(error, "__notes__"):
        error.add_note(note)
