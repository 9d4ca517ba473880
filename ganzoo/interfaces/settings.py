"""Settings: the training settings that a paper recommends. Imports no torch."""

from __future__ import annotations

from typing import TypedDict


class Settings(TypedDict, total=False):
    """Training settings that a loss or an architecture brings from its paper.

    The user's own come first, then the loss's, then the architecture's, then the engine's.
    The meaning and range of each is that of `ganzoo.config.TrainingConfig`.
    """

    batch_size: int
    n_critic: int
    optimizer: str
    generator_lr: float
    discriminator_lr: float
    betas: tuple[float, float]
    ema_decay: float
