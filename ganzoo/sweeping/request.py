"""Request: what is to be swept, checked before anything is trained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config import Layer, RunConfig
from ganzoo.interfaces.options import validated
from ganzoo.run.arguments import arguments_tree, config_layers
from ganzoo.run.evaluating import Checked, check_measurable, check_metrics
from ganzoo.run.initializing import source_of
from ganzoo.run.plan import Plan, compose
from ganzoo.sweeping.grid import COMPONENTS, Cell, Grid, Measuring, make_cells, read_sweep


@dataclass(frozen=True)
class Request:
    """What is to be swept: cells, and how each is evaluated, with the metrics."""

    cells: Sequence[Cell]
    measuring: Measuring
    metrics: Sequence[Checked] = ()


def requested(
    grid: Grid | Sequence[Grid] | str | Path,
    *,
    config: RunConfig | Mapping[str, Any] | str | Path | None,
    recipe: str | None,
    measuring: Mapping[str, Any],
    settings: Mapping[str, Any],
    axes: Grid | None = None,
) -> Request:
    """Return the cells of a sweep, with `axes` added to each grid; otherwise see `sweep`."""
    # Settings of all cells, the strongest first.
    sections = (*COMPONENTS, "observer")
    plain = {name: value for name, value in settings.items() if name not in sections}
    components = {section: settings.get(section) for section in sections}
    layers = [Layer("arguments", arguments_tree(settings=plain, **components))]
    layers += config_layers(config)

    # The grids.
    of_file = Measuring()
    if isinstance(grid, (str, Path)):
        grid, layer, of_file = read_sweep(Path(grid))
        layers.append(layer)
    grids = [grid] if isinstance(grid, Mapping) else grid
    cells = make_cells([{**table, **(axes or {})} for table in grids], layers, recipe)

    # The evaluation.
    given = {name: value for name, value in measuring.items() if value is not None}
    chosen = validated(Measuring, of_file.model_dump() | given)
    return Request(cells, chosen, check_metrics(chosen.metrics, chosen.extractor))


def plan_of(
    cell: Cell,
    metrics: Sequence[Checked] = (),
    weakest: Sequence[Layer] = (),
    *,
    begun: bool = False,
) -> Plan:
    """Compose the plan of a cell, without its warnings: its own process shows them.

    Args:
        cell: to be trained.
        metrics: of its evaluation.
        weakest: layers below its own.
        begun: its run has begun, and no longer needs the run that it started from.

    Raises:
        GanzooError: it cannot be trained, or none of the metrics measures its images.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan = compose([*cell.layers(), *weakest])
        if not begun:
            source_of(plan.config.training)
    check_measurable(metrics, plan.image)
    return plan
