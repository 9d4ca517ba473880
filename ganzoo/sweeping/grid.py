"""Grid: the cells of a sweep, from lists of values. Each cell is the config of one run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import Field
from pydantic_core import to_jsonable_python

from ganzoo.config import SETTINGS, ConfigTree, Layer, RunConfig, read_toml, tree_of
from ganzoo.config.recipes import recipe_layer
from ganzoo.config.run_config import LENGTHS, NONE, SEVERAL
from ganzoo.config.schema import Section
from ganzoo.discovery import registry
from ganzoo.discovery.specs import KINDS
from ganzoo.errors import UsageError, did_you_mean, listed, setting, shown, whole
from ganzoo.interfaces.options import validated
from ganzoo.run.arguments import arguments_tree

Grid = Mapping[str, object]
"""Values by axis: `{"arch": ["dcgan", "vanilla"], "seed": [0, 1], "arch.width": [8, 16]}`."""

COMPONENTS = ("arch", "loss", "penalty", "augment", "constraint", "data")
AXES = ("recipe", *COMPONENTS)
"""Axes that are no settings, in the order in which names of cells show them."""

SEED = ".".join(SETTINGS["seed"])

MOST_CELLS = 10_000
LONGEST_NAME = 120


class Measuring(Section):
    """The table `[evaluate]`: how each run is evaluated after its training."""

    metrics: tuple[str, ...] = ()
    n: int = Field(10_000, ge=1)
    extractor: str | None = None


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Attributes:
        name: of its run directory; made of its values, so that other cells do not change it.
        tree: its config, of plain values.
        recipe: whose settings are weaker than the config.
    """

    name: str
    tree: Mapping[str, Any]
    recipe: str | None = None

    def toml(self) -> str:
        """The config as TOML; a sweep compares this text to see whether a cell has changed."""
        head = "" if self.recipe is None else f"# with the recipe {json.dumps(self.recipe)}\n"
        return head + tomlkit.dumps(self.tree)

    def layers(self) -> list[Layer]:
        """The layers to compose, as `ganzoo train` gets them."""
        layers = [Layer(f"{self.name}.toml", self.tree)]
        return layers if self.recipe is None else [*layers, recipe_layer(self.recipe)]


def read_sweep(file: Path) -> tuple[list[Grid], Layer, Measuring]:
    """Read a sweep file: a config with a table `[sweep]` (or several) and `[evaluate]`.

    Raises:
        UsageError: the file is no TOML, or has no grid.
    """
    layer = read_toml(file)
    tree = dict(layer.tree)
    grids, measuring = tree.pop("sweep", None), tree.pop("evaluate", {})
    if not isinstance(measuring, Mapping):
        raise UsageError(f"'evaluate' in {file} should be a table: [evaluate]")
    tables = [grids] if isinstance(grids, Mapping) else grids
    if not (isinstance(tables, list) and tables and all(isinstance(t, Mapping) for t in tables)):
        raise UsageError(
            f"{file} has no grid: add a table [sweep] with lists of values, such as "
            "loss = [NAME, NAME] and seed = [0, 1]"
        )
    return tables, layer._replace(tree=tree), validated(Measuring, measuring)


def make_cells(grids: Sequence[Grid], layers: Sequence[Layer], recipe: str | None) -> list[Cell]:
    """Combine all values of each grid; equal cells are one.

    Args:
        grids: their values win over the layers.
        layers: settings of all cells, the strongest first.
        recipe: of all cells, if it is no axis.

    Raises:
        UsageError: an axis or the name of a component is unknown, or there are no cells.
    """
    cells: dict[str, Cell] = {}
    for grid in grids:
        # Axes; the seed changes last, so that every combination is seen early.
        axes = _axes(grid)
        order = sorted(axes, key=lambda axis: axis != SEED)
        count = prod(map(len, axes.values()))
        if count > MOST_CELLS:
            raise UsageError(f"a grid has {count:,} cells; {MOST_CELLS:,} is the most")

        # Cells.
        for choice in product(*(axes[axis] for axis in order)):
            chosen = dict(zip(order, choice, strict=True))
            cell = _cell({axis: chosen[axis] for axis in axes}, layers, recipe)
            if cells.setdefault(cell.name, cell) != cell:
                cell = replace(cell, name=f"{cell.name}-{_digest(cell)}")
                cells[cell.name] = cell
    if not cells:
        raise UsageError("the sweep has no grid: name at least one axis, such as seed")
    return list(cells.values())


def _axes(grid: Grid) -> dict[str, list[Any]]:
    """The values of each axis, by its full name, in the order of names of cells."""
    axes = {}
    for axis, values in _flat(grid):
        known = (*AXES, *SETTINGS)
        section, dot, _ = axis.partition(".")
        if axis not in known and not (dot and section in RunConfig.model_fields):
            raise UsageError(
                f"a sweep has no axis '{axis}'.{did_you_mean(axis, known)} Axes are "
                f"{', '.join(AXES)}, every setting, such as seed, and every option, such as "
                "'arch.latent_dim'"
            )
        values = [values] if isinstance(values, Mapping) else [_plain(v) for v in listed(values)]
        if not values:
            raise UsageError(f"the axis '{axis}' of the sweep has no values")
        if None in values:
            raise UsageError(f"the axis '{axis}' has the value None: give another grid, without it")
        for value in values:
            _check_names(axis, value)
        name = ".".join(SETTINGS.get(axis, (axis,)))
        if name in axes:
            raise UsageError(f"the axis '{name}' of the sweep is given twice")
        axes[name] = values

    def rank(axis: str) -> tuple[int, bool, str]:
        return (AXES.index(axis) if axis in AXES else len(AXES), axis == SEED, axis)

    return {axis: axes[axis] for axis in sorted(axes, key=rank)}


def _plain(value: Any) -> Any:
    """A value of Python for one of NumPy or torch."""
    return value.tolist() if hasattr(value, "tolist") else value


def _flat(grid: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    """Axes of nested tables by dotted names: `arch.width = [8, 16]` is one in TOML."""
    axes: list[tuple[str, object]] = []
    for key, value in grid.items():
        if isinstance(value, Mapping) and value:
            axes += _flat(value, f"{prefix}{key}.")
        else:
            axes.append((f"{prefix}{key}", value))
    return axes


def _check_names(axis: str, value: object) -> None:
    """Refuse a name that nothing has: it would be a refusal of every cell."""
    if axis not in AXES:
        return
    kind = next((kind.name for kind in KINDS.values() if kind.section == axis), axis)
    names: list[object] = [value]
    if axis in SEVERAL and isinstance(value, (list, tuple, Mapping)):
        names = list(value)
    elif isinstance(value, Mapping):
        names = [value.get("name")]
    for name in names:
        if not isinstance(name, str):
            raise UsageError(f"the axis '{axis}' takes names, got {shown(value)}")
        if not (axis in SEVERAL and name == NONE):
            registry.find(kind, name)


def _cell(chosen: Mapping[str, Any], layers: Sequence[Layer], recipe: str | None) -> Cell:
    """The cell of one value of each axis."""
    # The grid's values as the strongest layers.
    components = {section: chosen.get(section) for section in COMPONENTS}
    strong = [
        Layer("the grid", tree_of(tuple(axis.split(".")), value))
        for axis, value in chosen.items()
        if axis not in AXES
    ]
    strong.append(Layer("the grid", arguments_tree(observer=None, settings={}, **components)))

    # One tree; of several lengths the strongest counts, and those of the grid together.
    tree, has_length = ConfigTree(), any(f"training.{unit}" in chosen for unit in LENGTHS)
    for layer in (*strong, *layers):
        training = layer.tree.get("training")
        if isinstance(training, Mapping) and layer not in strong:
            kept = {k: v for k, v in training.items() if not (has_length and k in LENGTHS)}
            has_length = has_length or any(unit in training for unit in LENGTHS)
            layer = layer._replace(tree={**layer.tree, "training": kept})
        tree.add(layer)
    plain = to_jsonable_python(tree.nested(), fallback=str)
    nested = {section: table for section, table in plain.items() if table != {}}

    # A name that is a folder's on any system.
    words = [_word(axis, value) for axis, value in chosen.items() if value not in ([], ())]
    name = re.sub(r"[^\w.+=]+", "-", "-".join(words)).strip("-.") or "run"
    cell = Cell(name, nested, chosen.get("recipe", recipe))
    if len(name) > LONGEST_NAME or name == "cells":
        cell = replace(cell, name=f"{name[:LONGEST_NAME]}-{_digest(cell)}")
    return cell


def _word(axis: str, value: Any) -> str:
    """A value in the name of a cell: `dcgan`, `r1+lecam`, `seed=0`."""
    match value:
        case str():
            word = value.rpartition("/")[2] if axis in AXES else value
        case Mapping():
            word = "+".join(f"{key}={v}" for key, v in value.items()).removeprefix("name=")
        case list() | tuple() if axis in SEVERAL:
            word = "+".join(map(str, value))
        case _:
            word = json.dumps(value, default=str)
    return word if axis in AXES else f"{axis.rpartition('.')[2]}={word}"


def _digest(cell: Cell) -> str:
    return hashlib.sha256(cell.toml().encode()).hexdigest()[:6]


def check_jobs(jobs: int | None, default: int) -> int:
    """Return the number of cells that are trained at a time.

    Raises:
        UsageError: it is less than 1 or more than 1024.
    """
    if jobs is not None and whole("jobs", jobs) > 1024:
        raise UsageError(f"{setting('jobs')} is {shown(jobs)}; it should be 1 to 1024")
    return default if jobs is None else jobs
