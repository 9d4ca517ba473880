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
    reuse_fakes: bool
    optimizer: str
    generator_lr: float | str
    discriminator_lr: float | str
    betas: tuple[float | str, float | str]
    generator_betas: tuple[float | str, float | str]
    discriminator_betas: tuple[float | str, float | str]
    eps: float
    weight_decay: float
    max_grad_norm: float
    ema_decay: float | str
    ema_halflife: float | str
    ema_rampup: float
    ema_start: int
