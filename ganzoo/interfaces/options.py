"""Options: the typed, documented, validated settings of one component. Imports no torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Base class of a component's options: a pydantic model, frozen, that forbids unknown keys.

    Give every field a default, bounds where they exist and a description; `ganzoo show` prints
    them and every error quotes them. The field name `name` is taken by the component's own.

        class CriticOptions(ganzoo.Options):
            base_channels: int = Field(64, ge=1, description="Channels of the widest image.")
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class NoOptions(Options):
    """The options of a component that has none."""


class PenaltyOptions(Options):
    """What every penalty can be asked; a penalty's own options derive from it."""

    weight: float = Field(
        1.0, ge=0.0, description="Factor of the penalty in the loss; 0 switches it off."
    )
    interval: int = Field(
        1,
        ge=1,
        description="Apply it at every n-th update, n times as strong (lazy regularization, "
        "Karras et al. 2020).",
    )
