"""Promises of a metric: the scores it names, reproducible, without changing the images."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from unittest import SkipTest

import torch

from ganzoo.errors import Unsupported
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.metric import ImageSet, Measured, Metric
from ganzoo.testing.core import Bench, Promises, expect

N = 40
"""Images in a set."""

CLASSES = 4
SPECS = (ImageSpec(3, 16, 16, CLASSES), ImageSpec(2, 1, 1, CLASSES))
"""Pictures, and points for metrics that refuse pictures."""


def image_set(spec: ImageSpec, seed: int, count: int = N) -> ImageSet:
    """Make images of classes that differ in brightness, with features and logits of the classes."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % CLASSES
    brightness = 40 + 50 * labels[:, None, None, None]
    noise = torch.randint(-20, 20, (count, *spec.shape), generator=rng)
    hot = torch.eye(CLASSES)[labels]
    features = torch.randn(count, 6, generator=rng) + torch.cat([hot, hot[:, :2]], 1)
    logits = 4 * hot + torch.randn(count, CLASSES, generator=rng)
    images = (brightness + noise).clamp(0, 255).to(torch.uint8)
    return ImageSet(
        images=images, labels=labels, num_classes=CLASSES, features=features, logits=logits
    )


class MetricBench(Bench):
    """A metric under test."""

    def spec(self) -> ImageSpec:
        """Shape of images that it accepts.

        Raises:
            SkipTest: it refuses both pictures and points.
        """
        metric: Metric = self.make()
        for spec in SPECS:
            try:
                metric.check(spec)
            except Unsupported:
                continue
            return spec
        raise SkipTest(f"'{self.name}' takes neither pictures of 16x16 pixels nor points")

    def measure(self, *, seed: int = 0) -> Mapping[str, Measured]:
        """Measure two image sets with a fresh metric."""
        spec = self.spec()
        metric: Metric = self.make()
        return metric.measure(image_set(spec, 1), image_set(spec, 2), seed=seed)


promise = Promises(MetricBench)


@promise(mend="return `{score.name: ganzoo.Measured(...)}` for each of `scores`, finite numbers")
def gives_its_scores(bench: MetricBench) -> None:
    """It returns each score that it names, as a finite number."""
    metric: Metric = bench.make()
    scores = bench.measure()
    for score in metric.scores:
        expect(score.name in scores, f"no '{score.name}' among {sorted(scores)}")
        measured = scores[score.name]
        numbers = [measured.value] if measured.std is None else [measured.value, measured.std]
        finite = all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers)
        expect(finite, f"'{score.name}' is {measured}")


@promise(mend="draw random numbers from a generator of its own, seeded with `seed`")
def follows_from_its_seed(bench: MetricBench) -> None:
    """It returns the same numbers for the same images and seed."""
    first = bench.measure(seed=3)
    torch.rand(7)
    second = bench.measure(seed=3)
    expect(first == second, f"{dict(first)} and then {dict(second)}")


@promise(mend="change a copy: other metrics get the same images")
def leaves_the_images_alone(bench: MetricBench) -> None:
    """It changes neither images nor features."""
    spec = bench.spec()
    sets = [image_set(spec, seed) for seed in (1, 2)]
    bench.make().measure(*sets, seed=0)
    originals = [image_set(spec, seed) for seed in (1, 2)]
    for images, original in zip(sets, originals, strict=True):
        for name in ("images", "labels", "features", "logits"):
            same = torch.equal(getattr(images, name), getattr(original, name))
            expect(same, f"it changed the {name} it was given")


@promise(mend="set `blind_to`, since a good number for bad images misleads")
def says_what_it_is_blind_to(bench: MetricBench) -> None:
    """It names the flaws that it does not detect."""
    expect(str(getattr(bench.make(), "blind_to", "")).strip(), "its blind_to is empty")


@promise(mend="declare what it reads by `uses` and `needs_labels`; nothing else is there")
def asks_for_what_it_reads(bench: MetricBench) -> None:
    """It reads no features, logits and labels that it does not declare."""
    metric: Metric = bench.make()
    spec = bench.spec()
    sets = []
    for seed in (1, 2):
        full = image_set(spec, seed)
        declared = replace(
            full,
            features=None if metric.uses == "pixels" else full.features,
            logits=full.logits if metric.uses == "logits" else None,
            labels=full.labels if metric.needs_labels else None,
        )
        sets.append(declared)
    metric.measure(sets[0], sets[1], seed=0)
