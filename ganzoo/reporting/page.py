"""Report: one HTML file about runs, which loads nothing; unfinished and damaged runs too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.errors import GanzooError, UsageError, command
from ganzoo.files import replace_text
from ganzoo.reporting import images
from ganzoo.reporting.charts import Figure, log_charts, metric_charts
from ganzoo.reporting.class_map import POINTS, ClassMap, class_map
from ganzoo.reporting.comparing import compare_summaries, duration, opened
from ganzoo.reporting.rendering import html_file, renderer
from ganzoo.reporting.summary import Summary, summarize
from ganzoo.run import Run
from ganzoo.run.doctor import Diagnosis, diagnose
from ganzoo.run.records import run_title

MAX_RUNS = 12
"""Maximum number of runs in one report, for each adds its pictures."""

T = TypeVar("T")


@dataclass
class Section:
    """The page's section about one run. A part that failed is None, with the reason in `gaps`."""

    name: str
    summary: Summary
    title: str = ""
    diagnosis: Diagnosis | None = None
    timeline: images.Film | None = None
    walk: images.Film | None = None
    neighbours: images.Neighbours | None = None
    classes: tuple[str, tuple[str, ...]] | None = None
    class_map: ClassMap | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)


def report(
    *runs: str | Path | Run,
    out: str | Path = "report.html",
    device: str = "auto",
    map_of_classes: bool = True,
) -> Path:
    """Write an HTML page about runs; several runs are compared, and their curves overlaid.

        ganzoo.report("runs/00001-dcgan-bce-fashion-mnist", out="report.html")

    Args:
        runs: one to twelve runs or run directories; of unfinished and damaged runs the page shows
            what is there.
        out: the file to write, ending in .html.
        device: where the generators run.
        map_of_classes: whether the page has one, which takes about 12 seconds.

    Returns:
        the file.

    Raises:
        UsageError: no such run, one given twice, too many, `out` does not end in .html, or the
            extra `report` is not installed.
        GanzooError: the log or journal of a run cannot be read, or the file cannot be written.
    """
    # Check the arguments.
    target = html_file(out)
    opened_runs = opened(runs, device)
    if len(opened_runs) > MAX_RUNS:
        advice = "`ganzoo compare` takes any number"
        raise UsageError(f"a report shows up to {MAX_RUNS} runs, got {len(opened_runs)}; {advice}")
    render = renderer("template.html.j2", "report.js", plotly=_plotly)

    # Make the parts of the page.
    points = POINTS // len(opened_runs) if map_of_classes else 0
    sections = [_section(run, points) for run in opened_runs]
    _distinguish(sections)
    comparison = compare_summaries([section.summary for section in sections])

    # Write it.
    text = render(
        sections=sections,
        comparison=comparison,
        figures=_figures(opened_runs, sections),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=version("gan-zoo"),
        duration=duration,
        command=command,
    )
    return replace_text(target, text, errors="replace")


def _section(run: Run, points: int) -> Section:
    """Make the section about a run, as far as its files allow; without points it has no map."""
    # Files of the run.
    summary = summarize(run)
    section = Section(run.path.resolve().name, summary, settings=dict(summary.settings))
    section.title = _attempt(section, "settings", lambda: run_title(run.config)) or ""
    section.diagnosis = _attempt(section, "health", lambda: diagnose(run))
    section.timeline = _attempt(section, "samples", lambda: images.timeline(run))
    section.provenance = _attempt(section, "provenance", lambda: _facts(run)) or {}

    # Images of the generator.
    if not run.steps:
        section.gaps["generated images"] = "there is no checkpoint yet"
        return section
    section.walk = _attempt(section, "walk through latent space", lambda: images.walk(run))
    section.neighbours = _attempt(section, "nearest images", lambda: images.neighbours(run))
    if section.walk is not None and run.num_classes:
        section.classes = _attempt(section, "classes", lambda: images.class_grid(run))
    if section.walk is not None and run.manifest.image.num_classes and points:
        section.class_map = _attempt(section, "map of classes", lambda: class_map(run, points))
    return section


def _attempt(section: Section, part: str, make: Callable[[], T]) -> T | None:
    """Make a part of a section; if that fails, note why, and the other parts are still shown."""
    try:
        return make()
    except GanzooError as error:
        section.gaps[part] = str(error)
    except Exception as error:  # an error in a plugin, or a damaged file
        section.gaps[part] = f"{type(error).__name__}: {error}"
    return None


def _facts(run: Run) -> dict[str, str]:
    facts = run.provenance
    versions = facts.pop("versions", {})
    if isinstance(versions, Mapping):
        facts["packages"] = ", ".join(f"{name} {number}" for name, number in versions.items())
    facts["git"] = facts.get("git") or "not in a repository"
    return {name: str(value) for name, value in facts.items()}


def _distinguish(sections: list[Section]) -> None:
    """Name runs by their paths if their directories have the same name."""
    names = [section.name for section in sections]
    for section in sections:
        if names.count(section.name) > 1:
            section.name = str(section.summary.path)


def _figures(runs: list[Run], sections: list[Section]) -> dict[str, list[Figure]]:
    by_name = dict(zip((section.name for section in sections), runs, strict=True))
    return {
        "log": log_charts({name: run.metrics() for name, run in by_name.items()}),
        "metrics": metric_charts({name: run.evaluations() for name, run in by_name.items()}),
    }


def _plotly() -> str:
    """The charting library."""
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    return text
