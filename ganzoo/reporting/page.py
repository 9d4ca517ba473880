"""Report: runs as one HTML file that loads nothing, whatever state they are in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.errors import GanzooError, UsageError
from ganzoo.files import replace_text
from ganzoo.reporting import images
from ganzoo.reporting.charts import Figure, log_charts, metric_charts
from ganzoo.reporting.comparing import compare_summaries, duration, opened
from ganzoo.reporting.summary import Summary, summarize
from ganzoo.run import Run
from ganzoo.run.doctor import diagnose

AT_MOST = 12
"""Runs in one report: each brings its pictures."""

SHOWN_FILES = ("template.html.j2", "style.css", "report.js")

T = TypeVar("T")


@dataclass
class Section:
    """What the page shows of one run; a part that could not be made is None and told in `gaps`."""

    name: str
    summary: Summary
    what: str = ""
    diagnosis: str = ""
    problems: tuple[str, ...] = ()
    timeline: images.Film | None = None
    walk: images.Film | None = None
    neighbours: images.Neighbours | None = None
    classes: tuple[str, tuple[str, ...]] | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)


def report(*runs: str | Path | Run, out: str | Path = "report.html", device: str = "auto") -> Path:
    """Write one page about runs; several are overlaid and compared.

        ganzoo.report("runs/00001-dcgan-bce-fashion-mnist", out="report.html")

    Args:
        runs: one to twelve; damaged and unfinished ones too: the page says what is not there.
        out: the file to write, ending in .html.
        device: where to run the generators of runs given by their path.

    Returns:
        the file.

    Raises:
        UsageError: no such run, one given twice, too many, or a name that is no page's.
        GanzooError: the extra `report` is not installed, or the file cannot be written.
    """
    target = Path(out)
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"a report is a web page: end its name in .html, not '{target.name}'")
    found = opened(runs, device)
    if len(found) > AT_MOST:
        raise UsageError(
            f"a report shows up to {AT_MOST} runs, got {len(found)}; `ganzoo compare` takes any"
        )
    render = _renderer()
    sections = [_section(run) for run in found]
    _name_apart(sections)
    text = render(
        sections=sections,
        comparison=compare_summaries([s.summary for s in sections]) if len(found) > 1 else None,
        figures=_figures(found, sections),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=version("gan-zoo"),
        duration=duration,
        limits=images,
    )
    return replace_text(target, text)


def _section(run: Run) -> Section:
    summary = summarize(run)
    section = Section(run.path.resolve().name, summary, settings=dict(summary.settings))
    _attempt(section, "settings", lambda: setattr(section, "what", _what(run)))
    if (found := _attempt(section, "health", lambda: diagnose(run))) is not None:
        section.diagnosis, section.problems = found.state, found.problems
    section.timeline = _attempt(section, "samples", lambda: images.timeline(run))
    section.provenance = _attempt(section, "provenance", lambda: _facts(run)) or {}
    if not run.steps:
        section.gaps["generated images"] = "there is no checkpoint yet"
        return section
    section.walk = _attempt(section, "walk through latent space", lambda: images.walk(run))
    section.neighbours = _attempt(section, "nearest images", lambda: images.neighbours(run))
    if section.walk is not None and run.num_classes:
        section.classes = _attempt(section, "classes", lambda: images.class_grid(run))
    return section


def _attempt(section: Section, part: str, make: Callable[[], T]) -> T | None:
    """A part of the page; whatever is wrong with a run, the other parts are shown."""
    try:
        return make()
    except GanzooError as error:
        section.gaps[part] = str(error)
    except Exception as error:  # a plugin's fault, or a file that holds what nobody foresaw
        section.gaps[part] = f"{type(error).__name__}: {error}"
    return None


def _what(run: Run) -> str:
    config = run.config
    networks = " + ".join([config.arch.name, config.loss.name, *config.penalty])
    size = " by ".join(map(str, dict.fromkeys(config.image.size or ())))
    conditional = ", conditional" if config.training.conditional else ""
    return f"{networks} on {config.data.name}" + (f" at {size} px" if size else "") + conditional


def _facts(run: Run) -> dict[str, str]:
    facts = run.provenance
    versions = facts.pop("versions", {})
    if isinstance(versions, Mapping):
        facts["packages"] = ", ".join(f"{name} {number}" for name, number in versions.items())
    facts["git"] = facts.get("git") or "not in a repository"
    return {name: str(value) for name, value in facts.items()}


def _name_apart(sections: list[Section]) -> None:
    """Runs of one name in different folders are told apart by their paths."""
    names = [section.name for section in sections]
    for section in sections:
        if names.count(section.name) > 1:
            section.name = str(section.summary.path)


def _figures(runs: list[Run], sections: list[Section]) -> dict[str, list[Figure]]:
    names = [section.name for section in sections]
    return {
        "log": log_charts({n: run.metrics() for n, run in zip(names, runs, strict=True)}),
        "metrics": metric_charts(
            {n: run.evaluations() for n, run in zip(names, runs, strict=True)}
        ),
    }


def _renderer() -> Callable[..., str]:
    """The template with all that it inlines.

    Raises:
        GanzooError: the extra is missing.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise GanzooError(
            f'a report needs {error.name}, which is not installed: pip install "gan-zoo[report]"'
        ) from None
    folder = files("ganzoo.reporting") / "page_files"
    page, style, script = ((folder / name).read_text(encoding="utf-8") for name in SHOWN_FILES)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(page)
    inlined = {"style": style, "script": script, "plotly": get_plotlyjs()}
    return lambda **values: template.render(**inlined, **values)
