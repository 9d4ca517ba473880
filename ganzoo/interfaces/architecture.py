"""Architecture: what builds a generator and the discriminator it plays against."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import nn

from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.values import Demands, ImageSpec, Settings


class Networks(NamedTuple):
    """What an architecture builds.

    Attributes:
        generator: `generator(z, labels=None) -> (N, C, H, W)` in [-1, 1], z is `(N, latent_dim)`.
        discriminator: `discriminator(images, labels=None) -> (N,)` raw scores, never a sigmoid;
            or a dict of tensors with `"scores"` among them.
    """

    generator: nn.Module
    discriminator: nn.Module


class Architecture(ABC):
    """Builds the two networks for a given image shape.

    What matters to an author:

    - `build(image, demands)` makes the networks, or raises `ganzoo.Unsupported` with the reason;
    - `latent` is the distribution of z, and with it `latent.latent_dim`;
    - `natural_size` may move a dataset's size to the nearest one it can build;
    - `settings` are the paper's training settings, below the loss's and the user's.

    It is constructed with one argument, its validated options.
    """

    @property
    @abstractmethod
    def latent(self) -> Latent:
        """The distribution that generator inputs are drawn from."""

    @abstractmethod
    def build(self, image: ImageSpec, demands: Demands) -> Networks:
        """Make freshly initialized networks on the CPU, from torch's default random generator.

        Args:
            image: shape of the images; `num_classes` counts where `demands.labels` is set.
            demands: what loss and penalties ask; honour all of it or refuse.

        Raises:
            Unsupported: the reason, and what would work instead.
        """

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The buildable `(height, width)` nearest to a dataset's own, used when none is asked."""
        return (height, width)

    def settings(self) -> Settings:
        """Training settings its paper recommends."""
        return {}
