"""Layers for authors of architectures, each against its formula."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import ganzoo
from ganzoo.nn import (
    ClassBatchNorm2d,
    ConditionalBatchNorm2d,
    DiscriminatorBlock,
    DiscriminatorHeads,
    OutputHeads,
    SelfAttention2d,
    initialize,
)

IMAGE = ganzoo.ImageSpec(channels=3, height=8, width=8, num_classes=4)


def attended_by_loops(layer: SelfAttention2d, x: torch.Tensor) -> torch.Tensor:
    """The formula of the paper, one position at a time."""
    query, key, value = (conv.weight[:, :, 0, 0] for conv in (layer.query, layer.key, layer.value))
    out = torch.zeros_like(x)
    for n in range(len(x)):
        windows = [
            x[n, :, i : i + 2, j : j + 2].flatten(1)
            for i in range(0, x.shape[2], 2)
            for j in range(0, x.shape[3], 2)
        ]
        keys = [(key @ w).amax(1) for w in windows]
        values = [(value @ w).amax(1) for w in windows]
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                likeness = [math.exp(float((query @ x[n, :, i, j]) @ k)) for k in keys]
                o = sum(a / sum(likeness) * v for a, v in zip(likeness, values, strict=True))
                out[n, :, i, j] = layer.out.weight[:, :, 0, 0] @ o
    return x + layer.gamma * out


def test_self_attention_is_its_formula_and_starts_as_the_identity():
    torch.manual_seed(0)
    layer, x = SelfAttention2d(16).double(), torch.randn(2, 16, 4, 6, dtype=torch.float64)
    assert torch.equal(layer(x), x)
    with torch.no_grad():
        layer.gamma.fill_(0.7)
        assert torch.allclose(layer(x), attended_by_loops(layer, x), rtol=0, atol=1e-12)


def test_self_attention_can_be_differentiated_twice():
    torch.manual_seed(0)
    layer = SelfAttention2d(8).double()
    nn.init.constant_(layer.gamma, 0.5)
    x = torch.randn(1, 8, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(layer, x)


def test_class_batch_norm_with_one_class_is_batch_norm():
    torch.manual_seed(0)
    ours, torchs, x = ClassBatchNorm2d(5, 1), nn.BatchNorm2d(5), torch.randn(6, 5, 4, 4)
    with torch.no_grad():
        torchs.weight.uniform_(0.5, 2)
        torchs.bias.normal_()
        ours.gain.weight[0], ours.bias.weight[0] = torchs.weight, torchs.bias
    labels = torch.zeros(6, dtype=torch.int64)
    for mode in (True, False):
        ours.train(mode)
        torchs.train(mode)
        assert torch.allclose(ours(x, labels), torchs(x), atol=1e-6)


def test_class_batch_norm_starts_as_batch_norm_without_gain():
    x, labels = torch.randn(6, 5, 4, 4), torch.arange(6) % 3
    plain = nn.BatchNorm2d(5, affine=False)
    assert torch.equal(ClassBatchNorm2d(5, 3)(x, labels), plain(x))


def test_conditional_batch_norm_of_one_hot_vectors_is_class_batch_norm():
    torch.manual_seed(0)
    x, labels = torch.randn(6, 5, 4, 4), torch.arange(6) % 3
    by_class, by_vector = ClassBatchNorm2d(5, 3), ConditionalBatchNorm2d(5, 3)
    with torch.no_grad():
        by_class.gain.weight.copy_(1 + by_vector.gain.weight.T)
        by_class.bias.weight.copy_(by_vector.bias.weight.T)
    vectors = torch.nn.functional.one_hot(labels, 3).float()
    assert torch.allclose(by_vector(x, vectors), by_class(x, labels), atol=1e-6)


def test_the_projection_score_is_its_formula():
    torch.manual_seed(0)
    heads = DiscriminatorHeads(6, IMAGE, ganzoo.Demands(labels=True))
    h, labels = torch.randn(5, 6), torch.arange(5) % 4
    with torch.no_grad():
        score = [float(heads.score.weight[0] @ h[i] + heads.score.bias) for i in range(5)]
        inner = [float(heads.embedding.weight[labels[i]] @ h[i]) for i in range(5)]
    expected = [a + b for a, b in zip(score, inner, strict=True)]
    assert heads(h, labels).tolist() == pytest.approx(expected, abs=1e-6)


def test_the_score_uses_no_label_where_another_output_tells_classes_apart():
    demands = ganzoo.Demands(labels=True, outputs={"class_logits": ganzoo.Output("classes")})
    heads = DiscriminatorHeads(6, IMAGE, demands)
    h = torch.randn(5, 6)
    outputs = heads(h, torch.zeros(5, dtype=torch.int64))
    assert heads.embedding is None
    assert outputs["class_logits"].shape == (5, 4)
    assert torch.equal(outputs["scores"], heads.score(h)[:, 0])


def test_without_demands_the_head_gives_scores_alone():
    assert DiscriminatorHeads(6, IMAGE, ganzoo.Demands())(torch.randn(5, 6)).shape == (5,)


def test_an_output_that_only_some_architectures_compute_is_refused_and_any_is_the_features():
    features = torch.randn(2, 8)
    assert torch.equal(OutputHeads(8, {"f": ganzoo.Output("any")}, 0)(features)["f"], features)
    demands = ganzoo.Demands(outputs={"reconstruction": ganzoo.Output("own")})
    with pytest.raises(ganzoo.Unsupported, match="needs the output 'reconstruction', which this"):
        DiscriminatorHeads(8, IMAGE, demands)
    joined = demands | ganzoo.Demands(outputs={"reconstruction": ganzoo.Output("any")})
    assert joined == demands


@pytest.mark.parametrize("halves", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_a_residual_block_pools_before_its_shortcut_with_the_same_result(halves, first):
    torch.manual_seed(0)
    block = DiscriminatorBlock(2, 6, halves=halves, first=first).double()
    x = torch.randn(3, 2, 4, 8, dtype=torch.float64)
    hidden = F.conv2d(x if first else x.clamp(min=0), block.conv1.weight, block.conv1.bias, 1, 1)
    hidden = F.conv2d(hidden.clamp(min=0), block.conv2.weight, block.conv2.bias, 1, 1)
    expected = hidden + F.conv2d(x, block.shortcut.weight, block.shortcut.bias)
    if halves:
        expected = expected.unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5))
    assert torch.allclose(block(x), expected, rtol=0, atol=1e-12)


def test_a_residual_block_that_changes_nothing_has_no_shortcut_layer():
    assert isinstance(DiscriminatorBlock(4, 4, halves=False, first=False).shortcut, nn.Identity)


@pytest.mark.parametrize(
    ("name", "spread"),
    # Glorot: sqrt(2 / (inputs + outputs)); orthogonal columns of 256 rows: 1 / sqrt(256).
    [("glorot", (2 / (256 + 64)) ** 0.5), ("orthogonal", 1 / 16), ("normal", 0.02)],
)
def test_every_layer_and_class_proxy_gets_the_initialization_and_norms_keep_theirs(name, spread):
    torch.manual_seed(0)
    image = ganzoo.ImageSpec(channels=3, height=8, width=8, num_classes=256)
    proxies = ganzoo.Output(64, of="label")
    heads = DiscriminatorHeads(64, image, ganzoo.Demands(outputs={"proxies": proxies}, labels=True))
    norm, conv = ClassBatchNorm2d(64, 256), nn.Conv2d(64, 256, 1)
    network = nn.ModuleList([heads, norm, conv])
    initialize(network, name)
    weights = [conv.weight, *(e.weight for e in heads.modules() if isinstance(e, nn.Embedding))]
    assert len(weights) == 2
    for weight in weights:
        assert float(weight.detach().std()) == pytest.approx(spread, rel=0.05)
    assert not conv.bias.any()
    assert torch.equal(norm.gain.weight, torch.ones(256, 64))
    assert not norm.bias.weight.any()


def test_layers_before_a_relu_get_glorots_gain_of_the_root_of_two():
    torch.manual_seed(0)
    layers = nn.ModuleList([nn.Linear(200, 300), nn.Linear(200, 300)])
    initialize(layers, "glorot", relu={layers[0]})
    assert float(layers[0].weight.detach().std()) == pytest.approx((4 / 500) ** 0.5, rel=0.02)
    assert float(layers[1].weight.detach().std()) == pytest.approx((2 / 500) ** 0.5, rel=0.02)


def test_an_initialization_that_is_none_is_refused():
    with pytest.raises(ganzoo.UsageError, match="'he', but should be one of .*'orthogonal'"):
        initialize(nn.Linear(2, 2), "he")
