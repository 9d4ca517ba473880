"""Compare: runs side by side, in the settings that differ and the numbers that were measured.

Runs that differ in nothing but the seed are one row, with the mean and the standard deviation over
the seeds. Knows nothing of terminals and pages: it makes cells, and Markdown and JSON of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ganzoo.errors import UsageError
from ganzoo.reporting.summary import Summary, as_text, summarize
from ganzoo.run import Run
from ganzoo.run.journal import is_number

IGNORED = ("logging.", "observer.")
"""Settings that change nothing of what is trained."""

SEED = "training.seed"

CONDITIONS = ("extractor_hash", "resizing", "reference", "reference_split", "n", "shape")
"""What two numbers of one name must share to be compared; the step and the seed may differ."""


@dataclass(frozen=True)
class Score:
    """A metric of a row.

    Attributes:
        value: the number, or its mean over seeds.
        std: over seeds where there are several; else the metric's own, where it knows one.
        floor: what held-out real images score, the mean over seeds.
        n: runs it was measured on.
        better: `"lower"` or `"higher"`.
    """

    value: float
    std: float | None
    floor: float | None
    n: int
    better: str

    def __str__(self) -> str:
        spread = "" if self.std is None else f" ± {self.std:.2g}"
        floor = "" if self.floor is None else f" (floor {self.floor:.4g})"
        return f"{self.value:.4g}{spread}{floor}"


@dataclass(frozen=True)
class Row:
    """One run, or several that differ only in the seed.

    Attributes:
        runs: their directories.
        seeds: one for each run, where known.
        settings: those that differ between rows.
        metrics: by name; what was not measured is not there.
        state: of each run, once for each kind.
        step: reached, the least of the runs.
        steps: to be made.
        seconds: of training, the mean.
        images_per_second: the mean.
    """

    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: Mapping[str, Any]
    metrics: Mapping[str, Score]
    state: str
    step: int
    steps: int | None
    seconds: float | None
    images_per_second: float | None

    @property
    def title(self) -> str:
        """The run's name; of several seeds also how many."""
        first = Path(self.runs[0]).name or self.runs[0]
        return first if len(self.runs) == 1 else f"{first} and other seeds (n = {len(self.runs)})"


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        rows: in the order in which the runs were given.
        settings: names of the settings that differ.
        metrics: names of all metrics that a run has.
        remarks: what is missing, what cannot be compared, and what to do.
    """

    rows: tuple[Row, ...]
    settings: tuple[str, ...]
    metrics: tuple[str, ...]
    remarks: tuple[str, ...]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and cells, as text: the longer side of the table runs down."""
        heads = ["run", *self.settings, *self.metrics, "images/s", "state", "steps", "time"]
        rows = [self._cells(row) for row in self.rows]
        if len(heads) <= len(rows) + 1:
            return heads, rows
        turned = [list(line) for line in zip(heads, *rows, strict=True)]
        return turned[0], turned[1:]

    def to_markdown(self) -> str:
        """A Markdown table with the remarks below it."""
        heads, rows = self.table()
        lines = [heads, ["---"] * len(heads), *rows]
        text = ["| " + " | ".join(map(_markdown, line)) + " |" for line in lines]
        return "\n".join([*text, *(f"\n{_markdown(remark)}" for remark in self.remarks)])

    def to_json(self) -> str:
        """All there is, with every run's path."""
        return json.dumps(asdict(self), indent=2)

    def _cells(self, row: Row) -> list[str]:
        steps = f"{row.step:,}" if row.steps is None else f"{row.step:,} of {row.steps:,}"
        speed = "" if row.images_per_second is None else f"{row.images_per_second:,.0f}"
        missing = "missing"
        return [
            row.title,
            *(
                as_text(row.settings[name]) if name in row.settings else "-"
                for name in self.settings
            ),
            *(str(row.metrics.get(name, missing)) for name in self.metrics),
            speed,
            row.state,
            steps,
            duration(row.seconds),
        ]


def compare(*runs: str | Path | Run) -> Comparison:
    """Put runs side by side.

        print(ganzoo.compare("runs/a", "runs/b").to_markdown())

    Args:
        runs: two or more; one alone is allowed and has no settings that differ.

    Raises:
        UsageError: none is given, one is given twice, or one is no run directory.
    """
    return compare_summaries([summarize(run) for run in opened(runs)])


def opened(runs: Sequence[str | Path | Run], device: str = "auto") -> list[Run]:
    """Runs, each there once.

    Raises:
        UsageError: see `compare`.
    """
    if not runs:
        raise UsageError("name at least one run; `ganzoo runs` lists those there are")
    found = [run if isinstance(run, Run) else Run(run, device=device) for run in runs]
    seen: set[Path] = set()
    for run in found:
        if run.path.resolve() in seen:
            raise UsageError(f"{run.path} is given twice")
        seen.add(run.path.resolve())
    return found


def compare_summaries(summaries: Sequence[Summary]) -> Comparison:
    """The comparison of runs that are summed up already."""
    groups: dict[str, list[Summary]] = {}
    for summary in summaries:
        groups.setdefault(_kind(summary), []).append(summary)
    sound = [group for group in groups.values() if not group[0].error]
    names = list(dict.fromkeys(name for group in sound for name in _essential(group[0])))
    differing = [name for name in names if len({_value(group[0], name) for group in sound}) > 1]
    metrics = list(dict.fromkeys(name for s in summaries for name in s.evaluations))
    rows = tuple(_row(group, differing) for group in groups.values())
    return Comparison(rows, tuple(differing), tuple(metrics), _remarks(summaries, metrics))


def duration(seconds: float | None) -> str:
    """`"1 h 02 min"`, `"3 min 05 s"`, `"12 s"`; nothing where it is not known."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def _essential(summary: Summary) -> dict[str, Any]:
    return {
        name: value
        for name, value in summary.settings.items()
        if name != SEED and not name.startswith(IGNORED)
    }


def _kind(summary: Summary) -> str:
    """Equal for runs that differ only in the seed and have come equally far."""
    if summary.error:
        return str(summary.path)
    return json.dumps([_essential(summary), summary.state, summary.step], sort_keys=True)


def _value(summary: Summary, name: str) -> str:
    return json.dumps(summary.settings.get(name))


def _row(group: Sequence[Summary], differing: Sequence[str]) -> Row:
    first = group[0]
    names = list(dict.fromkeys(name for s in group for name in s.evaluations))
    scores = {name: _score(name, group) for name in names}
    return Row(
        runs=tuple(str(s.path) for s in group),
        seeds=tuple(s.settings[SEED] for s in group if SEED in s.settings),
        settings={k: first.settings[k] for k in differing if k in first.settings},
        metrics=scores,
        state=first.state,
        step=first.step,
        steps=first.steps,
        seconds=_mean([s.seconds for s in group]),
        images_per_second=_mean([s.images_per_second for s in group]),
    )


def _score(name: str, group: Sequence[Summary]) -> Score:
    numbers = [s.evaluations[name] for s in group if name in s.evaluations]
    values = [float(number["value"]) for number in numbers]
    own = numbers[0].get("std")
    spread = stdev(values) if len(values) > 1 else own if is_number(own) else None
    floors = [number["floor"] for number in numbers if is_number(number.get("floor"))]
    return Score(
        fmean(values), spread, _mean(floors), len(values), str(numbers[0].get("better", ""))
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _remarks(summaries: Sequence[Summary], metrics: Sequence[str]) -> tuple[str, ...]:
    remarks = [f"{s.path} is damaged: {s.error}" for s in summaries if s.error]
    for name in metrics:
        numbers = [s.evaluations[name] for s in summaries if name in s.evaluations]
        unlike = [
            condition
            for condition in CONDITIONS
            if len({json.dumps(number.get(condition)) for number in numbers}) > 1
        ]
        if unlike:
            remarks.append(
                f"The values of {name} cannot be compared: they were measured with another "
                f"{', '.join(unlike)}. Evaluate the runs again in one way"
            )
        if len({number.get("step") for number in numbers}) > 1:
            remarks.append(f"The values of {name} are of checkpoints of different steps")
    for summary in summaries:
        lacking = [name for name in metrics if name not in summary.evaluations]
        if not summary.evaluations:
            lacking = ["any metric"]
        if lacking and not summary.error:
            remarks.append(
                f"{summary.path} was not evaluated for {', '.join(lacking)}: "
                f"`ganzoo evaluate {summary.path}` measures it"
            )
    return tuple(remarks)


def _markdown(text: str) -> str:
    """Text that stays in its cell, and is no HTML."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())
