"""The plugin host: finds installed plugins, loads each by itself and remembers what went wrong.

It knows entry points and descriptors, not what components do. A broken plugin does not affect the
others: its `PluginRecord` keeps the error, which is reported when someone needs the plugin.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import os
import re
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import pluggy
from packaging.requirements import InvalidRequirement, Requirement

from ganzoo.discovery import hookspecs
from ganzoo.discovery.specs import HOOK_API_VERSION, PROVIDED, ComponentSpec
from ganzoo.errors import PluginError

DISTRIBUTION = "gan-zoo"
UNKNOWN = "(unknown distribution)"

Status = Literal["loaded", "failed", "disabled"]


@dataclass(frozen=True)
class Component:
    """A descriptor together with the plugin that provides it."""

    spec: ComponentSpec
    plugin: PluginRecord

    @property
    def qualified_name(self) -> str:
        """`distribution/name`, which is unique."""
        return f"{self.plugin.distribution}/{self.spec.name}"

    def answers_to(self, name: str) -> bool:
        """Whether this is its name or its qualified name."""
        distribution, slash, short = name.rpartition("/")
        return short == self.spec.name and (not slash or self.plugin.is_from(distribution))

    @property
    def provider(self) -> str:
        """`"acme-gan 1.2"`: the distribution and its version."""
        return f"{self.plugin.distribution} {self.plugin.version}".strip()


@dataclass(eq=False)
class PluginRecord:
    """The result of loading one entry point.

    Attributes:
        name: of the entry point.
        value: the module it names.
        distribution: the installed distribution that declares it.
        version: of that distribution.
        status: `"loaded"`, `"failed"` or `"disabled"`.
        error: what went wrong, one line; empty unless failed.
        components: what it provides; empty unless loaded.
        seconds: the time it took to load, or to fail.
    """

    name: str
    value: str
    distribution: str
    version: str
    status: Status = "loaded"
    error: str = ""
    components: list[Component] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def plugin_id(self) -> str:
        """`distribution:name`, the name it is registered under."""
        return f"{self.distribution}:{self.name}"

    @property
    def outcome(self) -> str:
        """The result in one line: `"loss hinge"`, the error, or "switched off"."""
        if self.status == "failed":
            return self.error
        if self.status == "disabled":
            return "switched off"
        parts = []
        for kind in PROVIDED:
            names = [c.spec.name for c in self.components if c.spec.kind == kind.name]
            if names:
                word = kind.name if len(names) == 1 else kind.plural
                parts.append(f"{word} {', '.join(names)}")
        return "; ".join(parts) or "provides nothing"

    def matches(self, pattern: str) -> bool:
        """Whether this names the entry point or its distribution."""
        return _canonical(pattern) == _canonical(self.name) or self.is_from(pattern)

    def is_from(self, distribution: str) -> bool:
        """Whether this distribution declares it; spelling is normalized as in PEP 503."""
        return _canonical(distribution) == _canonical(self.distribution)


class PluginHost:
    """Loads plugins and keeps their components.

    Args:
        entry_points: where to look; every installed entry point of the group `ganzoo` by default.
        disabled: names of entry points or distributions to leave out.
        only: names of the only ones to import, if given.
        strict: raise at the first plugin that fails instead of recording the error.
        trace: print a line for each plugin on stderr: what it provides, its module, its time.

    Attributes:
        records: the result of loading each entry point, ganzoo's own first.

    Raises:
        PluginError: in strict mode, naming the plugin and its distribution.
    """

    def __init__(
        self,
        entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
        *,
        disabled: Sequence[str] = (),
        only: Sequence[str] | None = None,
        strict: bool = False,
        trace: bool = False,
    ) -> None:
        # Where to look.
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        if entry_points is None:
            entry_points = importlib.metadata.entry_points(group=hookspecs.PROJECT)

        # Load each plugin by itself; the metadata of a distribution is read once for all of its.
        self._requirements = cache(_requirements_on_ganzoo)
        self._version = cache(importlib.metadata.version)
        named = cache(_named)
        self.records: list[PluginRecord] = []
        seen: set[tuple[str, str, str]] = set()
        recorded = [(PluginRecord(e.name, e.value, *named(e.dist)), e) for e in entry_points]
        recorded.sort(key=lambda pair: not pair[0].is_from(DISTRIBUTION))  # a copy comes second
        for record, entry_point in recorded:
            key = (_canonical(record.distribution), record.name, record.value)
            if key in seen:  # stale metadata beside fresh: the same plugin twice
                continue
            seen.add(key)
            self.records.append(record)
            if any(map(record.matches, disabled)) or (
                only is not None and not any(map(record.matches, only))
            ):
                record.status = "disabled"
            else:
                self._load(record, entry_point)
            if trace:
                sys.stderr.write(_trace_line(record))
            if strict and record.status == "failed":
                raise PluginError(f"plugin {record.plugin_id}: {record.error}")
        self._warn_of_unmatched([*disabled, *(only or ())])

    def components(self, kind: str) -> list[Component]:
        """Every component of a kind (`"architecture"`, `"loss"`, …) that could be loaded."""
        return [
            component
            for record in self.records
            for component in record.components
            if component.spec.kind == kind
        ]

    @property
    def failed(self) -> list[PluginRecord]:
        """The plugins that could not be loaded."""
        return [record for record in self.records if record.status == "failed"]

    def _load(self, record: PluginRecord, entry_point: importlib.metadata.EntryPoint) -> None:
        """Import one plugin and collect its descriptors, or record why that failed."""
        start = time.perf_counter()
        try:
            with _attributed_output(record.plugin_id):
                self._check_requirements(record, entry_point.dist)
                module = entry_point.load()
                if (loaded := self._manager.get_name(module)) is not None:
                    raise PluginError(f"its module {record.value} is that of {loaded} too")
                self._manager.register(module, name=record.plugin_id)
                self._check_hooks(module)
                record.components = self._collect(record, module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit() on import
            record.status = "failed"
            record.error = _one_line(error)
            # pluggy leaves a plugin whose verification failed half registered
            self._manager.unregister(name=record.plugin_id)
        record.seconds = time.perf_counter() - start

    def _check_requirements(
        self, record: PluginRecord, dist: importlib.metadata.Distribution | None
    ) -> None:
        """Refuse a plugin whose requirement on ganzoo is not met: pip lets a host outgrow it."""
        if dist is None:
            return
        if record.distribution == UNKNOWN:
            raise PluginError(
                f"the metadata beside its entry point in {dist.locate_file('')} is missing, as "
                "after an installation that was cut short; install it again, or remove what is "
                "left of it"
            )
        for requirement in self._requirements(dist):
            ours = self._version(DISTRIBUTION)
            if not requirement.specifier.contains(ours, prereleases=True):
                raise PluginError(
                    f"{record.distribution} {record.version} needs {requirement.name}"
                    f"{requirement.specifier}, and {ours} is installed; "
                    # both, for either may be the older one
                    f"try `pip install -U {record.distribution} {DISTRIBUTION}`"
                )

    def _check_hooks(self, module: object) -> None:
        """Refuse hooks that do not exist, unless they are marked `optionalhook=True`."""
        known = [name for name in vars(hookspecs) if name.startswith(f"{hookspecs.PROJECT}_")]
        for caller in self._manager.get_hookcallers(module) or ():
            impls = [impl for impl in caller.get_hookimpls() if impl.plugin is module]
            if not caller.has_spec() and not all(impl.optionalhook for impl in impls):
                close = difflib.get_close_matches(caller.name, known, n=1, cutoff=0.8)
                hint = (
                    f"did you mean {close[0]}?" if close else f"try `pip install -U {DISTRIBUTION}`"
                )
                raise PluginError(
                    f"it implements {caller.name}, a hook that this ganzoo does not have; {hint}"
                )
        self._manager.check_pending()

    def _collect(self, record: PluginRecord, module: object) -> list[Component]:
        """Call the plugin's own hook implementations, and check what they return."""
        components = []
        for kind in PROVIDED:
            caller = getattr(self._manager.hook, kind.hook)
            for implementation in caller.get_hookimpls():
                if implementation.plugin is not module:
                    continue
                specs = implementation.function()
                if not isinstance(specs, Iterable):
                    raise PluginError(f"{kind.hook} must yield {kind.spec.__name__}, got {specs!r}")
                for spec in specs:
                    _check_descriptor(spec, kind.spec, kind.hook)
                    components.append(Component(spec, record))
        _check_unique(components)
        return components

    def _warn_of_unmatched(self, patterns: Iterable[str]) -> None:
        for pattern in patterns:
            if not any(record.matches(pattern) for record in self.records):
                warnings.warn(
                    f"no installed plugin or distribution is called '{pattern}'; "
                    "`ganzoo plugins` shows them all",
                    stacklevel=3,
                )


_loading: ContextVar[bool] = ContextVar("loading", default=False)
"""Whether the default host is being made, so that a plugin that requests it is refused."""


@cache
def default_host() -> PluginHost:
    """The host of all installed plugins, made once.

    `GANZOO_DISABLE_PLUGINS` and `GANZOO_LOAD_PLUGINS` hold comma-separated names of entry points
    or distributions; `GANZOO_STRICT_PLUGINS=1` raises if a plugin fails, and
    `GANZOO_TRACE_PLUGINS=1` prints on stderr what was loaded, from where and how long it took.

    Raises:
        PluginError: a plugin fails in strict mode, or calls this while it is being loaded.
    """
    if _loading.get():
        raise PluginError(
            "it requested the installed plugins while they were being loaded; "
            "a component may do so when it is used"
        )
    only = _words(os.environ.get("GANZOO_LOAD_PLUGINS", ""))
    token = _loading.set(True)
    try:
        return PluginHost(
            disabled=_words(os.environ.get("GANZOO_DISABLE_PLUGINS", "")),
            only=only or None,
            strict=_is_on("GANZOO_STRICT_PLUGINS"),
            trace=_is_on("GANZOO_TRACE_PLUGINS"),
        )
    finally:
        _loading.reset(token)


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _canonical(name: str) -> str:
    """PEP 503's normal form, so that `acme_gan` and `Acme-GAN` are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


@contextmanager
def _attributed_output(plugin_id: str) -> Iterator[None]:
    """While a plugin loads, send its prints to stderr and put its name before its warnings.

    A program may be reading stdout: `ganzoo list | grep`, or the shell that completes a name.
    """
    show = warnings.showwarning

    def named(message: Warning | str, *args: Any, **kwargs: Any) -> None:
        show(f"plugin {plugin_id}: {message}", *args, **kwargs)

    warnings.showwarning = named
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        warnings.showwarning = show


def _trace_line(record: PluginRecord) -> str:
    return (
        f"{record.plugin_id} {record.version} ({record.value}) {record.status} "
        f"in {1000 * record.seconds:.1f} ms: {record.outcome}\n"
    )


def _one_line(error: BaseException) -> str:
    """The error's type, unless it is ganzoo's own, and the first line that says something."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # an error of the error must not take the host down
        lines = ["(its message cannot be read)"]
    kind = [] if isinstance(error, PluginError) else [type(error).__name__]
    return ": ".join([*kind, *lines[:1]])


def _named(dist: importlib.metadata.Distribution | None) -> tuple[str, str]:
    """Name and version of a distribution."""
    try:
        name, version = (dist.name, dist.version) if dist else (UNKNOWN, "")
    except Exception:  # how absent metadata shows depends on the version of Python
        name, version = UNKNOWN, ""
    return name or UNKNOWN, version or ""


def _requirements_on_ganzoo(dist: importlib.metadata.Distribution) -> list[Requirement]:
    """What a distribution requires of ganzoo in this environment."""
    found = []
    for text in dist.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if _canonical(requirement.name) != DISTRIBUTION:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            found.append(requirement)
    return found


def _check_descriptor(spec: Any, expected: type[ComponentSpec], hook: str) -> None:
    if not isinstance(spec, expected):
        raise PluginError(f"{hook} must yield {expected.__name__}, got {spec!r}")
    if spec.api_version > HOOK_API_VERSION:
        raise PluginError(
            f"'{spec.name}' is written for hook API {spec.api_version}, this ganzoo has "
            f"{HOOK_API_VERSION}; try `pip install -U {DISTRIBUTION}`"
        )


def _check_unique(components: list[Component]) -> None:
    seen = set()
    for component in components:
        key = (component.spec.kind, component.spec.name)
        if key in seen:
            raise PluginError(f"the {key[0]} '{key[1]}' is described twice")
        seen.add(key)
