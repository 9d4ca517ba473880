"""Promises of ranges: floating-point images lie in [-1, 1], and others are never taken for such."""

from __future__ import annotations

import pytest
import torch

import ganzoo
from ganzoo.run.image_sources import generated_uint8


class Gap(ganzoo.Metric):
    """The gap between average brightnesses."""

    scores = (ganzoo.Score("gap", "lower"),)
    blind_to = "everything else"

    def measure(self, sample, reference, *, seed):
        gap = sample.images.double().mean() - reference.images.double().mean()
        return {"gap": ganzoo.Measured(abs(gap.item()))}


def pixels():
    """Every value of 8 bits."""
    return torch.arange(256, dtype=torch.uint8).view(4, 1, 8, 8)


def gap(images):
    return ganzoo.evaluate(images, pixels(), metrics=Gap(), floor=False)["gap"].value


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_images_in_minus_one_to_one_are_taken_as_they_are(dtype):
    assert gap(ganzoo.from_uint8(pixels()).to(dtype)) < 0.1


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (pixels().float(), r"lie in \[-1, 1\], and these in \[0, 255\]. Scale pixels of 0 to 255"),
        (ganzoo.from_uint8(pixels()) * 3, r"these in \[-3, 3\]"),
        (ganzoo.from_uint8(pixels()) + 0.01, r"these in \[-0.99, 1.01\]"),
        (ganzoo.from_uint8(pixels()) / 0, r"256 of 256 values of the images are not finite"),
        (pixels().long(), r"got torch.int64. .*images.to\(torch.uint8\)"),
        (pixels()[:, :, :0], r"got a tensor of shape \(4, 1, 0, 8\)"),
    ],
)
def test_images_in_another_range_are_refused_with_the_range_seen(images, said):
    with pytest.raises(ganzoo.UsageError, match=said):
        gap(images)
    with pytest.raises(ganzoo.UsageError, match=said):
        ganzoo.evaluate(pixels(), images, metrics=Gap(), floor=False)


def test_images_in_zero_to_one_are_taken_for_pale_ones_with_a_warning():
    with pytest.warns(ganzoo.GanzooWarning, match=r"they lie in \[0, 1\], .*images \* 2 - 1"):
        found = gap(pixels() / 255)
    assert found == pytest.approx(255 / 4, abs=0.5)


@pytest.mark.parametrize(
    ("images", "value_range"),
    [(pixels() / 255, (0, 1)), (pixels().float(), (0, 255)), (pixels().long(), (0, 255))],
)
def test_a_declared_range_is_taken_as_it_is_on_both_sides(images, value_range):
    found = ganzoo.evaluate(
        images, images.flip(0), metrics=Gap(), floor=False, value_range=value_range
    )
    assert found["gap"].value == 0
    half = images - (images >= 128 / 255 * max(value_range)) * (128 / 255 * max(value_range))
    found = ganzoo.evaluate(images, half, metrics=Gap(), floor=False, value_range=value_range)
    assert found["gap"].value == pytest.approx(64, abs=0.01)


def test_images_outside_a_declared_range_are_refused_with_the_range_seen():
    with pytest.raises(ganzoo.DataError, match=r"is \[0, 1\], and these images lie in \[0, 255\]"):
        ganzoo.evaluate(pixels().float(), pixels(), metrics=Gap(), floor=False, value_range=(0, 1))


def test_rounding_is_forgiven():
    assert gap(ganzoo.from_uint8(pixels()) * 1.003) < 1


def test_what_a_generator_makes_is_clamped_as_in_a_file_and_must_be_finite():
    images = torch.tensor([-3.0, 0.2, 3.0]).view(1, 1, 1, 3)
    assert generated_uint8(images, "run").flatten().tolist() == [0, 153, 255]
    with pytest.raises(ganzoo.GanzooError, match="the images of run at step 4 are not finite"):
        generated_uint8(images / 0, "run at step 4")


def test_the_public_conversions_are_inverse_and_leave_their_argument_alone():
    given, floats = pixels(), ganzoo.from_uint8(pixels())
    assert (floats.min(), floats.max(), floats.dtype) == (-1, 1, torch.float32)
    assert torch.equal(ganzoo.to_uint8(floats), given)
    assert torch.equal(given, pixels())
    assert torch.equal(ganzoo.from_uint8(given.float()), floats)
    already = given.float()
    ganzoo.from_uint8(already)
    assert torch.equal(already, given.float())


def test_a_range_that_nothing_would_use_is_refused():
    with pytest.raises(ganzoo.UsageError, match="neither side is a tensor"):
        ganzoo.evaluate("emoji", "emoji", value_range=(0, 1))


def test_uint8_stays_uint8_and_no_images_are_none():
    pixels = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    assert torch.equal(ganzoo.to_uint8(pixels), pixels)
    assert ganzoo.to_uint8(torch.empty(0, 3, 4, 4), (0, 1)).shape == (0, 3, 4, 4)
