"""Evaluate: two sets of images in, numbers with their floors out.

sources -> images of one shape, n of each -> features (real ones from the cache) -> metrics
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import torch

from ganzoo import registry
from ganzoo.engine.precision import resolve_device
from ganzoo.engine.randomness import isolated
from ganzoo.errors import PluginError, Unsupported, UsageError
from ganzoo.evaluation.components import (
    Choice,
    Chosen,
    choose_extractor,
    choose_metrics,
    unused,
)
from ganzoo.evaluation.features import with_features
from ganzoo.evaluation.given import Given, open_both
from ganzoo.evaluation.results import Evaluation, Result
from ganzoo.evaluation.sources import Generated, Source
from ganzoo.host import PluginHost
from ganzoo.interfaces.extractor import Classifier, Extractor
from ganzoo.interfaces.metric import Measured, Metric
from ganzoo.interfaces.values import ImageSet

SMALLEST = 2
"""Images in a set: one has no spread."""

Tell = Callable[[str], None]


def evaluate(
    a: Given,
    b: Given | None = None,
    *,
    metrics: Choice | Metric | Iterable[Choice | Metric] | None = None,
    n: int = 10_000,
    extractor: Choice | Extractor | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    floor: bool = True,
    device: str = "auto",
    host: PluginHost | None = None,
    tell: Tell | None = None,
) -> Evaluation:
    """Compare two sets of images.

        ganzoo.evaluate("runs/00001-dcgan-bce-fashion-mnist")
        ganzoo.evaluate(run, "fashion-mnist:test", metrics=["frechet"], n=5000)
        ganzoo.evaluate("pictures", "emoji", extractor={"name": "efficientnet-lite0", "size": 64})

    Beside each number stands its floor: the same comparison with real images that were held out
    in place of the sample, at the same n. They are those of the test split where the dataset has
    one, and else half of its images; n is lowered to what there is. Results of a run are appended
    to `evaluations.jsonl` in its directory.

    Args:
        a: what is judged: a run or a checkpoint (the averaged generator), a folder of images, a
            dataset (`"name"`, `"name:split"` or a dict of `name`, `split`, `skip_bad` and
            options), or
            images `(N, C, H, W)`, uint8 or in [-1, 1].
        b: what it is judged by, likewise; the images a run was trained on where None.
        metrics: names, dicts of `name` and options, or `ganzoo.Metric`s; those that offer
            themselves where None, less those that these images mean nothing to.
        n: images of each, at most.
        extractor: a name, a dict of `name` and options, or a `ganzoo.Extractor`; the one that
            offers itself where None.
        seed: of the choice of images, of z, and of what is random in a metric.
        options: more options by dotted key: `{"metric.kernel.subsets": 50}`.
        floor: measure it; it takes the time again.
        device: where networks run.
        host: the plugins to choose from; the installed ones where None.
        tell: called with what is being done.

    Raises:
        UsageError: something that cannot be compared or measured, and was asked for.
        DataError: images are missing or unreadable.
    """
    tell = tell or (lambda message: None)
    place = resolve_device(device)
    metric_options, extractor_options = _sections(options or {})
    chosen = choose_metrics(metrics, metric_options, host)
    unused(metric_options, chosen)
    sample, reference = open_both(a, b, device=device, host=host)
    n, remarks = _affordable(n, sample, reference, floor)
    with isolated(place):
        bench = _Bench(sample, reference, n, seed, floor, place, tell)
        skipped: dict[str, str] = {}
        results: list[Result] = []
        for metric in chosen:
            try:
                metric.made.check(sample.spec)
                used = _extractor_for(metric.made, extractor, extractor_options, bench, host)
                results += _measure(metric, used, bench)
            except Unsupported as error:
                if metric.asked:
                    raise
                skipped[metric.name.rpartition("/")[2]] = str(error)
    done = Evaluation(tuple(results), skipped, tuple(remarks))
    if isinstance(sample, Generated):
        done.append_to(sample.run.path)
    return done


def _sections(options: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Options of metrics by name, and those of the extractor."""
    metrics: dict[str, dict[str, Any]] = {}
    extractor: dict[str, Any] = {}
    for key, value in options.items():
        match key.split("."):
            case ["metric", name, option]:
                metrics.setdefault(name, {})[option] = value
            case ["extractor", option]:
                extractor[option] = value
            case _:
                raise UsageError(
                    f"'{key}' is no option of an evaluation; there are metric.NAME.KEY and "
                    "extractor.KEY"
                )
    return metrics, extractor


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
                step=sample.run.manifest.step if isinstance(sample, Generated) else None,
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
