"""Results: a number, all that one must know to trust it, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """One number.

    Attributes:
        name: what it is called: `"EffNetLite0-FD"`.
        value: the number.
        std: its standard deviation, where the metric knows it.
        floor: the same number of real images held out, at the same n: no generator can be
            expected to do better. None where nothing could be held out.
        floor_std: the floor's standard deviation.
        better: `"lower"` or `"higher"`.
        metric: the component, `distribution/name`.
        blind_to: what the metric does not see.
        extractor: the component that made the features; empty where none did.
        extractor_hash: of its weights and options.
        resizing: how images became its input.
        sample: what was judged.
        reference: what it was judged by.
        reference_split: of the dataset.
        held_out: what the floor was measured on.
        n: images in the sample.
        n_reference: images in the reference.
        seed: of the choice of images and of the metric.
        shape: of the images compared, `(channels, height, width)`.
        step: of the checkpoint; None where the sample is not of a run.
        notes: what the extractor told (a classifier's accuracy).
        versions: of the distributions that took part.
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
        """On one line."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Evaluation:
    """The results of one comparison, in order; `evaluation["EffNetLite0-FD"].value` is one.

    Attributes:
        results: the numbers.
        skipped: metrics that were not measured, with the reason.
        remarks: what a reader should know of all of them.
    """

    results: tuple[Result, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __getitem__(self, key: Any) -> Any:
        """A result by its name, or by its place."""
        if not isinstance(key, str):
            return self.results[key]
        for result in self.results:
            if result.name == key:
                return result
        known = ", ".join(result.name for result in self.results) or "none"
        raise KeyError(f"no result named {key!r}; there are {known}")

    def values(self) -> dict[str, float]:
        """The numbers by name."""
        return {result.name: result.value for result in self.results}

    def append_to(self, file: Path) -> None:
        """Append every result to a file of JSON lines, a run's `evaluations.jsonl`."""
        with file.open("a", encoding="utf-8") as stream:
            stream.writelines(result.to_json() + "\n" for result in self.results)
