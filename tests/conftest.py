"""Fixtures shared by the tests of the core."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from toys import LogisticLoss, TinyDiscriminator, TinyGenerator, make_store

import ganzoo

collect_ignore = ["outsider"]  # a stranger's package: tests/packaging/test_outsider.py installs it

torch.set_num_threads(1)  # networks this small would spend their time waiting for each other


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> dict[str, str]:
    """A dataset of twelve coloured pictures of three classes."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0)
    for k in range(12):
        (folder / f"class-{k % 3}").mkdir(exist_ok=True)
        pixels = noise.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"class-{k % 3}" / f"{k}.png")
    return {"name": "image-folder", "path": str(folder)}


@pytest.fixture
def empty_place(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "")  # `-p` writes to it
    monkeypatch.chdir(tmp_path)
    yield
    ganzoo.default_host.cache_clear()


@pytest.fixture
def small_map(monkeypatch):
    """A report's map of classes has few points, which saves seconds."""
    monkeypatch.setattr("ganzoo.reporting.page.POINTS", 20)


@pytest.fixture
def make_trainer() -> Callable[..., ganzoo.Trainer]:
    """A trainer of tiny networks on random images; anything can be replaced."""

    def make(
        *, classes: int = 0, conditional: bool = False, channels: int = 1, **arguments: object
    ) -> ganzoo.Trainer:
        torch.manual_seed(0)
        label_count = classes if conditional else 0
        defaults: dict[str, object] = {
            "generator": TinyGenerator(channels, classes=label_count),
            "discriminator": TinyDiscriminator(channels, label_count),
            "loss": LogisticLoss(),
            "data": make_store(channels=channels, classes=classes),
            "latent": 8,
            "batch_size": 4,
            "device": "cpu",
            "precision": "fp32",
            "conditional": conditional,
        }
        return ganzoo.Trainer(**(defaults | arguments))  # type: ignore[arg-type]

    return make
