"""Comparing runs: a table of the settings that differ and the metrics that were measured.

Runs that differ only in the seed are one row, with mean and standard deviation over the seeds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ganzoo import notebook
from ganzoo.errors import UsageError, shown
from ganzoo.execution.device import resolve_device
from ganzoo.reporting.remarks import differ, remarks_on, untrained
from ganzoo.reporting.summary import Summary, as_text, summarize
from ganzoo.run import Run
from ganzoo.run.journal import is_number

IGNORED = ("logging.", "observer.")
"""Sections whose settings do not change the training."""

SEED = "training.seed"

FEW = 6
"""Rows up to which the settings that differ stand in the same table as the metrics."""


@dataclass(frozen=True)
class Score:
    """A metric of a row.

    Attributes:
        value: the number; of several seeds the mean.
        std: standard deviation over the seeds; of one seed that of the metric, if it knows it.
        floor: score of held-out real images; of several seeds the mean.
        n: number of seeds with this metric.
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
        runs: the run directories.
        seeds: of the runs, each once, where known.
        settings: those that differ between rows, by name.
        metrics: those that were measured, by name.
        state: of the runs.
        step: that the runs have reached.
        length: how long the runs are to train, in words; empty if unknown.
        seconds: of training; of several runs the mean.
        images_per_second: of several runs the mean.
    """

    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: Mapping[str, Any]
    metrics: Mapping[str, Score]
    state: str
    step: int
    length: str
    seconds: float | None
    images_per_second: float | None

    @property
    def title(self) -> str:
        """Name of the first run, and the number of seeds if there are several."""
        first = Path(self.runs[0]).name or self.runs[0]
        if len(self.seeds) > 1:
            return f"{first} and other seeds (n = {len(self.seeds)})"
        return first if len(self.runs) == 1 else f"{first}, repeated"


@dataclass(frozen=True)
class Comparison:
    """A comparison of runs.

    Attributes:
        rows: in the order of the runs.
        settings: names of the settings that differ.
        metrics: names of the metrics that any run has.
        remarks: what is missing or not comparable, and what to do.
    """

    rows: tuple[Row, ...]
    settings: tuple[str, ...]
    metrics: tuple[str, ...]
    remarks: tuple[str, ...]

    def better(self, metric: str) -> str:
        """Which values of a metric are better: `"lower"` or `"higher"`.

        Raises:
            UsageError: no run has this metric.
        """
        for row in self.rows:
            if metric in row.metrics:
                return row.metrics[metric].better
        known = ", ".join(self.metrics)
        raise UsageError(f"no run has the metric {shown(metric)}; they have: {known}")

    def ranked(self) -> list[Row]:
        """Return the rows, the best by the first metric first; rows without it last."""
        if not self.metrics:
            return list(self.rows)
        first = self.metrics[0]
        sign = -1 if self.better(first) == "higher" else 1
        known = [row for row in self.rows if first in row.metrics]
        known.sort(key=lambda row: sign * row.metrics[first].value)
        return known + [row for row in self.rows if first not in row.metrics]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return heads and cells as text, metrics first.

        A few runs are a table with the settings that differ, transposed if there are more columns
        than rows. Many are one row each, the best first, without settings: see `settings_table`.
        """
        many = len(self.rows) > FEW
        settings = () if many else self.settings
        heads = ["run", *self.metrics, "time", "images/s", "state", "steps", *settings]
        rows = [self._cells(row, settings) for row in (self.ranked() if many else self.rows)]
        if many or len(heads) <= len(rows) + 1:
            return heads, rows
        transposed = [list(line) for line in zip(heads, *rows, strict=True)]
        return transposed[0], transposed[1:]

    def settings_table(self) -> tuple[list[str], list[list[str]]] | None:
        """Return those settings of each run that differ, if `table` has left them out."""
        if len(self.rows) <= FEW or not self.settings:
            return None
        rows = [[row.title, settings_in_words(row)] for row in self.ranked()]
        return ["run", "settings that differ"], rows

    def to_markdown(self) -> str:
        """Return a Markdown table with the remarks, and settings of many runs folded, below it."""
        lines = [_markdown_table(*self.table())]
        lines += [f"\n{_markdown(remark)}" for remark in self.remarks]
        if (settings := self.settings_table()) is not None:
            summary = "<summary>Settings that differ</summary>"
            lines += ["\n<details>", summary, "", _markdown_table(*settings), "\n</details>"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the same in a notebook."""
        text = notebook.table(*self.table()) + notebook.lines(self.remarks)
        if (settings := self.settings_table()) is not None:
            rest = notebook.table(*settings)
            text += f"<details><summary>Settings that differ</summary>{rest}</details>"
        return text

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(asdict(self), indent=2)

    def _cells(self, row: Row, settings: Sequence[str]) -> list[str]:
        metrics = [str(row.metrics.get(name, "missing")) for name in self.metrics]
        speed = "" if row.images_per_second is None else f"{row.images_per_second:,.0f}"
        steps = " of ".join(filter(None, [f"{row.step:,}", row.length.removesuffix(" steps")]))
        facts = [duration(row.seconds), speed, row.state, steps]
        return [row.title, *metrics, *facts, *self._settings(row, settings)]

    def _settings(self, row: Row, names: Sequence[str]) -> list[str]:
        return [as_text(row.settings[name]) if name in row.settings else "-" for name in names]


def compare(*runs: str | Path | Run) -> Comparison:
    """Compare runs.

        print(ganzoo.compare("runs/a", "runs/b").to_markdown())

    Args:
        runs: runs, their directories, or folders of runs, such as a sweep's; at least one.

    Raises:
        UsageError: no run is given, one is given twice, or one is no run directory.
        GanzooError: the log or journal of a run cannot be read.
    """
    comparison = compare_summaries([summarize(run) for run in opened(runs)])
    folders = [Path(folder) for folder in runs if not isinstance(folder, Run)]
    more = [remark for folder in folders for remark in untrained(folder)]
    return replace(comparison, remarks=(*comparison.remarks, *more))


def opened(runs: Sequence[str | Path | Run], device: str = "auto") -> list[Run]:
    """Open runs that are given by their directories, and all runs of a folder of runs.

    Raises:
        UsageError: no run is given, one is given twice, or one is no run directory.
    """
    if not runs:
        raise UsageError("name at least one run; `ganzoo runs` lists those there are")
    resolve_device(device)  # of several runs each failure would be a gap in a page
    opened_runs = [run for given in runs for run in _runs(given, device)]
    paths: set[Path] = set()
    for run in opened_runs:
        if run.path.resolve() in paths:
            raise UsageError(f"{run.path} is given twice")
        paths.add(run.path.resolve())
    return opened_runs


def _runs(given: object, device: str) -> list[Run]:
    """A run, or all runs of a folder of runs."""
    if isinstance(given, Run):
        return [given]
    if not isinstance(given, (str, Path)):
        advice = "runs are named one by one, compare(*runs), and a sweep by its path"
        raise UsageError(f"{shown(given)} is neither a run nor a folder: {advice}")
    path = Path(given)
    files = [] if (path / "config.toml").exists() else sorted(path.glob("*/config.toml"))
    return [Run(folder, device=device) for folder in [file.parent for file in files] or [path]]


def compare_summaries(summaries: Sequence[Summary]) -> Comparison:
    """Compare runs that are summarized already."""
    # Group runs that differ only in the seed.
    groups: dict[str, list[Summary]] = {}
    for summary in summaries:
        groups.setdefault(_group_key(summary), []).append(summary)

    # Settings that differ.
    readable = [group[0] for group in groups.values() if not group[0].error]
    names = list(dict.fromkeys(name for first in readable for name in _training_settings(first)))
    settings = [first.settings for first in readable]
    differing = [name for name in names if differ(name, settings)]
    metrics = list(dict.fromkeys(name for s in summaries for name in s.evaluations))

    rows = tuple(_row(group, differing) for group in groups.values())
    remarks = (*_repetitions(groups.values()), *remarks_on(summaries, metrics))
    return Comparison(rows, tuple(differing), tuple(metrics), remarks)


def settings_in_words(row: Row) -> str:
    """Format the settings of a row that differ: `"loss.name = bce, training.steps = 100"`."""
    return ", ".join(f"{name} = {as_text(value)}" for name, value in row.settings.items())


def duration(seconds: float | None) -> str:
    """Format seconds: `"1 h 02 min"`, `"3 min 05 s"`, `"12 s"`; empty if unknown."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole} s"


def _training_settings(summary: Summary) -> dict[str, Any]:
    """Settings that change the training, without the seed."""
    return {
        name: value
        for name, value in summary.settings.items()
        if name != SEED and not name.startswith(IGNORED)
    }


def _group_key(summary: Summary) -> str:
    """A key that runs share if they differ only in the seed and have reached the same step."""
    if summary.error:
        return str(summary.path)
    key = [_training_settings(summary), summary.state, summary.step]
    return json.dumps(key, sort_keys=True)


def _seed(summary: Summary) -> Any:
    """The seed of a run; its path if the seed is unknown."""
    return summary.settings.get(SEED, str(summary.path))


def _repetitions(groups: Iterable[Sequence[Summary]]) -> Iterator[str]:
    """A remark on runs that have the settings and the seed of an earlier one."""
    for group in groups:
        by_seed: dict[Any, list[str]] = {}
        for summary in group:
            by_seed.setdefault(_seed(summary), []).append(str(summary.path))
        for first, *others in by_seed.values():
            if others:
                have = "has" if len(others) == 1 else "have"
                yield (
                    f"{', '.join(others)} {have} the settings and the seed of {first}: they count "
                    "as one seed"
                )


def _row(group: Sequence[Summary], differing: Sequence[str]) -> Row:
    """Make the row of runs that differ only in the seed."""
    first = group[0]
    metrics = dict.fromkeys(name for summary in group for name in summary.evaluations)
    return Row(
        runs=tuple(str(summary.path) for summary in group),
        seeds=tuple(dict.fromkeys(s.settings[SEED] for s in group if SEED in s.settings)),
        settings={name: first.settings[name] for name in differing if name in first.settings},
        metrics={name: _score(name, group) for name in metrics},
        state=first.state,
        step=first.step,
        length=first.length,
        seconds=_mean([summary.seconds for summary in group]),
        images_per_second=_mean([summary.images_per_second for summary in group]),
    )


def _score(name: str, group: Sequence[Summary]) -> Score:
    """Summarize a metric over seeds: of runs with the same one, the first that has the metric."""
    measured = [summary for summary in group if name in summary.evaluations]
    by_seed = {_seed(summary): summary.evaluations[name] for summary in reversed(measured)}
    numbers = list(reversed(by_seed.values()))
    values = [float(number["value"]) for number in numbers]
    floors = [number["floor"] for number in numbers if is_number(number.get("floor"))]
    std = None
    if len(values) > 1:
        std = stdev(values)
    elif is_number(numbers[0].get("std")):
        std = numbers[0]["std"]

    better = str(numbers[0].get("better", ""))
    return Score(fmean(values), std, _mean(floors), len(values), better)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(_markdown, line)) + " |" for line in lines)


def _markdown(text: str) -> str:
    """Escape text, so that it stays in its cell and is not HTML."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())
