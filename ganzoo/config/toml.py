"""TOML: config files read and written, and `section.key=value` parsed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Table

from ganzoo.config.layers import DEEPEST, ConfigTree, Layer
from ganzoo.config.run_config import KeyPath, RunConfig
from ganzoo.errors import UsageError, reading

LARGEST = 2**20
"""Bytes of a config. Those of people have a few thousand."""

_KEY_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')\s*+\.\s*+"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_KEY_PART}){{{DEEPEST + 1}}}")
"""A key of more parts than a config has levels: tomllib's time grows with the square of them."""


def parse_assignment(text: str) -> tuple[KeyPath, Any]:
    """`"arch.base_channels=32"` as a path and a value; the value is read as TOML if it can be.

    Raises:
        UsageError: it has no `=` or no section.
    """
    key, equals, value = text.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or len(path) < 2 or not all(path):
        raise UsageError(f"'{text}' should be section.key=value, like arch.latent_dim=64")
    try:
        with reading(f"the value of '{key}'", UsageError, passing=tomllib.TOMLDecodeError):
            read = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return path, value.strip()
    if isinstance(read, (date, time)):  # no option is a date, but a folder may have its name
        return path, value.strip()
    return path, read


def read_toml(file: Path) -> Layer:
    """A config file as a layer.

    Raises:
        UsageError: the file is missing, unreadable or not TOML; the message gives the line.
    """
    with reading(f"the config {file}", UsageError):
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        text = content.decode("utf-8")
    if len(content) > LARGEST:
        raise UsageError(f"{file} is larger than a config may be, {LARGEST:,} bytes")
    return parse_toml(text, str(file))._replace(origin=file.name)


def parse_toml(text: str, origin: str) -> Layer:
    """The text of a config as a layer.

    Raises:
        UsageError: it is not TOML; the message gives the line.
    """
    if key := _LONG_KEY.search(text):
        line = text.count("\n", 0, key.start()) + 1
        raise UsageError(
            f"{origin}, line {line}: a key of more than {DEEPEST} parts, which no setting has"
        )
    try:
        with reading(origin, UsageError, passing=tomllib.TOMLDecodeError):
            return Layer(origin, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{origin} is not valid TOML: {error}") from None


def to_toml(config: RunConfig, origins: Mapping[KeyPath, str]) -> str:
    """The config as TOML; a comment at each value gives its origin."""
    document = tomlkit.document()
    document.add(tomlkit.comment("The whole config of the run: `ganzoo train --config` takes it."))
    _write_table(document, config.model_dump(mode="json", exclude_none=True), origins, ())
    return tomlkit.dumps(document)


def changed_toml(text: str, changes: Mapping[KeyPath, Any], origin: str) -> str:
    """Replace some values in the text of a config; other values keep their comments."""
    document: Any = tomlkit.parse(text)
    for path, value in changes.items():
        table = _table_at(document, path[:-1])
        if value is None:
            table.pop(path[-1], None)
            if isinstance(table, Table) and table.is_super_table() and not table:
                # Of a dotted key, it would not be written.
                _table_at(document, path[:-2])[path[-2]] = tomlkit.inline_table()
            continue
        item = tomlkit.item(value)
        if not isinstance(table, InlineTable):  # which has no room for a comment
            item.comment(f"from {origin}")
        table[path[-1]] = item
    return tomlkit.dumps(document)


def _table_at(table: Any, path: KeyPath) -> Any:
    """The table at a path, made if it is not there; `arch = "dcgan"` is short for its name."""
    for key in path:
        if isinstance(table.get(key), str):
            short = tomlkit.inline_table()
            table[key] = short.append("name", str(table[key]))
        table = table.setdefault(key, tomlkit.table())
    return table


def _write_table(
    table: tomlkit.TOMLDocument | tomlkit.items.Table,
    values: Mapping[str, Any],
    origins: Mapping[KeyPath, str],
    prefix: KeyPath,
) -> None:
    for key, value in values.items():
        path = (*prefix, key)
        if isinstance(value, Mapping):
            child = tomlkit.table()
            _write_table(child, value, origins, path)
            table.add(key, child)
            continue
        item = tomlkit.item(value)
        item.comment(f"from {origins.get(path, 'ganzoo')}")
        table.add(key, item)


def load_config(file: Path) -> RunConfig:
    """The complete config of a finished or running run.

    Raises:
        UsageError: it is missing or was changed into something invalid.
    """
    tree = ConfigTree()
    tree.add(read_toml(file)._replace(origin=str(file)))
    return tree.validate()
