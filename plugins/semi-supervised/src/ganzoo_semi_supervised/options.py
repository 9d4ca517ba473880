"""Options of the semi-supervised loss."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class SemiSupervisedOptions(ganzoo.Options):
    """Options of the semi-supervised loss."""

    labelled: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the training images whose labels are used. A hash of its pixels "
        "decides for each image.",
    )
    class_weight: float = Field(
        1.0, ge=0, description="Weight of the classification of labelled images."
    )
    adversarial_weight: float = Field(
        1.0,
        ge=0,
        description="Weight of the generator's term; with 0 the generator learns from its "
        "penalties alone, such as feature-matching.",
    )
