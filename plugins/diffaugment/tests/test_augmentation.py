"""Promises of DiffAugment, against closed forms and exact operations on tensors."""

from __future__ import annotations

import pytest
import torch
from ganzoo_diffaugment.augmentation import DiffAugment, color, cutout, translation
from ganzoo_diffaugment.options import DiffAugmentOptions
from torch import nn

import ganzoo

SHAPES = [(1, 8, 8), (3, 5, 9), (3, 16, 16)]
TRANSFORMS = [color, translation, cutout]


def pictures(n, *shape, dtype=torch.float32):
    rng = torch.Generator().manual_seed(1)
    return torch.rand(n, *shape, generator=rng, dtype=dtype) * 2 - 1


def repeated(n, *shape):
    """The same image n times."""
    return pictures(1, *shape, dtype=torch.float64).expand(n, *shape)


def seeded(transform, images, seed=0):
    torch.manual_seed(seed)
    return transform(images)


def spread_of_uniform(drawn, low, high):
    """Whether numbers fill an interval evenly: range, mean and variance."""
    assert low - 1e-6 <= drawn.min() <= low + 0.01 * (high - low)
    assert high + 1e-6 >= drawn.max() >= high - 0.01 * (high - low)
    assert drawn.mean().item() == pytest.approx((low + high) / 2, abs=0.02 * (high - low))
    assert drawn.var().item() == pytest.approx((high - low) ** 2 / 12, rel=0.05)


# --- Color


@pytest.mark.parametrize("shape", SHAPES)
def test_color_is_brightness_then_saturation_then_contrast_of_strengths_that_the_images_show(shape):
    """Three numbers are measured in each result; the papers' formula then gives all of it."""
    images = repeated(4000, *shape)
    out = seeded(color, images)

    # The mean of an image shows the brightness, its greys the contrast, its chroma the saturation.
    brightness = (out - images).mean((1, 2, 3), keepdim=True)
    greys, out_greys = images.mean(1, keepdim=True), out.mean(1, keepdim=True)
    contrast = out_greys.std((1, 2, 3), keepdim=True) / greys.std((1, 2, 3), keepdim=True)
    spread_of_uniform(brightness, -0.5, 0.5)
    spread_of_uniform(contrast, 0.5, 1.5)
    saturation = torch.ones_like(contrast)
    if shape[0] == 3:
        chroma, out_chroma = images - greys, out - out_greys
        norms = [c.flatten(1).norm(dim=1).view(-1, 1, 1, 1) for c in (out_chroma, chroma)]
        saturation = norms[0] / norms[1] / contrast
        spread_of_uniform(saturation, 0.0, 2.0)

    # The formula.
    saturated = greys + brightness + saturation * (images - greys)
    mean = saturated.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(out, mean + contrast * (saturated - mean))


# --- Translation


def moved(image, rows, columns):
    """By slices: zeros come in."""
    out = torch.zeros_like(image)
    _, height, width = image.shape
    to, of = slice(max(rows, 0), height + min(rows, 0)), slice(max(-rows, 0), height - max(rows, 0))
    across = slice(max(columns, 0), width + min(columns, 0))
    from_across = slice(max(-columns, 0), width - max(columns, 0))
    out[:, to, across] = image[:, of, from_across]
    return out


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 12), (3, 16, 24)])
def test_translation_moves_by_every_whole_shift_of_up_to_an_eighth_equally_often(shape):
    count = 3000
    images = repeated(count, *shape)
    out = seeded(translation, images)
    most = [int(size / 8 + 0.5) for size in shape[1:]]
    shifts = [(r, c) for r in range(-most[0], most[0] + 1) for c in range(-most[1], most[1] + 1)]
    candidates = torch.stack([moved(images[0], *shift) for shift in shifts])
    found = (out[:, None] == candidates).flatten(2).all(2)
    assert (found.sum(1) == 1).all()
    often = found.double().mean(0) * len(shifts)
    torch.testing.assert_close(often, torch.ones_like(often), rtol=0, atol=0.4)


# --- Cutout


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 12)])
def test_cutout_zeroes_a_rectangle_of_half_the_sides_around_every_place_and_nothing_else(shape):
    images = torch.ones(4000, *shape)
    out = seeded(cutout, images)
    sides, holes = [], [(out == 0).all(1).any(2), (out == 0).all(1).any(1)]
    for size, hole in zip(shape[1:], holes, strict=True):
        length = int(size / 2 + 0.5)
        starts = range(-(length // 2), size + (1 - length % 2) - length // 2)
        rectangle = [[int(s <= k < s + length) for k in range(size)] for s in starts]
        found = (hole[:, None] == torch.tensor(rectangle).bool()).all(2)
        assert found.any(1).all()
        often = found.float().mean(0) * len(starts)
        torch.testing.assert_close(often, torch.ones_like(often), rtol=0, atol=0.3)
        sides.append(hole)
    rectangle = sides[0][:, None, :, None] & sides[1][:, None, None, :]
    torch.testing.assert_close(out, torch.where(rectangle, 0.0, images))


# --- Every transform


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_each_image_has_numbers_of_its_own_and_does_not_change_those_of_others(transform, shape):
    same = seeded(transform, repeated(8, *shape))
    assert len(same.flatten(1).unique(dim=0)) > 1

    images = pictures(6, *shape)
    others = images.clone()
    others[::2] = pictures(12, *shape)[6::2]
    one, two = seeded(transform, images), seeded(transform, others)
    assert torch.equal(one[1::2], two[1::2])


@pytest.mark.parametrize("shape", [(1, 4, 5), (3, 4, 4)])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_first_and_second_derivatives_are_finite_differences(transform, shape):
    images = pictures(2, *shape, dtype=torch.float64).requires_grad_()
    function = lambda x: seeded(transform, x)  # noqa: E731
    assert torch.autograd.gradcheck(function, images)
    assert torch.autograd.gradgradcheck(function, images)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 7), (4, 33, 31)])
def test_any_shape_and_type_is_kept(shape):
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        images = pictures(3, *shape).to(dtype)
        out = DiffAugment()(images)
        assert (out.shape, out.dtype) == (images.shape, dtype)
        assert out.isfinite().all()


def test_the_policy_says_which_transforms_in_which_order():
    images = pictures(4, 3, 8, 8)
    for policy in ("cutout,color", ["cutout", "color"], ("cutout", "color")):
        made = DiffAugment(DiffAugmentOptions(policy=policy))
        expected = seeded(lambda x: color(cutout(x)), images)
        assert torch.equal(seeded(made, images), expected)
    every = seeded(lambda x: cutout(translation(color(x))), images)
    assert torch.equal(seeded(DiffAugment(), images), every)


@pytest.mark.parametrize("policy", ["colour", "color,color", "", []])
def test_a_policy_of_unknown_repeated_or_no_transforms_is_refused(policy):
    with pytest.raises(ganzoo.UsageError, match="policy"):
        ganzoo.create("augmentation", "diffaugment", policy=policy)


def test_it_does_not_wait_for_the_device():
    """On the meta device a tensor has no value that one could wait for."""
    images = torch.empty(4, 3, 8, 8, device="meta")
    assert DiffAugment()(images).shape == images.shape


# --- In a training


class Linear(nn.Module):
    """D(x) = <w, x>."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(pictures(1, 3, 8, 8)[0])

    def forward(self, images):
        return (images * self.w).flatten(1).sum(1)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 192)

    def forward(self, z):
        return torch.tanh(self.body(z)).view(-1, 3, 8, 8)


def trained(steps, state=None, **settings):
    """A trainer after so many steps in all."""
    torch.manual_seed(0)
    pairs = [(image, 0) for image in ((pictures(40, 3, 8, 8) + 1) * 127.5).to(torch.uint8)]
    trainer = ganzoo.Trainer(
        generator=Generator(),
        discriminator=Linear(),
        loss=ganzoo.create("loss", "bce"),
        penalties={"r1": ganzoo.create("penalty", "r1")},
        augment={"diffaugment": DiffAugment()},
        data=ganzoo.ImageStore.from_dataset(pairs),
        latent=4,
        **{"batch_size": 8, "device": "cpu", "optimizer": "sgd"} | settings,
    )
    if state is not None:
        trainer.load_state_dict(state)
    trainer.fit(steps)
    return trainer


def weights(trainer):
    return [p.detach().clone() for p in trainer.discriminator.parameters()] + [
        p.detach().clone() for p in trainer.generator.parameters()
    ]


def test_micro_batches_train_as_the_whole_batch():
    torch.testing.assert_close(weights(trained(3, grad_accum_steps=4)), weights(trained(3)))


def test_it_resumes_bit_for_bit():
    resumed = trained(4, trained(2).state_dict())
    torch.testing.assert_close(weights(resumed), weights(trained(4)), rtol=0, atol=0)


def test_a_gradient_penalty_takes_the_gradient_by_the_image_before_the_augmentation():
    """Of a linear critic of cut out images it is w, cut out in the same place."""
    critic = Linear()
    augment = DiffAugment(DiffAugmentOptions(policy="cutout"))
    batch = ganzoo.Batch(pictures(6, 3, 8, 8))
    torch.manual_seed(0)
    gradient = ganzoo.image_gradient(lambda b: critic(augment(b.images)), batch)
    expected = seeded(cutout, critic.w.expand(6, 3, 8, 8))
    torch.testing.assert_close(gradient, expected)
