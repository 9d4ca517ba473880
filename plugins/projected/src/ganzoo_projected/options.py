"""Options of Projected GAN."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

import ganzoo

GENERATOR = "dcgan"
"""The architecture whose generator is trained if none is named."""


class ProjectedOptions(ganzoo.Options):
    """The generator, the pretrained network, and the widths of the discriminator."""

    generator: str | dict[str, object] = Field(
        GENERATOR,
        description="Architecture whose generator is trained: a name, or a table of name and "
        "options.",
    )
    extractor: str = Field(
        "efficientnet-lite0", description="Extractor whose feature maps the heads see."
    )
    feature_size: int = Field(
        224,
        ge=0,
        le=1024,
        description="Side in pixels at which the extractor sees images, its option `size`; 0 for "
        "the extractor's own default. 64 takes a tenth of the time of 224.",
    )
    mixing_channels: int = Field(
        64,
        ge=1,
        le=1024,
        description="Channels of the finest map after mixing across channels; each coarser map has "
        "twice as many.",
    )
    scale_kernel: Literal[1, 3] = Field(
        1,
        description="Side of the convolutions that mix scales: 1 in the authors' code, 3 in the "
        "paper.",
    )
    head_width: int = Field(
        512,
        ge=1,
        le=4096,
        description="Channels of each head's last map; half as many in the layer before, and so "
        "on.",
    )
    class_dim: int = Field(
        64, ge=1, le=4096, description="Length of the discriminator's class embedding."
    )
    scores: Literal["patches", "mean"] = Field(
        "patches",
        description="The scores of an image: one for each position of each head, as in the paper, "
        "or their mean, for a loss that takes one score.",
    )

    @field_validator("generator")
    @classmethod
    def _has_a_name(cls, value: str | dict[str, object]) -> str | dict[str, object]:
        if isinstance(value, str):
            return value
        value = {"name": GENERATOR, **value}
        if not isinstance(value["name"], str):
            raise ValueError("should have a name that is text: {name = 'dcgan', latent_dim = 64}")
        return value
