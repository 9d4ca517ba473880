"""Promises of `ganzoo.mix`, and of truncation in w."""

from __future__ import annotations

import pytest
import torch
from styled import StyledGenerator

import ganzoo
from ganzoo.latents.space import Space


@pytest.mark.parametrize(
    ("layers", "of_column"), [(None, [0, 1]), ([3], [3]), (range(4), range(4))]
)
def test_the_chosen_layers_are_the_columns_and_the_others_the_rows(layers, of_column, in_w):
    images = ganzoo.mix(in_w, rows=2, columns=3, layers=layers, seed=5)
    assert images.shape == (3, 4, 1, 8, 8)
    generator = in_w.generator
    with torch.no_grad():
        w = generator.mapping(in_w.sampler.draw(5, seed=5))
        for i in range(2):
            for j in range(3):
                style = [w[j, k] if k in of_column else w[3 + i, k] for k in range(4)]
                expected = generator.synthesis(torch.stack(style)[None])[0]
                assert torch.allclose(images[i + 1, j + 1], expected, atol=1e-6)


def test_the_sources_are_samples_beside_a_white_corner(in_w):
    images, samples = ganzoo.mix(in_w, rows=2, columns=3, seed=5), in_w.sample(5, seed=5)
    assert torch.allclose(torch.cat([images[0, 1:], images[1:, 0]]), samples, atol=1e-6)
    assert torch.equal(images[0, 0], torch.ones(1, 8, 8))


def test_truncation_moves_w_towards_its_mean(in_w):
    space = Space(in_w)
    w = space.draw(3, seed=1)
    half = space.draw(3, seed=1, truncation=0.5)
    assert torch.allclose(half, (w + space.points.mean(0)) / 2, atol=1e-6)
    mean = space.decode(space.points.mean(0)[None])
    images = ganzoo.mix(in_w, rows=2, columns=2, truncation=0)
    assert torch.allclose(images[1:, 1:], mean.expand(2, 2, -1, -1, -1), atol=1e-5)


def test_a_class_holds_for_all(saved):
    torch.manual_seed(0)
    run = saved(StyledGenerator(classes=3), classes=3)
    images = ganzoo.mix(run, rows=1, columns=2, labels=1, seed=2)
    assert torch.allclose(images[0, 1:], run.sample(2, seed=2, labels=1), atol=1e-6)


def test_what_has_no_styles_is_refused(in_z, in_w):
    with pytest.raises(ganzoo.Unsupported, match="has no w: that is the space of style generators"):
        ganzoo.mix(in_z)
    for wrong in ({"rows": 0}, {"columns": 0}):
        with pytest.raises(
            ganzoo.UsageError, match="is 0, but should be a whole number of at least 1"
        ):
            ganzoo.mix(in_w, **wrong)
