"""Runs of small generators in z and in w, saved from a trainer and opened as any run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from styled import StyledGenerator
from torch import nn
from toys import TinyDiscriminator, TinyGenerator, make_store

import ganzoo


@pytest.fixture
def saved(make_trainer, tmp_path) -> Callable[..., ganzoo.Run]:
    """A run of a generator on images of 8 by 8 pixels."""

    def save(generator: nn.Module, *, classes: int = 0, channels: int = 1, **own) -> ganzoo.Run:
        trainer = make_trainer(
            generator=generator,
            discriminator=TinyDiscriminator(channels, classes),
            data=make_store(channels=channels, classes=classes),
            conditional=classes > 0,
            **own,
        )
        trainer.fit(1)
        place = Path(tmp_path, f"run-{len(list(tmp_path.iterdir()))}")
        return trainer.save(place)

    return save


@pytest.fixture
def in_z(saved) -> ganzoo.Run:
    torch.manual_seed(0)
    return saved(TinyGenerator())


@pytest.fixture
def in_w(saved) -> ganzoo.Run:
    torch.manual_seed(0)
    return saved(StyledGenerator())
