"""Options of the Weights & Biases observer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

import ganzoo


class WandbOptions(ganzoo.Options):
    """Options of the Weights & Biases observer."""

    project: str | None = Field(
        None, description="Project; none: the variable WANDB_PROJECT, else ganzoo."
    )
    entity: str | None = Field(
        None, description="User or team; none: the variable WANDB_ENTITY, else your default."
    )
    mode: Literal["online", "offline", "disabled"] | None = Field(
        None,
        description="Upload, or write files alone; none: the variable WANDB_MODE, else online.",
    )
    run_name: str | None = Field(None, description="Name of the run; none: that of its directory.")
    group: str | None = Field(None, description="Group of runs that it belongs to.")
    tags: tuple[str, ...] = Field((), description="Tags of the run.")
    images: bool = Field(True, description="Log sample grids.")
