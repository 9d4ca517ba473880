"""Options of the classifier."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class ClassifierOptions(ganzoo.Options):
    """Options of the classifier of the dataset."""

    epochs: int = Field(4, ge=1, description="Training epochs of the classifier.")
    images: int = Field(20_000, ge=10, description="Largest number of labelled images to train on.")
    width: int = Field(32, ge=4, description="Channels of the first layer.")
