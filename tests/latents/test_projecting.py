"""Promises of `ganzoo.project`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from styled import StyledGenerator
from toys import TinyGenerator

import ganzoo
from ganzoo.latents.projecting import distance

FEW = {"steps": 120, "starts": 2}


def test_the_distance_is_the_mean_over_a_pyramid_of_resolutions():
    first, second = torch.rand(2, 3, 2, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = []
    for one, other in zip(first.double().numpy(), second.double().numpy(), strict=True):
        difference = (one - other) / 2
        levels = [np.mean(difference**2)]
        for side in (2, 4):  # squares of 2 x 2 and 4 x 4 pixels
            blocks = difference.reshape(2, 16 // side, side, 24 // side, side).mean((2, 4))
            levels.append(np.mean(blocks**2))
        expected.append(np.sqrt(np.mean(levels)))
    assert distance(first, second).numpy() == pytest.approx(expected, rel=1e-5)
    assert distance(-torch.ones(1, 1, 8, 8), torch.ones(1, 1, 8, 8)).item() == 1
    assert distance(first, first).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("kind", "space"), [("z", None), ("w", None), ("w", "w+"), ("w", "z")])
def test_a_generated_image_is_found_again(kind, space, in_z, in_w):
    run = {"z": in_z, "w": in_w}[kind]
    images = run.sample(2, seed=7)
    found = ganzoo.project(run, images, space=space, **FEW)
    assert found.space == (space or kind)
    assert max(found.distances) < 0.01
    assert (found.images - images).abs().max() < 0.1
    assert found.picture().shape[0] == 3


def test_the_latent_makes_the_image(in_z, in_w):
    found = ganzoo.project(in_z, in_z.sample(2, seed=7), **FEW)
    assert torch.allclose(in_z.decode(found.latent), found.images, atol=1e-5)
    found = ganzoo.project(in_w, in_w.sample(1, seed=7), space="w+", **FEW)
    assert found.latent.shape == (1, 4, 6)
    with torch.no_grad():
        assert torch.allclose(in_w.generator.synthesis(found.latent), found.images, atol=1e-5)


def test_w_is_one_style_for_all_layers_and_w_plus_one_for_each(in_w):
    target = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    one, each = (ganzoo.project(in_w, target, space=space, **FEW) for space in ("w", "w+"))
    assert torch.allclose(one.latent, one.latent[:, :1].expand_as(one.latent), atol=1e-6)
    assert not torch.allclose(each.latent, each.latent[:, :1].expand_as(each.latent), atol=1e-2)
    assert each.distances[0] < one.distances[0]


def test_optimization_comes_nearer_than_the_best_random_image(in_z):
    target = in_z.sample(1, seed=7)
    random = distance(in_z.sample(256), target).min().item()
    assert ganzoo.project(in_z, target, **FEW).distances[0] < random / 5


def test_it_is_the_same_each_time_whatever_else_is_projected_and_changes_no_random_state(in_z):
    images = in_z.sample(3, seed=7)
    state = torch.get_rng_state()
    all_three = ganzoo.project(in_z, images, steps=10)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(5)
    alone = ganzoo.project(in_z, images[1], steps=10)
    assert torch.equal(all_three.latent[1], alone.latent[0])
    other = ganzoo.project(in_z, images[1], steps=10, seed=1)
    assert not torch.equal(other.latent, alone.latent)


def test_weights_get_no_gradients_and_stay_trainable(in_z):
    before = [p.clone() for p in in_z.generator.parameters()]
    ganzoo.project(in_z, in_z.sample(1), steps=3)
    for parameter, old in zip(in_z.generator.parameters(), before, strict=True):
        assert parameter.grad is None
        assert parameter.requires_grad
        assert torch.equal(parameter, old)


def test_coordinates_stay_where_random_points_are(saved):
    run = saved(TinyGenerator(), latent=ganzoo.UniformLatent(8))
    found = ganzoo.project(run, torch.full((1, 8, 8), 255, dtype=torch.uint8), steps=60, lr=1.0)
    assert found.latent.abs().max() <= 1 + 1e-6
    assert found.latent.abs().max() > 0.9  # it wanted to go further


@pytest.mark.parametrize("make", [TinyGenerator, StyledGenerator])
def test_the_class_is_found_too_unless_it_is_given(make, saved):
    torch.manual_seed(0)
    generator = make(classes=3)
    with torch.no_grad():
        generator.embed.weight.mul_(4)  # images of classes differ
    run = saved(generator, classes=3)
    images = run.sample(3, labels=torch.tensor([2, 0, 1]), seed=7)
    found = ganzoo.project(run, images, space="z", **FEW)
    assert max(found.distances) < 0.02
    assert found.labels is not None
    assert torch.allclose(run.decode(found.latent, found.labels), found.images, atol=1e-5)
    given = ganzoo.project(run, images, labels=1, steps=3)
    assert given.labels is not None
    assert given.labels.tolist() == [1, 1, 1]


def test_files_become_images_of_the_generators_shape(in_z, tmp_path):
    pixels = np.zeros((40, 20, 3), np.uint8)
    pixels[6:34] = 255  # the square in the middle is white, and a little more
    Image.fromarray(pixels).save(tmp_path / "tall.png")
    found = ganzoo.project(in_z, tmp_path / "tall.png", steps=1)
    assert found.targets.shape == (1, 1, 8, 8)
    assert torch.equal(found.targets, torch.ones(1, 1, 8, 8))
    both = ganzoo.project(in_z, [tmp_path / "tall.png"] * 2, steps=1)
    assert len(both.distances) == 2


class Constant(TinyGenerator):
    """Ignores z, as a generator may that translates pictures."""

    def forward(self, z, labels=None):
        return super().forward(torch.ones_like(z), labels)


def test_images_that_do_not_depend_on_z_cannot_be_projected(saved):
    run = saved(Constant())
    with pytest.raises(ganzoo.Unsupported, match="do not depend on z, so no point"):
        ganzoo.project(run, run.sample(1))
    with pytest.raises(ganzoo.Unsupported, match="no affine layer"):
        ganzoo.directions(run, 1)


def test_wrong_arguments_are_refused(in_z, tmp_path):
    image = in_z.sample(1)
    for wrong in ({"steps": 0}, {"steps": 2.5}, {"starts": 0}):
        with pytest.raises(ganzoo.UsageError, match="should be a whole number of at least 1"):
            ganzoo.project(in_z, image, **wrong)
    for wrong in ({"starts": 257}, {"lr": 0.0}, {"lr": float("nan")}, {"lr": float("inf")}):
        with pytest.raises(ganzoo.UsageError, match="1 to 256 starts and a finite learning rate"):
            ganzoo.project(in_z, image, **wrong)
    for wrong in (image.numpy(), [image[0]], None):
        with pytest.raises(ganzoo.UsageError, match="are files, or one tensor"):
            ganzoo.project(in_z, wrong)
    with pytest.raises(ganzoo.UsageError, match="no latent space 'v'; there are z and w"):
        ganzoo.project(in_z, image, space="v")
    for space in ("w", "w+"):
        with pytest.raises(ganzoo.Unsupported, match="has no w: that is the space of style"):
            ganzoo.project(in_z, image, space=space)
    (tmp_path / "no.png").write_text("no image")
    with pytest.raises(ganzoo.DataError, match=r"cannot read .*no\.png: cannot identify"):
        ganzoo.project(in_z, tmp_path / "no.png")
    with pytest.raises(ganzoo.UsageError, match="no image to project"):
        ganzoo.project(in_z, [])
