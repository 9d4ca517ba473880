"""Each family of architectures learns: small widths, Fashion-MNIST at 32 pixels."""

from __future__ import annotations

from typing import Any

import pytest

import ganzoo
from ganzoo.run.doctor import diagnose
from ganzoo.run.records import Records


def rates(both: float, batch_size: int = 16, **more: object) -> dict[str, object]:
    return {
        "generator_lr": both,
        "discriminator_lr": both,
        "batch_size": batch_size,
        "ema_decay": 0.98,
        "steps": 200,
    } | more


CONDITIONAL = {"conditional": True, "n_critic": 1, "betas": (0.0, 0.99)}
LAZY = {"penalty": {"r1": {"interval": 4}, "r2": {"interval": 4}}}

FAMILIES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "sndcgan": ("bce", {"base_channels": 8, "initialization": "glorot"}, rates(5e-4)),
    "resnet": ("hinge", {"base_channels": 4}, rates(1e-3, n_critic=1)),
    "sagan": ("hinge", {"base_channels": 4, "latent_dim": 16}, rates(4e-4, **CONDITIONAL)),
    "biggan": (
        "hinge",
        {"base_channels": 4, "latent_dim": 16, "embedding_dim": 16},
        rates(1e-3, seed=1, **CONDITIONAL),
    ),
    "stylegan2": (
        "bce",
        {"channel_base": 256, "channel_max": 64, "latent_dim": 64, "style_dim": 64},
        rates(
            2.5e-3, betas=(0.0, 0.99), penalty={"r1": {"weight": 0.1, "interval": 16}}, steps=300
        ),
    ),
    "r3gan": (
        "relativistic",
        {"base_channels": 64, "wide_until": 4, "blocks": 1, "latent_dim": 16},
        rates(1e-3, seed=2) | LAZY,
    ),
    "fastgan": (
        "fastgan",
        {"base_channels": 4, "span": 8, "latent_dim": 32},
        rates(2e-4, 4),
    ),
}
"""The loss, the options of the architecture, and the settings."""

SMALL_CLASSIFIER = {"name": "classifier", "width": 8}
"""It is right about 6 of 7 held-out images, and trained in a seventh of the default one's time."""


@pytest.mark.slow
@pytest.mark.parametrize("arch", FAMILIES)
def test_a_family_learns_several_classes_without_collapse(arch, tmp_path):
    loss, options, settings = FAMILIES[arch]
    run = ganzoo.train(
        arch={"name": arch, **options},
        loss=loss,
        data="fashion-mnist",
        size=32,
        precision="fp32",
        threads=1,
        device="cpu",
        run_dir=tmp_path / "run",
        **settings,
    )
    (found, *_) = ganzoo.evaluate(
        run, metrics="class-shares", n=1000, extractor=SMALL_CLASSIFIER, floor=False
    )
    assert diagnose(Records(run.path)).problems == ()
    assert found.value >= 8
