"""Dataset: where real images come from."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from ganzoo.interfaces.values import ImageSource


class Dataset(ABC):
    """Opens a split as a map-style torch dataset of `(PIL image or uint8 tensor, label)`.

    One method is enough, and everything in `torchvision.datasets` fits as it is: decoding to the
    training size, channels and range is the engine's work. It is constructed with one argument,
    its validated options; constructing reads nothing from disk.
    """

    @abstractmethod
    def open(self, split: str = "train") -> ImageSource:
        """Find the data (downloading it where the options allow) and describe it.

        Raises:
            DataError: what is missing, where it was looked for, and how to get it.
            UsageError: for a split it does not have.
        """

    def render(self, images: Tensor) -> Tensor | None:
        """A picture of a whole batch, for data that no grid of images shows well.

        Args:
            images: `(N, C, H, W)` in [-1, 1].

        Returns:
            uint8 `(3, H', W')`, or None for the usual grid.
        """
        return None
