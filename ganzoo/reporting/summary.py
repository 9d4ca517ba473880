"""Summary: one run in numbers, from its config, log, journal and evaluations; damaged runs too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from ganzoo.errors import GanzooError
from ganzoo.run import Run
from ganzoo.run.journal import BEGINNINGS, is_number, read_not_measured

Number = dict[str, Any]
"""One line of `evaluations.jsonl`: see `ganzoo.evaluation.results.Result`."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One run in numbers.

    Attributes:
        path: the run directory.
        state: as `Run.state`, or `"damaged"`.
        error: why the config cannot be read; empty if it can.
        settings: every setting by its dotted name.
        step: the last step in the log or of a checkpoint.
        length: how long it is to train, in words; empty if the config cannot be read.
        seconds: from the first to the last event of each session, added up.
        images_per_second: median of the log.
        evaluations: the latest number of each metric, by name.
        not_measured: for each metric that could not be measured, the reason.
    """

    path: Path
    state: str
    error: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0
    length: str = ""
    seconds: float | None = None
    images_per_second: float | None = None
    evaluations: Mapping[str, Number] = field(default_factory=dict)
    not_measured: Mapping[str, str] = field(default_factory=dict)


def summarize(run: Run) -> Summary:
    """Summarize a run; if the config cannot be read, the state is `"damaged"`."""
    # Settings.
    settings, length, error = {}, "", ""
    try:
        settings = dict(flattened(run.config.model_dump(mode="json", exclude_none=True)))
        length = run.config.training.length
    except GanzooError as failure:
        error = str(failure)

    # Progress.
    lines = run.metrics()
    logged = int(lines[-1]["step"]) if lines else 0
    saved = run.steps[-1] if run.steps else 0
    speed = "images_per_second"
    speeds = [float(line[speed]) for line in lines if is_number(line.get(speed))]

    return Summary(
        path=run.path,
        state="damaged" if error else run.state,
        error=error,
        settings=settings,
        step=max(logged, saved),
        length=length,
        seconds=_seconds(run.events()),
        images_per_second=median(speeds) if speeds else None,
        evaluations={number["name"]: number for number in run.evaluations()},
        not_measured=read_not_measured(run.directory.evaluations),
    )


def flattened(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Flatten nested tables to pairs of dotted name and value."""
    leaves: list[tuple[str, Any]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            leaves += flattened(value, f"{prefix}{key}.")
        else:
            leaves.append((f"{prefix}{key}", value))
    return leaves


def as_text(value: object) -> str:
    """Format a setting: text as it is, other values as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _seconds(events: Sequence[Mapping[str, Any]]) -> float | None:
    """Add up the time of all sessions; None if no event has a time."""
    sessions: list[list[datetime]] = []
    for event in events:
        if event.get("event") in BEGINNINGS:
            sessions.append([])
        with suppress(KeyError, TypeError, ValueError):
            time = datetime.fromisoformat(event["time"])
            if sessions:
                sessions[-1].append(time)
    steps = [pairwise(times) for times in sessions if times]
    if not steps:
        return None
    # A clock that was set back counts as none for that interval.
    return sum(max(0.0, (b - a).total_seconds()) for pairs in steps for a, b in pairs)
