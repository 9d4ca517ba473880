"""Promises of `ganzoo.directions`: eigenvectors of the layers that read the latent."""

from __future__ import annotations

import pytest
import torch
from styled import StyledGenerator
from torch import Tensor, nn
from toys import TinyGenerator

import ganzoo
from ganzoo.latents.first_layers import first_layers
from ganzoo.latents.space import Space


def eigenvectors(matrix: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """By the singular value decomposition, which is another algorithm than `eigh`."""
    _, singular, right = torch.linalg.svd(matrix.double(), full_matrices=True)
    return singular[:n].square(), right[:n]


def same_lines(first: Tensor, second: Tensor) -> bool:
    """Whether unit vectors are the same but for their signs."""
    cosines = (first.double() * second.double()).sum(1).abs()
    return bool((cosines > 1 - 1e-6).all())


class Reading(nn.Module):
    """A generator whose first layer is made to order; the image is a function of its output."""

    def __init__(self, first: nn.Module, classes: int = 0) -> None:
        super().__init__()
        self.first = first
        self.embed = nn.Embedding(classes, 4) if classes else None
        with torch.no_grad():
            width = first(torch.zeros(1, 12 if classes else 8)).numel()
        self.last = nn.Linear(width, 64)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = z if self.embed is None else torch.cat([self.embed(labels), z], 1)
        return torch.tanh(self.last(self.first(x).flatten(1).relu())).view(-1, 1, 8, 8)


class Equalized(nn.Module):
    """A linear layer of no known type, whose weight is scaled at run time."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(12, 8))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.weight / 3) + 1


class AsMap(nn.Module):
    """z as a map of one pixel, for a transposed convolution as DCGAN's."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.ConvTranspose2d(8, 3, 4)

    def forward(self, z: Tensor) -> Tensor:
        return self.convolution(z[:, :, None, None])


class InChunks(nn.Module):
    """Each half of z enters a layer of its own, as in BigGAN."""

    def __init__(self) -> None:
        super().__init__()
        self.halves = nn.ModuleList(nn.Linear(4, 5) for _ in range(2))

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([f(x) for f, x in zip(self.halves, z.split(4, 1), strict=True)], 1)


def in_chunks(module: InChunks) -> Tensor:
    return torch.block_diag(*(half.weight for half in module.halves))


SPECTRAL = torch.nn.utils.parametrizations.spectral_norm

CASES = {
    "linear": (lambda: nn.Linear(8, 16), lambda m: m.weight),
    "equalized": (Equalized, lambda m: m.weight / 3),
    "spectral": (lambda: SPECTRAL(nn.Linear(8, 16)), lambda m: m.weight),
    "convolution": (AsMap, lambda m: m.convolution.weight.flatten(1).T),
    "chunks": (InChunks, in_chunks),
    "stacked": (lambda: nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 9)), lambda m: m[0].weight),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_layer_is_found_whatever_its_type(case, saved):
    torch.manual_seed(0)
    make, matrix_of = CASES[case]
    run = saved(Reading(make()))
    matrix = matrix_of(run.generator.first).detach()
    found = ganzoo.directions(run, 3)
    values, vectors = eigenvectors(matrix, 3)
    assert torch.allclose(found.values.double(), values, rtol=1e-4)
    assert same_lines(found.vectors, vectors)
    own = torch.cat(first_layers(Space(run)))
    assert torch.allclose(own.T @ own, matrix.T @ matrix, atol=1e-5)


def test_an_embedding_beside_z_is_no_direction(saved):
    torch.manual_seed(0)
    run = saved(Reading(nn.Linear(12, 16), classes=3), classes=3)
    _, vectors = eigenvectors(run.generator.first.weight[:, 4:].detach(), 8)
    assert same_lines(ganzoo.directions(run, 8).vectors, vectors)


def test_directions_of_w_are_those_of_the_layers_that_read_it(in_w):
    weights = [layer.weight.detach() for layer in in_w.generator.styles]
    _, vectors = eigenvectors(torch.cat(weights), 4)
    assert same_lines(ganzoo.directions(in_w, 4).vectors, vectors)
    _, vectors = eigenvectors(torch.cat(weights[2:]), 4)
    some = ganzoo.directions(in_w, 4, layers=[3, 2])
    assert same_lines(some.vectors, vectors)
    assert some.layers == (2, 3)


def test_a_direction_moves_its_layers_alone_by_standard_deviations(in_w):
    found = ganzoo.directions(in_w, 2, layers=[1])
    w = found.space.points[:5]
    moved = found.moved(w, 1, 2.0)
    assert torch.equal(moved[:, [0, 2, 3]], w[:, [0, 2, 3]])
    step = (moved - w)[:, 1]
    along = found.space.points[:, 1] @ found.vectors[1]
    assert torch.allclose(step, (2 * along.std() * found.vectors[1]).expand(5, -1), atol=1e-5)


@pytest.mark.parametrize("kind", ["z", "w"])
def test_the_middle_image_is_the_sample_and_the_others_are_moved(kind, in_z, in_w):
    run = {"z": in_z, "w": in_w}[kind]
    found = ganzoo.directions(run, 3)
    images = found.images((-2, 0, 2), seed=4)
    assert images.shape == (3, 3, 1, 8, 8)
    sample = run.sample(1, seed=4)
    for k in range(3):
        assert torch.allclose(images[k, 1], sample[0], atol=1e-6)
        assert (images[k, 0] - images[k, 2]).abs().max() > 1e-3
    if kind == "z":
        z = run.sampler.draw(1, seed=4)
        assert torch.allclose(run.decode(found.moved(z, 1, -2.0)), images[1, :1], atol=1e-6)


@pytest.mark.parametrize("make", [TinyGenerator, StyledGenerator])
def test_a_class_stays(make, saved):
    torch.manual_seed(0)
    run = saved(make(classes=3), classes=3)
    images = ganzoo.directions(run, 2).images((0, 1), seed=4, labels=2)
    assert torch.allclose(images[1, 0], run.sample(1, seed=4, labels=2)[0], atol=1e-6)


def test_directions_are_orthonormal_the_strongest_first_and_the_same_each_time(in_z):
    found, again = ganzoo.directions(in_z, 8), ganzoo.directions(in_z, 8)
    assert torch.allclose(found.vectors @ found.vectors.T, torch.eye(8), atol=1e-5)
    assert found.values.tolist() == sorted(found.values.tolist(), reverse=True)
    assert torch.equal(found.vectors, again.vectors)
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1, keepdim=True)) > 0).all()


def test_what_has_none_says_so(in_z, in_w):
    for n, said in ((0, "n is 0, but"), (2.5, "n is 2.5"), (9, "has 8 coordinates.*got n=9")):
        with pytest.raises(ganzoo.UsageError, match=said):
            ganzoo.directions(in_z, n)
    with pytest.raises(ganzoo.UsageError, match="layers are those of w"):
        ganzoo.directions(in_z, layers=[0])
    for wrong in ([4], [-1], []):
        with pytest.raises(ganzoo.UsageError, match="layers are some of 0 to 3"):
            ganzoo.directions(in_w, layers=wrong)
    with pytest.raises(ganzoo.Unsupported, match="no affine layer .* reads z as it is"):
        ganzoo.directions(in_w, space="z")  # its mapping normalizes z
