"""Standing statistics: batch norm's running statistics of the generator that samples."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from ganzoo.interfaces.architecture import Draw

BATCH = 64


def standing_statistics(generator: nn.Module, draw: Draw, passes: int) -> None:
    """Replace batch norm's running statistics by means over passes (BigGAN, arXiv:1809.11096).

    For `Architecture.settle`: the weights of an averaged generator are not those that its running
    statistics were measured with. Its batch norm layers have to be PyTorch's.

    Args:
        generator: changed in place.
        draw: as `settle` gets it.
        passes: of 64 images each; 0 does nothing.
    """
    if passes:
        # update_bn gives the network the first part of each batch
        batches = ([draw(BATCH)] for _ in range(passes))
        update_bn(batches, _Unpacked(generator).eval())


class _Unpacked(nn.Module):
    """Calls a generator with a tuple of arguments."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, arguments: tuple[Tensor, ...]) -> Tensor:
        """Images of the arguments."""
        images: Tensor = self.generator(*arguments)
        return images
