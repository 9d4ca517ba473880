"""Promises of the random transforms: what each does, how strongly, and how often."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_ada import color, corruption, geometry
from ganzoo_ada.color import brightness, contrast, hue, luma, recolored, saturation
from ganzoo_ada.draws import Draws
from ganzoo_ada.options import TRANSFORMS, AdaOptions
from scipy import stats

import ganzoo

DOUBLE = torch.float64
COUNT = 4000
HEIGHT, WIDTH = 20, 32
HALF = torch.full((3,), 0.5, dtype=DOUBLE)


def draws(p, count=COUNT, channels=3):
    torch.manual_seed(0)
    images = torch.zeros(count, channels, HEIGHT, WIDTH, dtype=DOUBLE)
    return Draws(images, torch.tensor(p))


def only(*transforms, multiplier=1.0):
    """Options of some transforms alone."""
    every = [name for names in TRANSFORMS.values() for name in names]
    groups = [group for group, names in TRANSFORMS.items() if set(names) & set(transforms)]
    multipliers = {name: multiplier if name in transforms else 0.0 for name in every}
    return AdaOptions(groups=groups, **multipliers)


def maps(*transforms, p=1.0, multiplier=1.0):
    """Affine maps (COUNT, 3, 3)."""
    options = only(*transforms, multiplier=multiplier)
    return geometry.random_maps(draws(p), options, HEIGHT, WIDTH)


def colors(*transforms, p=1.0, grey=False):
    """Maps of colors (COUNT, 4, 4)."""
    return color.random_maps(draws(p), only(*transforms), grey=grey)


def are_from(values, distribution):
    """By the test of Kolmogorov and Smirnov; the seed is fixed."""
    assert stats.kstest(values.numpy(), distribution.cdf).pvalue > 0.01


def uniform(low, high):
    return stats.uniform(low, high - low)


def changed(all_maps):
    """The fraction that is not the identity."""
    identity = torch.eye(all_maps.shape[-1], dtype=DOUBLE)
    return (all_maps != identity).any((1, 2)).double().mean().item()


# --- Geometry


def test_half_of_the_flips_mirror():
    found = maps("xflip")
    assert set(found[:, 0, 0].tolist()) == {-1, 1}
    assert found[:, 0, 0].mean().item() == pytest.approx(0, abs=0.05)
    found[:, 0, 0] = 1
    assert changed(found) == 0


def test_quarter_turns_are_all_four_equally_often():
    angles = torch.atan2(maps("rotate90")[:, 1, 0], maps("rotate90")[:, 0, 0])
    turns = (angles / (math.pi / 2)).round()
    torch.testing.assert_close(angles, turns * math.pi / 2)
    assert (turns.remainder(4).long().bincount() / COUNT).tolist() == pytest.approx(
        [0.25] * 4, abs=0.02
    )


def test_whole_translations_are_uniform_up_to_an_eighth_of_each_side():
    moved = maps("xint")[:, :2, 2]
    assert torch.equal(moved, moved.round())
    for shift, size in zip(moved.unbind(1), (WIDTH, HEIGHT), strict=True):
        most = size / 8
        assert shift.abs().max() == math.ceil(most - 0.5)
        assert shift.var().item() == pytest.approx((2 * most) ** 2 / 12, rel=0.06)


def test_scales_rotations_and_fractional_translations_have_the_papers_distributions():
    log_scale = stats.norm(0, 0.2)
    are_from(-maps("scale")[:, 0, 0].log2(), log_scale)
    assert torch.equal(maps("scale")[:, 0, 0], maps("scale")[:, 1, 1])
    stretched = maps("aniso")
    are_from(-stretched[:, 0, 0].log2(), log_scale)
    torch.testing.assert_close(stretched[:, 0, 0] * stretched[:, 1, 1], torch.ones(COUNT).double())
    turned = maps("rotate")
    are_from(torch.atan2(turned[:, 1, 0], turned[:, 0, 0]), uniform(-math.pi, math.pi))
    moved = maps("xfrac")
    are_from(moved[:, 0, 2] / WIDTH, stats.norm(0, 0.125))
    are_from(moved[:, 1, 2] / HEIGHT, stats.norm(0, 0.125))


@pytest.mark.parametrize("name", ["xint", "scale", "rotate", "aniso", "xfrac"])
def test_a_transform_of_geometry_is_applied_with_probability_p_times_its_multiplier(name):
    unmoved = 1 / 33 if name == "xint" else 0  # a shift by no pixel in either direction
    expected = 0.6 * 0.5 * (1 - unmoved)
    assert changed(maps(name, p=0.6, multiplier=0.5)) == pytest.approx(expected, abs=0.02)


def test_transforms_are_applied_in_the_papers_order():
    """Whole pixels before rotations and scales, fractions after: seen in the translations."""
    before = maps("xint", "scale", "rotate", "aniso")[:, :2, 2]
    torch.testing.assert_close(before, before.round())
    after = maps("scale", "xfrac")
    are_from(after[:, 0, 2] / after[:, 0, 0] / WIDTH, stats.norm(0, 0.125))
    both = maps("rotate", "aniso")  # a rotation on each side of the stretch
    u, s, v = torch.linalg.svd(both[:, :2, :2])
    are_from(s[:, 0].log2(), stats.halfnorm(0, 0.2))
    for side in (u, v):
        axis = torch.atan2(side[:, 0, 1], side[:, 0, 0]).remainder(math.pi)
        are_from(axis, uniform(0, math.pi))


def test_the_map_of_all_transforms_contains_each():
    """Areas show scales and mirrors; singular values, stretches; turns, all directions."""
    together = maps(*TRANSFORMS["blit"], *TRANSFORMS["geom"])
    areas = torch.linalg.det(together[:, :2, :2])
    assert areas.sign().mean().item() == pytest.approx(0, abs=0.05)
    are_from(-areas.abs().log2() / 2, stats.norm(0, 0.2))
    s = torch.linalg.svdvals(together[:, :2, :2])
    are_from((s[:, 0] / s[:, 1]).log2() / 2, stats.halfnorm(0, 0.2))
    direction = torch.atan2(together[:, 1, 0], together[:, 0, 0])
    are_from(direction, uniform(-math.pi, math.pi))
    drift = torch.linalg.solve(together[:, :2, :2], together[:, :2, 2])
    expected = (0.25**2 / 12 + 0.125**2) * WIDTH * HEIGHT  # of the determinant of both sides
    assert drift.var(0).prod().sqrt().item() == pytest.approx(expected, rel=0.2)


# --- Color

RED, GREEN, BLUE, GREY = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0.3, 0.3, 0.3]
MIXED = [0.7, -0.2, 0.4]


def one(value):
    return torch.tensor([value], dtype=DOUBLE)


def applied(map_, rgb):
    """To one pixel."""
    return recolored(torch.tensor(rgb, dtype=DOUBLE).view(1, 3, 1, 1), map_).flatten().tolist()


@pytest.mark.parametrize(
    ("map_", "rgb", "expected"),
    [
        (brightness(one(0.25)), MIXED, [0.95, 0.05, 0.65]),
        (contrast(one(2.0)), MIXED, [1.4, -0.4, 0.8]),
        (luma(one(-1.0)), GREY, [-0.3, -0.3, -0.3]),
        (luma(one(-1.0)), [0.5, 0, -0.5], [0.5, 0, -0.5]),  # no luma to flip
        (luma(one(-1.0)), MIXED, [0.1, -0.8, -0.2]),  # 2/3 of the sum 0.9 less
        (hue(one(2 * math.pi / 3)), RED, GREEN),
        (hue(one(2 * math.pi / 3)), GREEN, BLUE),
        (hue(one(1.1)), GREY, GREY),
        (saturation(one(0.0)), MIXED, [0.3, 0.3, 0.3]),
        (saturation(one(2.0)), MIXED, [1.1, -0.7, 0.5]),  # twice as far from 0.3
    ],
)
def test_colors_are_changed_by_their_closed_forms(map_, rgb, expected):
    assert applied(map_, rgb) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("angle", [-2.0, 0.4, 3.0])
def test_hue_is_the_exponential_of_the_turn_about_the_grey_axis(angle):
    v = 1 / math.sqrt(3)
    cross = torch.tensor([[0, -v, v], [v, 0, -v], [-v, v, 0]], dtype=DOUBLE)
    torch.testing.assert_close(hue(one(angle))[0, :3, :3], torch.linalg.matrix_exp(angle * cross))


def test_luma_flip_is_a_reflection():
    flip = luma(one(-1.0))[0, :3, :3]
    torch.testing.assert_close(flip @ flip, torch.eye(3, dtype=DOUBLE))
    torch.testing.assert_close(flip, flip.t())
    assert torch.linalg.det(flip).item() == pytest.approx(-1)


def test_strengths_of_colors_have_the_papers_distributions():
    are_from(colors("brightness")[:, 0, 3], stats.norm(0, 0.2))
    are_from(colors("contrast")[:, 0, 0].log2(), stats.norm(0, 0.5))
    flips = (colors("lumaflip")[:, :3, :3] @ HALF)[:, 0] / 0.5
    assert sorted(set(flips.round(decimals=9).tolist())) == [-1, 1]
    assert flips.mean().item() == pytest.approx(0, abs=0.05)
    turned = colors("hue")[:, :3, :3]
    cos = (turned.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2
    sin = (turned[:, 1, 0] - turned[:, 0, 1]) * math.sqrt(3) / 2
    are_from(torch.atan2(sin, cos), uniform(-math.pi, math.pi))
    chroma = colors("saturation")[:, 0, 0] - colors("saturation")[:, 0, 1]
    are_from(chroma.log2(), stats.norm(0, 1))


@pytest.mark.parametrize("name", TRANSFORMS["color"])
def test_a_transform_of_color_is_applied_with_probability_p(name):
    moved = 0.5 if name == "lumaflip" else 1
    assert changed(colors(name, p=0.6)) == pytest.approx(0.6 * moved, abs=0.02)


def test_brightness_comes_before_contrast_and_both_before_the_luma_flip():
    """So what is added is multiplied and flipped too."""
    found = colors("brightness", "contrast", "lumaflip")
    offset, factor = found[:, 0, 3], found[:, :3, :3].sum((1, 2)) / 3
    are_from(offset / factor, stats.norm(0, 0.2))
    assert factor.min() < 0


def test_a_grey_image_is_the_mean_of_its_three_equal_channels_and_has_no_hue():
    grey = torch.rand(6, 1, 4, 5, dtype=DOUBLE)
    found = colors("brightness", "contrast", "lumaflip", "hue", "saturation")[:6]
    expected = recolored(grey.expand(-1, 3, -1, -1), found).mean(1, keepdim=True)
    torch.testing.assert_close(recolored(grey, found), expected)
    assert changed(colors("hue", "saturation", grey=True)) == 0


def test_images_of_other_channels_are_refused_with_what_to_do():
    with pytest.raises(ganzoo.Unsupported, match="have 4 channels; leave the group 'color' out"):
        recolored(torch.zeros(1, 4, 2, 2), torch.eye(4)[None])


# --- Filter, noise, cutout


def test_gains_of_bands_are_log_normal_factors_each_normalized_by_its_expected_power():
    """Where two bands are left alone, which their equal gains show, the others are known."""
    gains = corruption.random_gains(draws(0.3), 1.0)
    assert (gains == 1).all(1).double().mean().item() == pytest.approx(0.7**4, abs=0.03)
    gains = gains[[len(row.unique()) <= 3 for row in gains]]
    assert len(gains) > COUNT / 2
    factors = gains / gains.mode(1, keepdim=True).values

    power = torch.tensor([10.0, 1, 1, 1], dtype=DOUBLE) / 13
    expected = (power * factors.square() + 1 - power).sqrt().prod(1, keepdim=True)
    torch.testing.assert_close(gains, factors / expected)
    for band in factors.unbind(1):
        are_from(band[(band - 1).abs() > 1e-12].log2(), stats.norm(0, 1))


def test_the_band_filter_amplifies_what_each_band_contains():
    """A constant lies in the lowest band, a checkerboard in the highest, along both sides."""
    gains = torch.tensor([[3.0, 1, 1, 1], [1, 1, 1, 0.5]], dtype=DOUBLE)
    constant = torch.ones(2, 1, 9, 12, dtype=DOUBLE)
    signs = (-1.0) ** torch.arange(12, dtype=DOUBLE)
    filtered = corruption.BandFilter()(constant + signs[:9, None] * signs, gains)
    expected = gains[:, 0] ** 2, gains[:, 3] ** 2
    low, high = (value.view(2, 1, 1, 1) for value in expected)
    torch.testing.assert_close(
        filtered, low * constant + high * signs[:9, None] * signs, rtol=0, atol=1e-6
    )


def test_noise_is_gaussian_of_a_half_normal_strength():
    torch.manual_seed(0)
    images = torch.zeros(COUNT, 1, 16, 16, dtype=DOUBLE)
    noisy = corruption.noise(images, draws(0.5), 1.0)
    strength = noisy.flatten(1).square().mean(1).sqrt()
    assert (strength > 0).double().mean().item() == pytest.approx(0.5, abs=0.03)
    are_from(strength[strength > 0], stats.halfnorm(0, 0.1))
    normal = (noisy / strength.view(-1, 1, 1, 1))[strength > 0]
    are_from(normal.flatten()[:5000], stats.norm(0, 1))


def test_cutout_zeroes_a_rectangle_of_half_the_sides_whose_centre_is_uniform():
    images = torch.ones(COUNT, 2, HEIGHT, WIDTH, dtype=DOUBLE)
    out = corruption.cutout(images, draws(0.5), 1.0)
    cut = (out == 0).any((1, 2, 3))
    assert cut.double().mean().item() == pytest.approx(0.5, abs=0.03)
    assert torch.equal(out[~cut], images[~cut])
    rows, columns = ((out[cut] == 0).all(1).any(axis) for axis in (2, 1))
    hole = rows[:, :, None] & columns[:, None, :]
    assert torch.equal(out[cut], torch.where(hole[:, None], 0.0, images[cut]))
    for side in (rows, columns):
        size = side.shape[1]
        assert side.sum(1).max() == size // 2
        # Around a uniform centre each pixel is cut as often as its neighbourhood lies inside.
        place = (torch.arange(size) + 0.5) / size
        expected = (place + 0.25).clamp(max=1) - (place - 0.25).clamp(min=0)
        torch.testing.assert_close(side.double().mean(0), expected.double(), rtol=0, atol=0.05)
