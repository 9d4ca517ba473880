"""Promises of the metrics, against closed forms and second implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_fidelity.options import KernelOptions, SplitOptions
from scipy.linalg import sqrtm

import ganzoo

pytest.importorskip("torch_fidelity")
from ganzoo_fidelity.metrics import Frechet, InceptionScore, Kernel, PrecisionRecall


def of(**tensors) -> ganzoo.ImageSet:
    count = len(next(iter(tensors.values())))
    return ganzoo.ImageSet(images=torch.zeros(count, 1, 1, 1, dtype=torch.uint8), **tensors)


def drawn(seed, count=400, width=6, shift=0.0, scale=1.0):
    rng = torch.Generator().manual_seed(seed)
    return of(features=scale * torch.randn(count, width, generator=rng) + shift)


def test_the_frechet_distance_is_that_of_the_definition():
    a, b = drawn(0), drawn(1, shift=0.5, scale=1.5)
    x, y = (s.features.double().numpy() for s in (a, b))
    product = sqrtm(np.cov(x.T) @ np.cov(y.T)).real
    wanted = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(
        np.cov(x.T) + np.cov(y.T) - 2 * product
    )
    assert Frechet().measure(a, b, seed=0)["FD"].value == pytest.approx(wanted, rel=1e-6)


def test_the_frechet_distance_of_a_set_from_itself_is_nothing():
    assert Frechet().measure(drawn(0), drawn(0), seed=0)["FD"].value == pytest.approx(0, abs=1e-6)


def unbiased_mmd(x, y):
    """The unbiased squared maximum mean discrepancy with a cubic kernel."""

    def kernel(p, q):
        return (p @ q.T / p.shape[1] + 1) ** 3

    def mean_of_pairs(k):
        return (k.sum() - k.diagonal().sum()) / (len(k) * (len(k) - 1))

    x, y = x.double(), y.double()
    cross = kernel(x, y).mean()
    return (mean_of_pairs(kernel(x, x)) + mean_of_pairs(kernel(y, y)) - 2 * cross).item()


def over_subsets(a, b, count, size):
    """The same, mean and standard deviation over the subsets that torch-fidelity draws."""
    rng = np.random.RandomState(0)
    values = []
    for _ in range(count):
        x, y = (s.features[rng.choice(len(s), size, replace=False)] for s in (a, b))
        values.append(unbiased_mmd(x, y))
    return pytest.approx(np.mean(values), rel=1e-6), pytest.approx(np.std(values), rel=1e-6)


@pytest.mark.parametrize("origin", [0, 1000])
def test_the_kernel_distance_is_the_unbiased_one_with_a_cubic_kernel(origin):
    """Far from the origin too, where float32 gave another number."""
    a, b = drawn(0, 60, shift=origin), drawn(1, 60, shift=origin + 0.4)
    found = Kernel(KernelOptions(subsets=3, subset_size=30)).measure(a, b, seed=0)["KD"]
    assert (found.value, found.std) == over_subsets(a, b, count=3, size=30)


def test_a_subset_is_at_most_half_of_the_images_so_that_its_deviation_is_not_of_rounding():
    a, b = drawn(0, 50), drawn(1, 40)
    found = Kernel().measure(a, b, seed=0)["KD"]
    assert (found.value, found.std) == over_subsets(a, b, count=100, size=20)
    assert found.std > 0.05


def test_there_is_no_deviation_where_all_subsets_are_the_same():
    a, b = drawn(0, 2), drawn(1, 2)
    found = Kernel().measure(a, b, seed=0)["KD"]
    assert found.value == pytest.approx(unbiased_mmd(a.features, b.features))
    assert found.std is None
    assert Kernel(KernelOptions(subsets=1)).measure(drawn(0), drawn(1), seed=0)["KD"].std is None
    one = SplitOptions(splits=1)
    images = of(logits=torch.eye(10))
    assert InceptionScore(one).measure(images, images, seed=0)["IS"].std is None


def test_precision_and_recall_are_those_of_balls_counted_one_by_one():
    a, b = drawn(0, 40, shift=0.7), drawn(1, 40)

    def share(points, centres):
        inside = 0
        for p in points:
            for c in centres:
                radius = (centres - c).norm(dim=1).sort().values[3]
                if (p - c).norm() <= radius:
                    inside += 1
                    break
        return inside / len(points)

    found = PrecisionRecall().measure(a, b, seed=0)
    assert found["precision"].value == pytest.approx(share(a.features, b.features))
    assert found["recall"].value == pytest.approx(share(b.features, a.features))


def test_precision_and_recall_do_not_depend_on_the_origin_of_the_features():
    a, b = drawn(0, 300, shift=0.5), drawn(1, 300)
    sets = [of(features=torch.round(128 * s.features) / 128) for s in (a, b)]  # exact at 1,000
    moved = [of(features=s.features + 1000) for s in sets]
    assert PrecisionRecall().measure(*sets, seed=0) == PrecisionRecall().measure(*moved, seed=0)


def test_the_frechet_distance_does_not_depend_on_the_origin_of_the_features():
    sets = [drawn(0), drawn(1, shift=0.5)]
    moved = [of(features=s.features.double() + 1000) for s in sets]
    wanted = Frechet().measure(*sets, seed=0)["FD"].value
    assert Frechet().measure(*moved, seed=0)["FD"].value == pytest.approx(wanted, rel=1e-6)


def test_too_few_images_for_neighbours_are_told_of():
    with pytest.raises(ganzoo.UsageError, match="there are 3 images; try a larger n"):
        PrecisionRecall().measure(drawn(0, 3), drawn(1, 3), seed=0)


@pytest.mark.parametrize(("classes", "wanted"), [(10, 10.0), (1, 1.0)])
def test_the_inception_score_of_sure_answers_is_the_number_of_classes(classes, wanted):
    logits = 50 * torch.eye(10)[torch.arange(1000) % classes]
    images = of(logits=logits)
    found = InceptionScore(SplitOptions(splits=1)).measure(images, images, seed=0)["IS"]
    assert found.value == pytest.approx(wanted, rel=0.02)
