"""Promises of `ganzoo project`, `directions` and `mix`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.run import pictures


def pixels(path: str) -> torch.Tensor:
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def test_an_image_is_projected_and_its_latent_saved(ganzoo_cli, trained):
    run = ganzoo.Run(trained, device="cpu")
    ganzoo.save_grid(run.sample(1, seed=3, labels=4), "image.png")
    few = ["--steps", "20", "--starts", "2", "--class", "4", "--seed", "1", "--scale", "1"]
    command = ("project", trained, "image.png", "image.png", *few, "--save-latent", "a/z.npy")
    code, out, err = ganzoo_cli(*command)
    assert code == 0, err
    found = ganzoo.project(run, ["image.png"] * 2, steps=20, starts=2, labels=4, seed=1)
    line = f"image.png  distance {found.distances[0]:.4f}"
    assert out.splitlines() == [line, line, "projection.png", "a/z.npy"]
    assert torch.equal(pixels("projection.png"), found.picture())
    assert np.array_equal(np.load("a/z.npy"), found.latent.numpy())


def test_directions_are_drawn_a_row_each(ganzoo_cli, trained):
    few = ["--n", "3", "--columns", "5", "--amount", "2", "--seed", "1", "--class", "2"]
    code, out, err = ganzoo_cli("directions", trained, *few, "--scale", "1", "--out", "d.png")
    assert (code, out) == (0, "d.png\n"), err
    run = ganzoo.Run(trained, device="cpu")
    images = ganzoo.directions(run, 3).images((-2, -1, 0, 1, 2), seed=1, labels=2)
    assert torch.equal(pixels("d.png"), pictures.grid(images.flatten(0, 1), 5))


def test_styles_are_mixed_in_a_grid(ganzoo_cli, styled):
    few = ["--rows", "2", "--columns", "3", "--layers", "0-1,3", "--truncation", "0.7"]
    code, out, err = ganzoo_cli("mix", styled, *few, "--scale", "1", "--out", "m.png")
    assert (code, out) == (0, "m.png\n"), err
    run = ganzoo.Run(styled, device="cpu")
    images = ganzoo.mix(run, rows=2, columns=3, layers=[0, 1, 3], truncation=0.7)
    assert torch.equal(pixels("m.png"), pictures.grid(images.flatten(0, 1), 4))


def test_every_tool_works_on_the_installed_style_generator(styled, ganzoo_cli):
    run = ganzoo.Run(styled, device="cpu")
    found = ganzoo.project(run, run.sample(1, seed=3), steps=60)
    assert (found.space, found.latent.shape) == ("w", (1, 4, 8))
    assert found.distances[0] < 0.01
    w = run.generator.synthesis
    read = [w.first, w.first_rgb, w.blocks[0].conv0, w.blocks[0].conv1, w.blocks[0].to_rgb]
    matrix = torch.cat([layer.conv.style.weight / 8**0.5 for layer in read]).double().detach()
    strongest = torch.linalg.svd(matrix).Vh[:2].float()
    vectors = ganzoo.directions(run, 2).vectors
    assert torch.allclose((vectors * strongest).sum(1).abs(), torch.ones(2), atol=1e-5)
    code, _, err = ganzoo_cli("directions", styled, "--space", "z")
    assert (code, "no affine layer of the generator" in err) == (2, True), err


@pytest.mark.parametrize("layers", ["3-1", "x", "", "1,", "-1"])
def test_layers_that_are_no_numbers_are_refused(layers, ganzoo_cli, trained):
    code, _, err = ganzoo_cli("directions", trained, f"--layers={layers}")
    assert (code, "is not like 3, 0-3 or 0-1,4" in err) == (2, True), err


def test_what_a_run_cannot_do_is_one_line(ganzoo_cli, trained, styled):
    Path("text.png").write_text("no image")
    for command, reason in (
        (("mix", trained), "has no w: that is the space of style generators"),
        (("directions", trained, "--n", "999"), "coordinates, and as many directions; got --n 999"),
        (("directions", trained, "--layers", "0"), "--layers are those of w"),
        (("directions", trained, "--columns", "0"), "--columns is 0, but should be"),
        (("directions", trained, "--amount", "nan"), "amounts are finite numbers"),
        (("mix", styled, "--layers", "4"), "--layers are some of 0 to 3"),
        (("project", trained, "text.png"), "cannot read text.png"),
        (("project", trained, "text.png", "--out", "x.txt"), "end the name in .png"),
        (("project", trained, "text.png", "--steps", "0"), "--steps is 0, but should be"),
    ):
        code, out, err = ganzoo_cli(*command)
        assert code in (1, 2)
        assert (out, reason in err, len(err.splitlines())) == ("", True, 1), err
    assert not list(Path().glob("*.npy"))
    assert not Path("mix.png").exists()
