"""Evaluate: two sets of images in, numbers with their floors out.

sources -> images of one shape, n of each -> features (real ones from the cache) -> metrics
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import torch

from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import PluginError, Unsupported, UsageError
from ganzoo.evaluation.components import Choice, Chosen, choose_extractor
from ganzoo.evaluation.features import with_features
from ganzoo.evaluation.results import Evaluation, Result
from ganzoo.evaluation.sources import Source
from ganzoo.interfaces.extractor import Classifier, Extractor
from ganzoo.interfaces.metric import ImageSet, Measured, Metric
from ganzoo.randomness import isolated

SMALLEST = 2
"""Images in a set: one has no spread."""

Tell = Callable[[str], None]


def compare_sources(
    sample: Source,
    reference: Source,
    metrics: Sequence[Chosen],
    *,
    n: int,
    extractor: Choice | Extractor | None,
    extractor_options: Mapping[str, Any],
    seed: int,
    floor: bool,
    device: torch.device,
    host: PluginHost | None,
    tell: Tell,
) -> Evaluation:
    """Measure a sample against a reference; see `ganzoo.evaluate` for the arguments.

    Raises:
        UsageError: something that cannot be measured, and was asked for.
    """
    n, remarks = _affordable(n, sample, reference, floor)
    with isolated(device):
        bench = _Bench(sample, reference, n, seed, floor, device, tell)
        skipped: dict[str, str] = {}
        results: list[Result] = []
        for metric in metrics:
            try:
                metric.made.check(sample.spec)
                used = _extractor_for(metric.made, extractor, extractor_options, bench, host)
                results += _measure(metric, used, bench)
            except Unsupported as error:
                if metric.asked:
                    raise
                skipped[metric.name.rpartition("/")[2]] = str(error)
    return Evaluation(tuple(results), skipped, tuple(remarks))


def _affordable(n: int, sample: Source, reference: Source, floor: bool) -> tuple[int, list[str]]:
    """How many images of each there are, and what to say where that is fewer than asked for."""
    limits = {sample.title: sample.count, reference.title: reference.count}
    if floor and reference.reserve is not None:
        limits[f"{reference.title}, as many of which are held out for the floor,"] = (
            reference.reserve
        )
    known = {title: limit for title, limit in limits.items() if limit is not None}
    least = min(known, key=lambda title: known[title], default=None)
    remarks = []
    if least is not None and known[least] < n:
        n = known[least]
        remarks.append(f"n is {n:,}: there are no more images of {least.rstrip(',')}")
    if n < SMALLEST:
        raise UsageError(f"n must be at least {SMALLEST}, and is {n}")
    return n, remarks


@dataclass(frozen=True)
class _Used:
    """An extractor, prepared, with the images as it sees them."""

    chosen: Chosen
    notes: Mapping[str, float | str]
    sample: ImageSet
    reference: ImageSet
    held_out: ImageSet | None


class _Bench:
    """The images of an evaluation, drawn once; features of each extractor, computed once."""

    def __init__(
        self,
        sample: Source,
        reference: Source,
        n: int,
        seed: int,
        floor: bool,
        device: torch.device,
        tell: Tell,
    ) -> None:
        self.sources = sample, reference
        self.n, self.seed, self.floor, self.device, self.tell = n, seed, floor, device, tell
        tell(f"drawing {n:,} images of each")
        self.reference = reference.draw(n, seed=seed)
        self.sample = sample.draw(n, seed=seed, like=self.reference.labels)
        self.held_out = (
            reference.draw_held_out(n, seed=seed, like=self.reference.labels) if floor else None
        )
        self._used: dict[str, _Used] = {}

    def seen_by(self, chosen: Chosen) -> _Used:
        """The images with their features."""
        key = chosen.name
        if key in self._used:
            return self._used[key]
        extractor: Extractor = chosen.made
        sample, reference = self.sources
        notes: Mapping[str, float | str] = {}
        with registry.blame(chosen.component) if chosen.component else nullcontext():
            if extractor.needs_labels:
                self.tell(f"preparing {extractor.display}")
                notes = extractor.prepare(reference.whole(), reference.identity)
            self.tell(f"{extractor.display} features")
            seen = [
                with_features(images, extractor, self.device, identity=identity)
                for images, identity in (
                    (self.sample, self._kept(sample, "shown")),
                    (self.reference, self._kept(reference, "shown")),
                )
            ]
            held_out = self.held_out and with_features(
                self.held_out, extractor, self.device, identity=self._kept(reference, "held out")
            )
        self._used[key] = _Used(chosen, notes, seen[0], seen[1], held_out)
        return self._used[key]

    def _kept(self, source: Source, part: str) -> str:
        return source.identity and f"{source.identity}/{part}/{self.n}/{self.seed}"


def _extractor_for(
    metric: Metric,
    given: Choice | Extractor | None,
    options: Mapping[str, Any],
    bench: _Bench,
    host: PluginHost | None,
) -> _Used | None:
    """What a metric needs of features or of a classifier; None where it looks at pixels."""
    labels = bench.reference.labels
    if metric.needs_labels and labels is None:
        raise Unsupported(f"needs labels, and {bench.sources[1].title} has none")
    if metric.uses == "pixels":
        return None
    chosen = choose_extractor(given, options, host)
    if metric.uses == "logits" and not isinstance(chosen.made, Classifier):
        chosen = choose_extractor(None, {}, host, classifier=True)
    if chosen.made.needs_labels and labels is None:
        raise Unsupported(
            f"the extractor {chosen.name} needs labels, and {bench.sources[1].title} has none"
        )
    return bench.seen_by(chosen)


def _measure(chosen: Chosen, used: _Used | None, bench: _Bench) -> list[Result]:
    """Every score of a metric, with its floor."""
    metric: Metric = chosen.made
    sample, reference = bench.sources
    seed = bench.seed
    bench.tell(f"measuring {chosen.name.rpartition('/')[2]}")
    images = used or bench
    by, rest = images.reference, images.reference
    if metric.whole_reference:
        by, rest = reference.whole(), reference.whole(without=bench.n, seed=seed)
    with registry.blame(chosen.component) if chosen.component else nullcontext():
        found = metric.measure(images.sample, by, seed=seed)
        floors: Mapping[str, Measured] = {}
        if images.held_out is not None:
            floors = metric.measure(images.held_out, rest, seed=seed)
    extractor: Extractor | None = used.chosen.made if used else None
    results = []
    for score in metric.scores:
        if score.name not in found:
            raise PluginError(f"the metric '{chosen.name}' promised a score '{score.name}'")
        value, at_best = found[score.name], floors.get(score.name)
        results.append(
            Result(
                name=extractor.title(score.name) if extractor else score.name,
                value=value.value,
                std=value.std,
                floor=at_best.value if at_best else None,
                floor_std=at_best.std if at_best else None,
                better=score.better,
                metric=chosen.name,
                blind_to=metric.blind_to,
                extractor=used.chosen.name if used else "",
                extractor_hash=extractor.fingerprint if extractor else "",
                resizing=extractor.resizing if extractor else "",
                sample=sample.title,
                reference=reference.title,
                reference_split=reference.split,
                held_out=reference.held_out_as if at_best else "",
                n=bench.n,
                n_reference=len(by),
                seed=seed,
                shape=sample.spec.shape,
                step=sample.step,
                notes=used.notes if used else {},
                versions={
                    "torch": torch.__version__,
                    **chosen.versions,
                    **(used.chosen.versions if used else {}),
                },
                time=datetime.now(UTC).isoformat(),
            )
        )
    return results
