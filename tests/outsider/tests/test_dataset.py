"""Promises of the night skies."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import torch
from nocturne_gan.dataset import PHASES, NightSky, draw_moon, lit
from nocturne_gan.options import NightSkyOptions

import ganzoo

SMALL = NightSkyOptions(count=400, size=16)


def test_a_split_is_what_it_says_it_is():
    source = NightSky(SMALL).open()
    assert source.spec == ganzoo.ImageSpec(3, 16, 16, num_classes=8)
    assert source.class_names == PHASES
    assert len(source.images) == 400
    image, label = source.images[0]
    assert (image.shape, image.dtype, type(label)) == ((3, 16, 16), torch.uint8, int)
    with pytest.raises(IndexError):
        source.images[400]
    with pytest.raises(ganzoo.UsageError, match="there are train and test"):
        NightSky(SMALL).open("valid")


def test_a_sky_is_the_same_whenever_and_wherever_it_is_drawn():
    skies = NightSky(SMALL).open().images
    again = pickle.loads(pickle.dumps(skies))
    torch.manual_seed(5)
    for index in (3, 0, 399):
        assert torch.equal(skies[index][0], again[index][0])
        assert skies[index][1] == again[index][1]


def test_skies_differ_by_index_split_and_seed():
    skies = [
        NightSky(SMALL).open().images[0],
        NightSky(SMALL).open().images[1],
        NightSky(SMALL).open("test").images[0],
        NightSky(NightSkyOptions(count=400, size=16, seed=1)).open().images[0],
    ]
    assert len({image.numpy().tobytes() for image, _ in skies}) == 4


def test_every_phase_is_there_about_as_often():
    skies = NightSky(SMALL).open().images
    counts = torch.bincount(torch.tensor([skies[k][1] for k in range(400)]), minlength=8)
    assert counts.min() > 25
    assert counts.max() < 80


@pytest.mark.parametrize("phase", [k / 8 for k in range(8)] + [0.05, 0.6])
def test_the_lit_share_of_the_moon_is_the_astronomers_formula(phase):
    axis = torch.linspace(-1, 1, 401)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    disc = x.square() + y.square() < 1
    share = (lit(x, y, phase) & disc).sum() / disc.sum()
    assert share.item() == pytest.approx((1 - math.cos(2 * math.pi * phase)) / 2, abs=0.01)


def test_a_waxing_moon_is_lit_on_the_right_and_a_waning_one_on_the_left():
    for phase, brighter in ((0.25, 1), (0.75, -1)):
        rng = np.random.default_rng(0)
        moon = draw_moon(torch.zeros(3, 64, 64), phase, rng)[0].sum(0)
        columns = torch.arange(64.0)
        middle = (moon > 0).float().sum(0) @ columns / (moon > 0).sum()
        bright = moon.sum(0) @ columns / moon.sum()
        assert (bright - middle).sign() == brighter


def test_more_moon_is_more_light():
    def brightness(phase):
        moon, _ = draw_moon(torch.zeros(3, 32, 32), phase, np.random.default_rng(0))
        return moon.sum().item()

    assert brightness(0.0) < brightness(0.125) < brightness(0.25) < brightness(0.5)


def test_an_ephemeris_is_the_angle_of_the_phase_and_the_altitude_of_the_moon():
    options = NightSkyOptions(count=60, size=32, stars=0, condition="ephemeris")
    source = NightSky(options).open()
    assert source.spec == ganzoo.ImageSpec(3, 32, 32, condition=ganzoo.Vector(3))
    skies = NightSky(NightSkyOptions(count=60, size=32, stars=0)).open().images
    for index in range(60):
        (image, vector), (same, label) = source.images[index], skies[index]
        assert torch.equal(image, same)
        angle = 2 * math.pi * label / len(PHASES)
        assert vector[:2].tolist() == pytest.approx([math.cos(angle), math.sin(angle)], abs=1e-6)
        if label == PHASES.index("full"):  # where the light is
            rows = (image.sum(0) > 500).nonzero()[:, 0].float().mean() + 0.5
            assert float(1 - rows / 32) == pytest.approx(float(vector[2]), abs=0.05)
