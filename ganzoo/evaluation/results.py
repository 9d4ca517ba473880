"""Results: each number of an evaluation with everything it depends on, and its JSON."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ganzoo import notebook
from ganzoo.errors import GanzooWarning, Message, Unsupported

HASH_DIGITS = 12
"""Digits of a hash in the notes; JSON has all."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One number of an evaluation.

    Attributes:
        name: `"EffNetLite0-FD"`.
        value: the number.
        std: its standard deviation, if the metric knows it.
        floor: the score of held-out real images at the same n: no generator can be expected to do
            better. None if no images are held out.
        floor_std: the floor's standard deviation.
        better: `"lower"` or `"higher"`.
        metric: the metric, `distribution/name`.
        blind_to: flaws that the metric does not detect.
        extractor: the extractor of the features, `distribution/name`; empty if there is none.
        extractor_hash: a hash of the extractor's weights and options.
        resizing: how images became the extractor's input.
        sample: the images that were evaluated.
        reference: the images they were compared with.
        reference_split: the split of the reference.
        held_out: the images that the floor was measured with.
        n: number of images in the sample.
        n_reference: number of images in the reference.
        seed: random seed of the choice of images and of the metric.
        shape: `(channels, height, width)` of the images.
        step: training step of the checkpoint; None if the sample is not from a run.
        notes: the extractor's notes (a classifier's accuracy).
        versions: of torch and of the distributions that provide metric and extractor.
        time: UTC, ISO 8601.
    """

    name: str
    value: float
    std: float | None
    floor: float | None
    floor_std: float | None
    better: str
    metric: str
    blind_to: str
    extractor: str
    extractor_hash: str
    resizing: str
    sample: str
    reference: str
    reference_split: str
    held_out: str
    n: int
    n_reference: int
    seed: int
    shape: tuple[int, int, int]
    step: int | None
    notes: Mapping[str, float | str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    time: str = ""

    def to_json(self) -> str:
        """Return JSON on one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Evaluation:
    """The results of one evaluation, in order: `evaluation["EffNetLite0-FD"].value`.

    Attributes:
        results: the numbers.
        skipped: for each metric that was not measured, the reason.
        remarks: notes that concern all numbers.
    """

    results: tuple[Result, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __getitem__(self, key: Any) -> Any:
        """Return a result by its name, or raise KeyError; by its index, or raise IndexError."""
        if not isinstance(key, str):
            return self.results[key]
        for result in self.results:
            if result.name == key:
                return result
        known = ", ".join(result.name for result in self.results) or "none"
        lines = [f"no result named {key!r}; there are {known}", *not_measured(self).values()]
        raise KeyError("; ".join(lines))

    def values(self) -> dict[str, float]:
        """Return the numbers by name."""
        return {result.name: result.value for result in self.results}

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return heads and cells as text: each number beside its floor."""
        rows = [
            [
                result.name,
                _number(result.value, result.std),
                "" if result.floor is None else _number(result.floor, result.floor_std),
                result.better,
                result.blind_to,
            ]
            for result in self.results
        ]
        return ["", "value", "floor", "better", "blind to"], rows

    def notes(self) -> list[str]:
        """Return what the numbers depend on: images, n, random seed, extractors, and remarks."""
        lines = []
        for first in self.results[:1]:
            lines.append(
                f"{first.sample} against {first.reference}; n = {first.n:,}, seed {first.seed}"
            )
            if first.held_out:
                lines.append(f"floor: {first.held_out}")
        for result in self.results:
            if result.extractor:
                notes = "".join(f"; {key} {value}" for key, value in result.notes.items())
                digits = result.extractor_hash[:HASH_DIGITS]
                line = f"{result.extractor} {digits}: {result.resizing}{notes}"
                if line not in lines:
                    lines.append(line)
        return [*lines, *self.remarks]

    def _repr_html_(self) -> str:
        """Show the table in a notebook, and below it what the numbers depend on."""
        notes = [*self.notes(), *not_measured(self).values()]
        return notebook.table(*self.table()) + notebook.lines(notes)

    def append_to(self, file: Path) -> None:
        """Append the results to a file of JSON lines, a run's `evaluations.jsonl`.

        A metric that was not measured is a line with the reason. If the file cannot be written, a
        warning says so.
        """
        first = self.results[0]
        facts = {"sample": first.sample, "step": first.step, "time": first.time}
        lines = [result.to_json() for result in self.results]
        lines += [
            json.dumps({"metric": name, "not_measured": reason, **facts})
            for name, reason in self.skipped.items()
        ]
        try:
            with file.open("a", encoding="utf-8") as stream:
                stream.writelines(line + "\n" for line in lines)
        except OSError as error:
            message = f"the results are not saved: cannot write {file}: {error.strerror}"
            warnings.warn(GanzooWarning(message), stacklevel=3)


def _number(value: float, std: float | None) -> str:
    return f"{value:.4g}" + ("" if std is None else f" ± {std:.2g}")


def not_measured(evaluation: Evaluation) -> dict[str, Message]:
    """Return a line for each metric that was not measured, with the reason."""
    return {
        name: Message(f"not measured: {name}: {getattr(reason, 'marked', reason)}")
        for name, reason in evaluation.skipped.items()
    }


class NothingMeasured(Unsupported):
    """No metric of an evaluation could be measured. Exit code 1.

    Attributes:
        evaluation: without results; its `skipped` has the reasons.
    """

    exit_code = 1

    def __init__(self, evaluation: Evaluation) -> None:
        super().__init__("\n".join(line.marked for line in not_measured(evaluation).values()))
        self.evaluation = evaluation
