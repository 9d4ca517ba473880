"""Comparing a sample with a reference: numbers with their floors.

sources -> n images of each, of one shape -> features (cached for real images) -> metrics
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, GanzooWarning, Message, PluginError, Unsupported, UsageError
from ganzoo.evaluation.components import Chosen, ExtractorChoice, reason
from ganzoo.evaluation.features import with_features
from ganzoo.evaluation.results import Evaluation, NothingMeasured, Result
from ganzoo.evaluation.sources import Source
from ganzoo.interfaces.extractor import Extractor
from ganzoo.interfaces.metric import ImageSet, Measured, Metric, Score
from ganzoo.randomness import isolated

SMALLEST = 2
"""Smallest number of images in a set: one image has no spread."""

Notify = Callable[[str], None]
"""Receives a line about the current work."""


def compare_sources(
    sample: Source,
    reference: Source,
    metrics: Sequence[Chosen],
    *,
    unavailable: Mapping[str, Message],
    n: int,
    extractor: ExtractorChoice,
    seed: int,
    floor: bool,
    device: torch.device,
    notify: Notify,
) -> Evaluation:
    """Measure a sample against a reference; see `ganzoo.evaluate` for the arguments.

    Args:
        sample: the images to evaluate.
        reference: the images to compare with.
        metrics: to measure.
        unavailable: for each metric that could not be made, the reason.
        n: number of images on each side, at most.
        extractor: of the features.
        seed: random seed of the choice of images and of metrics.
        floor: whether to measure it.
        device: of the networks.
        notify: called with a message at each stage.

    Raises:
        NothingMeasured: no metric could be measured on these images.
    """
    n, remarks = _limited(n, sample, reference, floor)
    with isolated(device):
        images = _DrawnImages(sample, reference, n, seed, floor, device, notify)
        skipped, failure = dict(unavailable), None
        results: list[Result] = []
        for metric in metrics:
            try:
                metric.instance.check(sample.spec)
                featured = _featured(metric.instance, extractor, images)
                results += _measure(metric, featured, images)
            except Exception as error:  # the numbers of the other metrics are still given
                if metric.component is None and not isinstance(error, GanzooError):
                    raise
                skipped[metric.short_name], failure = reason(error), error
    evaluation = Evaluation(tuple(results), skipped, tuple(remarks))
    if not results:
        raise NothingMeasured(evaluation) from failure
    return evaluation


def _limited(n: int, sample: Source, reference: Source, floor: bool) -> tuple[int, list[str]]:
    """Limit n to the number of images that both sources have, with a remark if that is fewer."""
    # Images of each source.
    limits = [(sample.count, sample.title), (reference.count, reference.title)]
    if floor:
        title = f"{reference.title}, as many of which are held out for the floor"
        limits.append((reference.reserve, title))
    known = [(count, title) for count, title in limits if count is not None]

    # The smallest limit.
    remarks = []
    if known:
        count, title = min(known, key=lambda limit: limit[0])
        if count < n:
            n = count
            remarks.append(f"n is {n:,}: there are no more images of {title}")
    if n < SMALLEST:
        raise UsageError(f"n must be at least {SMALLEST}, and is {n}")
    return n, remarks


@dataclass(frozen=True)
class _FeaturedImages:
    """The images of an evaluation with the features of one extractor."""

    extractor: Chosen
    notes: Mapping[str, float | str]
    sample: ImageSet
    reference: ImageSet
    held_out: ImageSet | None


class _DrawnImages:
    """The images of an evaluation, drawn once; features of each extractor are computed once.

    Nothing is drawn before it is used: a metric or an extractor that is refused costs no images.
    """

    def __init__(
        self,
        sample: Source,
        reference: Source,
        n: int,
        seed: int,
        floor: bool,
        device: torch.device,
        notify: Notify,
    ) -> None:
        self.sample_source, self.reference_source = sample, reference
        self.n, self.seed, self.device, self.notify = n, seed, device, notify
        self.floor = floor
        self._featured: dict[str, _FeaturedImages | Exception] = {}

    @cached_property
    def reference(self) -> ImageSet:
        """Of the reference."""
        return self.reference_source.draw(self.n, seed=self.seed)

    @cached_property
    def sample(self) -> ImageSet:
        """Of the sample, under the labels or conditions of the reference."""
        self.notify(f"drawing {self.n:,} images of each")
        return self.sample_source.draw(self.n, seed=self.seed, like=self._like)

    @cached_property
    def held_out(self) -> ImageSet | None:
        """Of the reference, beside those that are compared with; None without a floor."""
        if not self.floor:
            return None
        return self.reference_source.draw_held_out(self.n, seed=self.seed, like=self._like)

    @property
    def _like(self) -> Tensor | None:
        labels = self.reference.labels
        return self.reference.conditions if labels is None else labels

    def featured(self, chosen: Chosen) -> _FeaturedImages:
        """The images with the features of an extractor; if that fails, it fails once for all."""
        if chosen.name not in self._featured:
            try:
                self._featured[chosen.name] = self._extract(chosen)
            except Exception as error:
                self._featured[chosen.name] = error
        featured = self._featured[chosen.name]
        if isinstance(featured, Exception):
            raise featured
        return featured

    def _extract(self, chosen: Chosen) -> _FeaturedImages:
        extractor: Extractor = chosen.instance
        sample, reference = self.sample_source, self.reference_source
        with chosen.blame():
            # Prepare the extractor.
            notes: Mapping[str, float | str] = {}
            if extractor.prepares:
                self.notify(f"preparing {extractor.display}")
                notes = extractor.prepare(reference.whole(), reference.identity)
            if extractor.display in sample.trained_with:
                notes = {**notes, **_biased(extractor)}

            # Compute features; weights that are missing are noticed before images are drawn.
            _ = extractor.fingerprint
            self.notify(f"{extractor.display} features")
            sample_images = self._with_features(self.sample, extractor, sample, "shown")
            reference_images = self._with_features(self.reference, extractor, reference, "shown")
            held_out = None
            if self.held_out is not None:
                held_out = self._with_features(self.held_out, extractor, reference, "held out")
        return _FeaturedImages(chosen, notes, sample_images, reference_images, held_out)

    def _with_features(
        self, images: ImageSet, extractor: Extractor, source: Source, part: str
    ) -> ImageSet:
        """Features of one part of a source, cached if the source has an identity."""
        identity = ""
        if source.identity:
            identity = f"{source.identity}/{part}/{self.n}/{self.seed}"
        return with_features(images, extractor, self.device, identity=identity)


def _biased(extractor: Extractor) -> dict[str, str]:
    """Warn of a generator that was trained with the network that measures it; returns a note."""
    reason = f"the generator was trained with the help of {extractor.display}"
    message = (
        f"{reason}, so scores of its features make it look better than it is. Compare it by "
        "another extractor: see `ganzoo list extractors`"
    )
    warnings.warn(GanzooWarning(message), stacklevel=2)
    return {"biased": reason}


def _featured(
    metric: Metric, extractor: ExtractorChoice, images: _DrawnImages
) -> _FeaturedImages | None:
    """The images with the features or logits that a metric uses; None if it uses pixels."""
    labels, title = images.reference.labels, images.reference_source.title
    if metric.needs_labels and labels is None:
        raise Unsupported(f"needs labels, and {title} has none")
    chosen = extractor.for_metric(metric)
    if chosen is None:
        return None
    if chosen.instance.needs_labels and labels is None:
        raise Unsupported(f"the extractor {chosen.name} needs labels, and {title} has none")
    return images.featured(chosen)


def _measure(
    chosen: Chosen, featured: _FeaturedImages | None, images: _DrawnImages
) -> list[Result]:
    """Measure every score of a metric, with its floor."""
    metric: Metric = chosen.instance
    images.notify(f"measuring {chosen.short_name}")

    # Images to compare: of the sample with the reference, of the floor with the rest of it.
    compared = featured or images
    reference = rest = compared.reference
    if metric.whole_reference:
        reference = images.reference_source.whole()
        rest = images.reference_source.whole(without=images.n, seed=images.seed)

    # Scores and floors.
    with chosen.blame():
        scores = metric.measure(compared.sample, reference, seed=images.seed)
        floors: Mapping[str, Measured] = {}
        if compared.held_out is not None:
            floors = metric.measure(compared.held_out, rest, seed=images.seed)
        _check_scores(metric, scores, floors)

    return [
        _result(
            chosen,
            score,
            scores[score.name],
            floors.get(score.name),
            featured,
            images,
            len(reference),
        )
        for score in metric.scores
    ]


def _check_scores(
    metric: Metric, scores: Mapping[str, Measured], floors: Mapping[str, Measured]
) -> None:
    """Refuse numbers that are missing or not finite.

    Raises:
        PluginError: names the score.
    """
    for score in metric.scores:
        if score.name not in scores:
            raise PluginError(f"'{score.name}' is among its scores, and it does not return it")
        for number in filter(None, (scores[score.name], floors.get(score.name))):
            if not math.isfinite(number.value + (number.std or 0)):
                raise PluginError(f"'{score.name}' is not finite: {number}")


def _result(
    chosen: Chosen,
    score: Score,
    measured: Measured,
    floor: Measured | None,
    featured: _FeaturedImages | None,
    images: _DrawnImages,
    n_reference: int,
) -> Result:
    """One number with everything it depends on."""
    sample, reference = images.sample_source, images.reference_source
    extractor: Extractor | None = featured.extractor.instance if featured else None
    return Result(
        name=extractor.title(score.name) if extractor else score.name,
        value=measured.value,
        std=measured.std,
        floor=floor.value if floor else None,
        floor_std=floor.std if floor else None,
        better=score.better,
        metric=chosen.name,
        blind_to=chosen.instance.blind_to,
        extractor=featured.extractor.name if featured else "",
        extractor_hash=extractor.fingerprint if extractor else "",
        resizing=extractor.resizing if extractor else "",
        sample=sample.title,
        reference=reference.title,
        reference_split=reference.split,
        held_out=reference.held_out_as if floor else "",
        n=images.n,
        n_reference=n_reference,
        seed=images.seed,
        shape=sample.spec.shape,
        step=sample.step,
        notes=featured.notes if featured else {},
        versions={
            "torch": torch.__version__,
            **chosen.versions,
            **(featured.extractor.versions if featured else {}),
        },
        time=datetime.now(UTC).isoformat(),
    )
