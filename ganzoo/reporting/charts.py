"""Charts: what a log and the evaluations say, as figures that plotly.js draws in the page.

A figure is plain data (`data`, `layout`); colours are numbers of a run or a term, which the page
turns into those of its theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.reporting.images import thinned
from ganzoo.reporting.summary import Number
from ganzoo.run.journal import is_number

Figure = dict[str, Any]

POINTS = 1000
"""Of a curve, at most; of longer logs, evenly chosen lines."""

DASHES = ("solid", "dash", "dot", "dashdot")

CHARTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Scores", "of real images and of fakes, before any sigmoid", ("scores/real", "scores/fake")),
    ("Separation", "how often a real image scores above a fake", ("scores/separation",)),
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

NO_LOSS = ("gradient_norm", "distance_to_average")


def log_charts(logs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Figure]:
    """The charts of logs by the name of their run; what no run has is left out."""
    named = [
        name
        for lines in logs.values()
        for name in dict.fromkeys(key for line in lines[-1:] for key in line)
        if name.startswith(("generator/", "discriminator/")) and not name.endswith(NO_LOSS)
    ]
    figures = [
        _chart(logs, f"{who.capitalize()} loss", "each term as it was summed", terms)
        for who in ("discriminator", "generator")
        if (terms := tuple(n for n in dict.fromkeys(named) if n.startswith(who)))
    ]
    figures += [_chart(logs, *about) for about in CHARTS]
    return [figure for figure in figures if figure["data"]]


def _chart(
    logs: Mapping[str, Sequence[Mapping[str, Any]]], title: str, about: str, terms: Sequence[str]
) -> Figure:
    """Several runs differ in colour and their terms in dashes; one run's terms in colour."""
    alone = len(logs) == 1
    traces = []
    for number, (run, lines) in enumerate(logs.items()):
        for index, term in enumerate(terms):
            points = [(line["step"], line[term]) for line in lines if is_number(line.get(term))]
            if not points:
                continue
            chosen = thinned(points, POINTS)
            label = term.partition("/")[2].replace("_", " ")
            traces.append(
                {
                    "x": [step for step, _ in chosen],
                    "y": [value for _, value in chosen],
                    "name": _plain(label if alone else f"{run}: {label}"),
                    "type": "scatter",
                    "mode": "lines" if len(chosen) > 1 else "markers",
                    "colour": index if alone else number,
                    "line": {"dash": "solid" if alone else DASHES[index % len(DASHES)]},
                }
            )
    return {"title": title, "about": about, "data": traces}


def metric_charts(runs: Mapping[str, Sequence[Number]]) -> list[Figure]:
    """A chart for each name: values over steps with their uncertainty, and the floor dashed."""
    names = dict.fromkeys(number["name"] for numbers in runs.values() for number in numbers)
    figures = []
    for name in names:
        traces: list[dict[str, Any]] = []
        better = ""
        for colour, (run, numbers) in enumerate(runs.items()):
            by_step = {
                n["step"]: n
                for n in numbers
                if n["name"] == name and isinstance(n.get("step"), int)
            }
            if not by_step:
                continue
            chosen = thinned([by_step[step] for step in sorted(by_step)], POINTS)
            better = f"{chosen[-1].get('better', '')} is better"
            traces += _metric_traces(_plain(run if len(runs) > 1 else "value"), chosen, colour)
        if traces:
            figures.append({"title": name, "about": better, "data": traces})
    return figures


def _metric_traces(label: str, numbers: Sequence[Number], colour: int) -> list[dict[str, Any]]:
    steps = [number["step"] for number in numbers]
    spreads = [n["std"] if is_number(n.get("std")) else 0 for n in numbers]
    value = {
        "x": steps,
        "y": [number["value"] for number in numbers],
        "name": label,
        "type": "scatter",
        "mode": "lines+markers",
        "colour": colour,
        "error_y": {"array": spreads, "visible": any(spreads), "thickness": 1.2},
    }
    floors = [(n["step"], n["floor"]) for n in numbers if is_number(n.get("floor"))]
    if not floors:
        return [value]
    floor = {
        "x": [step for step, _ in floors],
        "y": [height for _, height in floors],
        "name": f"{label}: floor" if label != "value" else "floor (real images)",
        "type": "scatter",
        "mode": "lines+markers",
        "colour": colour,
        "opacity": 0.6,
        "line": {"dash": "dot"},
        "marker": {"symbol": "line-ew-open", "size": 14},
    }
    return [value, floor]


def _plain(text: str) -> str:
    """Plotly reads a few tags in its labels, so none is left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
