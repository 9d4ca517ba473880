"""Settings: the training settings that a paper recommends. Imports no torch."""

from __future__ import annotations

from typing import TypedDict


class Settings(TypedDict, total=False):
    """Training settings that a loss or an architecture brings from its paper.

    Precedence: the user's, the loss's, the architecture's, ganzoo's defaults. Meaning and range of
    each are those of `ganzoo.TrainingConfig`.
    """

    batch_size: int
    n_critic: int
    optimizer: str
    generator_lr: float
    discriminator_lr: float
    betas: tuple[float, float]
    ema_decay: float
