"""Options of the classifier."""

from __future__ import annotations

from pydantic import Field

import ganzoo


class ClassifierOptions(ganzoo.Options):
    """Options of the classifier of the dataset."""

    epochs: int = Field(4, ge=1, description="Times the training images are shown.")
    images: int = Field(20_000, ge=10, description="Labelled images it is trained on, at most.")
    width: int = Field(32, ge=4, description="Channels of the first layer.")
