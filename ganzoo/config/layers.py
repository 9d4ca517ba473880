"""Layers of settings (flags, a file, a paper, defaults) merged, each value with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ganzoo.config.run_config import NONE, SECTIONS, SEVERAL, KeyPath, RunConfig
from ganzoo.errors import UsageError, did_you_mean, setting, shown
from ganzoo.interfaces.options import in_lines, key_of

DEEPEST = 32
"""Levels of tables and lists in a config."""


class Layer(NamedTuple):
    """Settings from one origin, as a nested tree."""

    origin: str
    tree: Mapping[str, Any]


class ConfigTree:
    """Layers merged: the first one added wins. Each value keeps its origin."""

    def __init__(self) -> None:
        self.values: dict[KeyPath, Any] = {}
        self.origins: dict[KeyPath, str] = {}
        self._layers: list[str] = []
        self._tables: set[KeyPath] = set()
        self._named: dict[str, dict[str, None]] = {section: {} for section in SEVERAL}

    def add(self, layer: Layer) -> None:
        """Add the values that no earlier layer has set.

        Raises:
            UsageError: the layer is nested too deep.
        """
        check_depth(layer.tree, layer.origin)
        self._layers.append(layer.origin)

        # Names of components; after `none`, those of weaker layers do not count.
        closed = {section for section, names in self._named.items() if NONE in names}
        tree = {k: _tables(k, v) for k, v in layer.tree.items() if k not in closed}
        layer = layer._replace(tree=tree)
        for section, tables_of in self._named.items():
            tables = layer.tree.get(section)
            if isinstance(tables, Mapping):  # else `validate` will say what it should be
                tables_of.update(dict.fromkeys(map(str, tables)))

        # Values.
        leaves = dict(_leaves(layer.tree))
        for path, value in leaves.items():
            named = (path[0], "name")
            if self.values.get(named, leaves.get(named)) != leaves.get(named, self.get(*named)):
                continue  # options of a component that an earlier layer replaced by another
            # A value of a stronger layer takes the place of a whole table, and a table of a value.
            above = [path[:depth] for depth in range(1, len(path))]
            if path in self._tables and path[0] in SECTIONS and not above:  # would be ignored
                given = f"{shown(value)} (from {layer.origin})"
                raise UsageError(f"'{path[0]}' is {given}, but should be a table")
            if path in self._tables or any(p in self.values for p in (*above, path)):
                continue
            self._tables.update(above)
            self.override(path, value, layer.origin)

    def override(self, path: KeyPath, value: Any, origin: str) -> None:
        """Replace a value by the one it was resolved to."""
        self.values[path] = value
        self.origins[path] = origin

    def drop(self, path: KeyPath) -> None:
        """Forget a value that was resolved into another."""
        del self.values[path], self.origins[path]

    def settle(self, prefix: KeyPath, values: Mapping[str, Any], origin: str) -> None:
        """Store validated values: those set already keep their origin, the others get this one."""
        for path, value in _leaves(values, prefix):
            self.values[path] = value
            self.origins.setdefault(path, origin)

    def get(self, *path: str) -> Any:
        """The value at a path, or None."""
        return self.values.get(path)

    def named(self, section: str) -> list[str]:
        """Names of the penalties or observers in the layers, in order."""
        return [name for name in self._named[section] if name != NONE]

    def options(self, *prefix: str) -> dict[str, Any]:
        """The options below a path: everything but the component's name."""
        table: Any = self.nested()
        for key in prefix:
            table = table.get(key, {})
        return {key: value for key, value in table.items() if key != "name"}

    def validate(self) -> RunConfig:
        """Validate everything as a `RunConfig`.

        Raises:
            UsageError: one line for each key that is unknown, missing or out of range, with the
                value, its origin and what is allowed.
        """
        try:
            return RunConfig.model_validate(self.nested())
        except ValidationError as error:
            raise UsageError(in_lines(error, self._explain)) from None

    def nested(self) -> dict[str, Any]:
        """The values as one tree of plain dicts."""
        tree: dict[str, Any] = {
            section: {name: {} for name in named} for section, named in self._named.items()
        }
        for path, value in self.values.items():
            table = tree
            for key in path[:-1]:
                table = table.setdefault(key, {})
            table[path[-1]] = value
        return tree

    def _explain(self, detail: ErrorDetails, allowed: str) -> str:
        # Where the value came from.
        path, key = tuple(str(part) for part in detail["loc"]), key_of(detail)
        above = [o for p, o in self.origins.items() if p == path[: len(p)]]
        below = [o for p, o in self.origins.items() if path == p[: len(path)]]
        given = "".join(f" (from {origin})" for origin in (above or below)[:1])

        # What is wrong with it.
        if detail["type"] == "extra_forbidden":
            known = _known_keys(path[:-1])
            return (
                f"no setting '{key}'{given}.{did_you_mean(path[-1], known)} "
                f"Allowed here: {', '.join(known)}."
            )
        if detail["type"] == "missing" and isinstance(detail["loc"][-1], str):
            asked = [o for o in dict.fromkeys(self._layers) if not o.startswith("ganzoo")]
            return (
                f"'{path[0]}' is missing: choose one with {setting(path[0], 'NAME')}; "
                f"`ganzoo list` shows the names. It is not in {' or '.join(asked)}."
            )
        if allowed == "should be a table":
            allowed += f": [{key}] and its keys below, or {key}.KEY = VALUE"
        if isinstance(detail["input"], Mapping) and not allowed.startswith("should be a table"):
            return f"[{key}]{given} {allowed}."  # several settings of a table together
        return f"'{key}' is {shown(detail['input'])}{given}, but {allowed}."


def _known_keys(path: KeyPath) -> list[str]:
    model: type[BaseModel] = RunConfig
    for key in path:
        annotation = model.model_fields[key].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return sorted(model.model_fields)


def check_depth(value: object, origin: str, depth: int = 0) -> None:
    """Refuse a tree whose tables and lists are nested deeper than any setting is.

    Raises:
        UsageError: names the origin.
    """
    if depth > DEEPEST:
        raise UsageError(f"{origin} is nested too deep: tables and lists have {DEEPEST} levels")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for member in value:
            check_depth(member, origin, depth + 1)


def _tables(section: str, value: Any) -> Any:
    """Names alone as tables, where there may be several: `penalty = "r1"`; a model too."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True)
    names = [value] if isinstance(value, str) else value
    if section not in SEVERAL or not isinstance(names, list) or not names:
        return value
    return {n: {} for n in names} if all(isinstance(n, str) for n in names) else value


def _leaves(tree: Mapping[str, Any], prefix: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in tree.items():
        path = (*prefix, str(key))
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif path in (("arch",), ("loss",), ("data",)):  # arch = "dcgan" is short for its name
            yield (*path, "name"), value
        else:
            yield path, value


def tree_of(path: KeyPath, value: Any) -> dict[str, Any]:
    """`("arch", "latent_dim"), 64` as `{"arch": {"latent_dim": 64}}`."""
    for key in reversed(path):
        value = {key: value}
    return value  # type: ignore[no-any-return]


def differences(before: RunConfig, now: RunConfig) -> dict[KeyPath, tuple[Any, Any]]:
    """The settings in which two configs differ, with both values; None where one lacks it."""
    first, second = (
        dict(_leaves(config.model_dump(mode="json", exclude_none=True))) for config in (before, now)
    )
    return {
        path: (first.get(path), second.get(path))
        for path in first | second
        if first.get(path) != second.get(path)
    }
