"""Charts: figures of logs and evaluations, which plotly.js draws in the page.

A figure is plain data: a title, a caption and traces. The colour of a trace is the number of its
run or term; the page maps it to a colour of its theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.reporting.images import thinned
from ganzoo.reporting.summary import Number
from ganzoo.run.journal import is_number

Figure = dict[str, Any]

Log = Sequence[Mapping[str, Any]]
"""The lines of a run's log."""

POINTS = 1000
"""Maximum number of points in a curve; longer logs are thinned evenly."""

DASHES = ("solid", "dash", "dot", "dashdot")

CHARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Scores", "of real images and of fakes, before any sigmoid", ("scores/real", "scores/fake")),
    ("ROC AUC", "probability that a real image scores above a fake", ("scores/auc",)),
    (
        "Diversity",
        "mean distance of two images: fakes far below real ones have collapsed",
        ("diversity/real", "diversity/fake"),
    ),
    (
        "Gradient norms",
        "of the latest update",
        ("discriminator/gradient_norm", "generator/gradient_norm"),
    ),
)
"""Title, caption and terms of each chart beside those of the losses."""

NO_LOSS = ("gradient_norm", "distance_to_average")


def log_charts(logs: Mapping[str, Log]) -> list[Figure]:
    """Make the charts of logs, by run name; charts without data are left out."""
    figures = []
    for network in ("discriminator", "generator"):
        title = f"{network.capitalize()} loss"
        figures.append(_chart(logs, title, "each term of the sum", _loss_terms(logs, network)))
    for title, caption, terms in CHARTS:
        figures.append(_chart(logs, title, caption, terms))
    return [figure for figure in figures if figure["data"]]


def _loss_terms(logs: Mapping[str, Log], network: str) -> list[str]:
    """Terms of a network's loss, as the last lines of the logs name them."""
    last_lines = [lines[-1] for lines in logs.values() if lines]
    names = dict.fromkeys(name for line in last_lines for name in line)
    return [n for n in names if n.startswith(f"{network}/") and not n.endswith(NO_LOSS)]


def _chart(logs: Mapping[str, Log], title: str, caption: str, terms: Sequence[str]) -> Figure:
    """Make a chart. Colours are the terms of a single run; else the runs, and dashes the terms."""
    single, labels = len(logs) == 1, _labels(terms)
    traces = []
    for run_number, (run, lines) in enumerate(logs.items()):
        for term_number, term in enumerate(terms):
            # Points.
            points = [(line["step"], line[term]) for line in lines if is_number(line.get(term))]
            if not points:
                continue
            points = thinned(points, POINTS)

            # Trace.
            label = labels[term_number]
            traces.append(
                {
                    "x": [step for step, _ in points],
                    "y": [value for _, value in points],
                    "name": escaped(label if single else f"{run}: {label}"),
                    "type": "scatter",
                    "mode": "lines" if len(points) > 1 else "markers",
                    "colour": term_number if single else run_number,
                    "line": {"dash": "solid" if single else DASHES[term_number % len(DASHES)]},
                }
            )
    return {"title": title, "about": caption, "data": traces}


def _labels(terms: Sequence[str]) -> list[str]:
    """Name terms by what follows their network, or by the network where that is all alike."""
    heads, tails = ([term.partition("/")[part] for term in terms] for part in (0, 2))
    names = tails if len(set(tails)) == len(terms) else heads
    return [name.replace("_", " ") for name in names]


def metric_charts(runs: Mapping[str, Sequence[Number]]) -> list[Figure]:
    """Make a chart for each metric: its values over steps with error bars, and its floor dashed."""
    names = dict.fromkeys(number["name"] for numbers in runs.values() for number in numbers)
    figures = []
    for name in names:
        traces: list[dict[str, Any]] = []
        caption = ""
        for run_number, (run, numbers) in enumerate(runs.items()):
            # The latest number of each step.
            by_step = {
                number["step"]: number
                for number in numbers
                if number["name"] == name and isinstance(number.get("step"), int)
            }
            if not by_step:
                continue
            points = thinned([by_step[step] for step in sorted(by_step)], POINTS)

            # Traces.
            caption = f"{points[-1].get('better', '')} is better"
            label = escaped(run) if len(runs) > 1 else "value"
            traces += _metric_traces(label, points, run_number)
        if traces:
            figures.append({"title": name, "about": caption, "data": traces})
    return figures


def _metric_traces(label: str, numbers: Sequence[Number], colour: int) -> list[dict[str, Any]]:
    """Make the traces of one run: the values, and their floor where it was measured."""
    # Values.
    style = {"type": "scatter", "mode": "lines+markers", "colour": colour}
    deviations = [number["std"] if is_number(number.get("std")) else 0 for number in numbers]
    values = {
        **style,
        "x": [number["step"] for number in numbers],
        "y": [number["value"] for number in numbers],
        "name": label,
        "error_y": {"array": deviations, "visible": any(deviations), "thickness": 1.2},
    }

    # Floors.
    floors = [(n["step"], n["floor"]) for n in numbers if is_number(n.get("floor"))]
    if not floors:
        return [values]
    floor = {
        **style,
        "x": [step for step, _ in floors],
        "y": [value for _, value in floors],
        "name": f"{label}: floor" if label != "value" else "floor (real images)",
        "opacity": 0.6,
        "line": {"dash": "dot"},
        "marker": {"symbol": "line-ew-open", "size": 14},
    }
    return [values, floor]


def escaped(text: str) -> str:
    """Escape a label, in which plotly.js would interpret some HTML tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
