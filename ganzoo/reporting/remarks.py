"""Remarks of a comparison: what is missing, not comparable or not trained, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.errors import command
from ganzoo.reporting.summary import Summary
from ganzoo.sweeping.record import SweepDirectory

CONDITIONS = ("extractor_hash", "resizing", "reference", "reference_split", "n", "shape")
"""Facts that must be equal for two numbers of a metric to be comparable."""


def untrained(folder: Path) -> Iterator[str]:
    """Remarks on the cells of a sweep that were refused or have failed, by reason."""
    outcomes = SweepDirectory(folder).outcomes()
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, outcome in outcomes.items():
        if outcome.state != "finished":
            reasons.setdefault((outcome.state, str(outcome.message)), []).append(name)
    for (state, reason), names in reasons.items():
        yield f"{state}: {', '.join(names)}: {reason}"


def differ(key: str, tables: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether tables have different values of a key."""
    return len({json.dumps(table.get(key)) for table in tables}) > 1


def remarks_on(summaries: Sequence[Summary], metrics: Sequence[str]) -> tuple[str, ...]:
    """Remarks on runs and their metrics."""
    # Damaged runs.
    remarks = [
        f"{summary.path} is damaged: {summary.error}" for summary in summaries if summary.error
    ]

    # Numbers that are not comparable.
    at_other_steps = []
    for name in metrics:
        numbers = [s.evaluations[name] for s in summaries if name in s.evaluations]
        differing = [condition for condition in CONDITIONS if differ(condition, numbers)]
        if differing:
            remarks.append(
                f"The values of {name} cannot be compared: they were measured with another "
                f"{', '.join(differing)}. Evaluate the runs again in the same way"
            )
        if differ("step", numbers):
            at_other_steps.append(name)
        notes = {s.path: (s.evaluations.get(name, {}).get("notes") or {}) for s in summaries}
        remarks += [
            f"{name} of {path} makes it look better than it is: {note['biased']}"
            for path, note in notes.items()
            if "biased" in note
        ]
    if at_other_steps:
        names = ", ".join(at_other_steps)
        remarks.append(f"The values of {names} are of checkpoints of different steps")

    # Metrics that could not be measured, and the runs with the same reasons.
    reasons: dict[str, list[str]] = {}
    for summary in summaries:
        if summary.not_measured:
            text = "; ".join(f"{name}: {why}" for name, why in summary.not_measured.items())
            reasons.setdefault(text, []).append(str(summary.path))
    remarks += [f"{', '.join(runs)}: not measured: {text}" for text, runs in reasons.items()]

    # Metrics that were not measured, and the runs that lack the same ones.
    lacking: dict[str, list[str]] = {}
    metric_of = {
        name: str(number.get("metric", "")).rpartition("/")[2]
        for summary in summaries
        for name, number in summary.evaluations.items()
    }
    for summary in summaries:
        missing = [
            name
            for name in metrics
            if name not in summary.evaluations and metric_of[name] not in summary.not_measured
        ]
        if not summary.evaluations:
            missing = ["any metric"]
        if missing and not summary.error:
            lacking.setdefault(", ".join(missing), []).append(str(summary.path))
    for names, runs in lacking.items():
        several = len(runs) > 1
        were = f"{len(runs)} runs ({', '.join(runs)}) were" if several else f"{runs[0]} was"
        evaluate = command("evaluate", "RUN" if several else runs[0])
        remarks.append(f"{were} not evaluated for {names}: `{evaluate}` measures it")
    return tuple(remarks)
