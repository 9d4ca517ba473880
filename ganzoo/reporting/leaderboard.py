"""Leaderboard: one HTML page that ranks runs by their metrics, with pictures; it loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.execution.device import resolve_device
from ganzoo.files import replace_text
from ganzoo.reporting import images
from ganzoo.reporting.comparing import Comparison, Row, compare, duration, settings_in_words
from ganzoo.reporting.rendering import html_file, renderer
from ganzoo.run import Run

MOST_PICTURES = 300
"""Rows that have a picture: each takes the loading of a generator, and up to 100 kB."""


@dataclass(frozen=True)
class Entry:
    """A row of the page.

    Attributes:
        row: of the comparison.
        picture: a strip of images as a data URI, if there is one.
        gap: why there is none.
        settings: those that differ, as text.
    """

    row: Row
    picture: str
    gap: str
    settings: str


def leaderboard(
    *runs: str | Path | Run, out: str | Path = "leaderboard.html", device: str = "auto"
) -> Path:
    """Write an HTML page with one row for each run, or for runs that differ only in the seed.

        ganzoo.leaderboard("sweeps/first", out="first.html")

    Rows have pictures, metrics with floors, time and speed, and can be sorted. The settings that
    differ are folded below.

    Args:
        runs: any number of runs, run directories, and folders of runs, such as a sweep's.
        out: the file to write, ending in .html.
        device: where the generators run.

    Returns:
        the file.

    Raises:
        UsageError: no such run, one given twice, `out` does not end in .html, or the extra
            `report` is not installed.
        GanzooError: the log or journal of a run cannot be read, or the file cannot be written.
    """
    target = html_file(out)
    render = renderer("leaderboard.html.j2", "leaderboard.js")
    resolve_device(device)
    comparison = compare(*runs)
    text = render(
        title=_title(runs),
        entries=[_entry(n, row, device) for n, row in enumerate(comparison.ranked())],
        comparison=comparison,
        best={name: _best(name, comparison) for name in comparison.metrics},
        directions={
            name: "descending" if comparison.better(name) == "higher" else "ascending"
            for name in comparison.metrics
        },
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=version("gan-zoo"),
        duration=duration,
    )
    return replace_text(target, text, errors="replace")


def _title(runs: Sequence[str | Path | Run]) -> str:
    """The name of the folder, or the number of runs."""
    if len(runs) == 1 and not isinstance(runs[0], Run):
        return Path(runs[0]).resolve().name
    return f"{len(runs)} runs"


def _entry(number: int, row: Row, device: str) -> Entry:
    """A row with its picture, as far as the run's files allow."""
    picture = gap = ""
    if number >= MOST_PICTURES:
        gap = f"only the first {MOST_PICTURES} rows have pictures"
    else:
        try:
            picture = images.strip(Run(row.runs[0], device=device))
        except GanzooError as error:
            gap = str(error)
        except Exception as error:  # an error in a plugin, or a damaged file
            gap = f"{type(error).__name__}: {error}"
    return Entry(row, picture, gap, settings_in_words(row))


def _best(name: str, comparison: Comparison) -> float | None:
    """The best value of a metric, where there are several to compare."""
    values = [row.metrics[name].value for row in comparison.rows if name in row.metrics]
    pick = max if comparison.better(name) == "higher" else min
    return pick(values) if len(values) > 1 else None
