"""What a metric promises: the numbers it names, the same each time, of images it leaves alone."""

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
CLASSES = 4
SPECS = (ImageSpec(3, 16, 16, CLASSES), ImageSpec(2, 1, 1, CLASSES))
"""Pictures, and points for metrics that refuse pictures."""


def image_set(spec: ImageSpec, seed: int, count: int = N) -> ImageSet:
    """Images of classes that differ in brightness, with features and logits that follow them."""
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
        """The images it takes.

        Raises:
            SkipTest: it refuses pictures and points.
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
        """What a fresh one measures."""
        spec = self.spec()
        metric: Metric = self.make()
        return metric.measure(image_set(spec, 1), image_set(spec, 2), seed=seed)


promise = Promises(MetricBench)


@promise(mend="return `{score.name: ganzoo.Measured(...)}` for each of `scores`, finite numbers")
def gives_its_scores(bench: MetricBench) -> None:
    """It gives each score that it names, as a finite number."""
    metric: Metric = bench.make()
    found = bench.measure()
    for score in metric.scores:
        expect(score.name in found, f"no '{score.name}' among {sorted(found)}")
        measured = found[score.name]
        numbers = [measured.value, *([measured.std] if measured.std is not None else [])]
        fine = all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers)
        expect(fine, f"'{score.name}' is {measured}")


@promise(mend="draw whatever is random from a generator of one's own, seeded with `seed`")
def follows_from_its_seed(bench: MetricBench) -> None:
    """It gives the same numbers for the same images and seed."""
    first = bench.measure(seed=3)
    torch.rand(7)
    second = bench.measure(seed=3)
    expect(first == second, f"{dict(first)} and then {dict(second)}")


@promise(mend="copy what is to be changed: other metrics are given the same images")
def leaves_the_images_alone(bench: MetricBench) -> None:
    """It changes neither images nor features."""
    spec = bench.spec()
    sets = [image_set(spec, seed) for seed in (1, 2)]
    bench.make().measure(*sets, seed=0)
    for given, again in zip(sets, (image_set(spec, seed) for seed in (1, 2)), strict=True):
        for name in ("images", "labels", "features", "logits"):
            same = torch.equal(getattr(given, name), getattr(again, name))
            expect(same, f"it changed the {name} it was given")


@promise(mend="set `blind_to`; a good number of bad images misleads whoever does not know")
def says_what_it_is_blind_to(bench: MetricBench) -> None:
    """It says in words what it does not see."""
    expect(str(getattr(bench.make(), "blind_to", "")).strip(), "its blind_to is empty")


@promise(mend="ask for what is read by `uses`, `needs_labels`; what is not asked for is not there")
def asks_for_what_it_reads(bench: MetricBench) -> None:
    """It does without the features, logits and labels it does not ask for."""
    metric: Metric = bench.make()
    spec = bench.spec()
    sets = []
    for seed in (1, 2):
        full = image_set(spec, seed)
        asked = replace(
            full,
            features=None if metric.uses == "pixels" else full.features,
            logits=full.logits if metric.uses == "logits" else None,
            labels=full.labels if metric.needs_labels else None,
        )
        sets.append(asked)
    metric.measure(sets[0], sets[1], seed=0)
