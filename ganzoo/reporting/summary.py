"""Summary: what one run's files say of it in numbers, however damaged it is. Reads no weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from ganzoo.errors import GanzooError
from ganzoo.run import Run
from ganzoo.run.journal import BEGINNINGS, is_number

Number = dict[str, Any]
"""One line of `evaluations.jsonl`: see `ganzoo.evaluation.results.Result`."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One run in numbers.

    Attributes:
        path: the run directory.
        state: as `Run.state`, or `"damaged"`.
        error: why it is damaged; empty where it is not.
        settings: every setting by its dotted name.
        step: the last step it is known to have reached.
        steps: the steps it was to make; None where that cannot be read.
        seconds: from the first to the last word of each session, added up.
        images_per_second: the median of the log.
        evaluations: the latest number of each name.
    """

    path: Path
    state: str
    error: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0
    steps: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    evaluations: Mapping[str, Number] = field(default_factory=dict)


def summarize(run: Run) -> Summary:
    """Sum up a run; a config that cannot be read makes it damaged, and hides nothing else."""
    lines, settings, error = run.metrics(), {}, ""
    try:
        settings = dict(flattened(run.config.model_dump(mode="json", exclude_none=True)))
    except GanzooError as failure:
        error = str(failure)
    speeds = finite_values(lines, "images_per_second")
    return Summary(
        path=run.path,
        state="damaged" if error else run.state,
        error=error,
        settings=settings,
        step=max([int(line["step"]) for line in lines[-1:]] + run.steps[-1:], default=0),
        steps=settings.get("training.steps"),
        seconds=_seconds(run.events()),
        images_per_second=median(speeds) if speeds else None,
        evaluations={number["name"]: number for number in run.evaluations()},
    )


def finite_values(lines: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """The finite values of one name of the log."""
    return [float(line[name]) for line in lines if is_number(line.get(name))]


def flattened(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Leaves of nested tables by their dotted names."""
    leaves: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            leaves += flattened(value, f"{prefix}{key}.")
        else:
            leaves.append((f"{prefix}{key}", value))
    return leaves


def as_text(value: object) -> str:
    """A setting as TOML has it, or nearly."""
    return value if isinstance(value, str) else json.dumps(value)


def _seconds(events: Sequence[Mapping[str, Any]]) -> float | None:
    sessions: list[list[datetime]] = []
    for event in events:
        if event.get("event") in BEGINNINGS:
            sessions.append([])
        with suppress(KeyError, TypeError, ValueError):
            moment = datetime.fromisoformat(event["time"])
            if sessions:
                sessions[-1].append(moment)
    spans = [(times[-1] - times[0]).total_seconds() for times in sessions if times]
    return sum(spans) if spans else None
