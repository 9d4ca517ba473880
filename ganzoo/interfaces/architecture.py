"""Architecture: builds a generator and its discriminator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.options import NoOptions, Options
from ganzoo.interfaces.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a loss and its penalties demand of the networks. An architecture meets it or refuses.

    Attributes:
        forbids_batch_statistics: the discriminator's score of one image must not depend on the
            others in its batch (no batch norm): set by every penalty on per-sample gradients.
        labels: generator and discriminator are called with labels and must use them.
        class_logits: the discriminator must return `{"scores": (N,), "class_logits": (N, K)}`
            and must not use the labels it is called with, as it predicts them.
    """

    forbids_batch_statistics: bool = False
    labels: bool = False
    class_logits: bool = False

    def __or__(self, other: Demands) -> Demands:
        return Demands(
            forbids_batch_statistics=self.forbids_batch_statistics
            or other.forbids_batch_statistics,
            labels=self.labels or other.labels,
            class_logits=self.class_logits or other.class_logits,
        )


class Networks(NamedTuple):
    """A generator and a discriminator.

    Attributes:
        generator: `generator(z, labels=None) -> (N, C, H, W)` in [-1, 1], z is `(N, latent_dim)`.
        discriminator: `discriminator(images, labels=None) -> (N,)` raw scores, never a sigmoid;
            or a dict of tensors with `"scores"` among them.
    """

    generator: nn.Module
    discriminator: nn.Module


class Architecture(ABC):
    """Builds the two networks for a given image shape.

    - `build(image, demands)` makes the networks, or raises `ganzoo.Unsupported` with the reason;
    - `latent` is the distribution of z, with `latent.latent_dim`;
    - `natural_size` may move a dataset's size to the nearest one that can be built;
    - `settings` are the paper's training settings; the loss's and the user's take precedence.

    It is constructed with one argument, its validated options.
    """

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        self.options = NoOptions() if options is None else options

    @property
    @abstractmethod
    def latent(self) -> Latent:
        """The distribution that generator inputs are drawn from."""

    @abstractmethod
    def build(self, image: ImageSpec, demands: Demands) -> Networks:
        """Make freshly initialized networks on the CPU, from torch's default random generator.

        Args:
            image: shape of the images; `num_classes` counts where `demands.labels` is set.
            demands: of loss and penalties; meet all of them or refuse.

        Raises:
            Unsupported: it cannot be built; the message gives the reason and what would work.
        """

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The buildable `(height, width)` nearest to a dataset's own: the default size."""
        return (height, width)

    def settings(self) -> Settings:
        """Training settings its paper recommends."""
        return {}
