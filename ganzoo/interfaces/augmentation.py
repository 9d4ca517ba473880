"""Augmentation: what happens to every image before the discriminator sees it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from ganzoo.interfaces.options import NoOptions, Options
from ganzoo.interfaces.schedule import Progress


class Augmentation(nn.Module, ABC):
    """A differentiable random transform of images, for training with little data.

    The trainer applies it to every image that the discriminator sees: real and fake, in both
    networks' updates and inside penalties. So what the generator makes is never augmented, and a
    gradient penalty takes the gradient by the image *before* the augmentation.

        class Flip(ganzoo.Augmentation):
            def forward(self, images):
                draws = torch.rand(len(images), 1, 1, 1, device=images.device)
                return torch.where(draws < 0.5, images.flip(3), images)

    - Every image draws numbers of its own, from torch's default generator, by one call whose first
      dimension is `len(images)`: so the result is the same for one process and for several, and
      for micro-batches.
    - It is differentiable by the images; twice, or gradient penalties cannot be used with it
      (`torch.nn.functional.grid_sample` has no second derivative).
    - State belongs in buffers: they are saved with the run.
    - It is made with one argument, its validated options.
    """

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        super().__init__()
        self.options = NoOptions() if options is None else options

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` of the range [-1, 1] to as many of the same shape and type."""

    def at(self, progress: Progress) -> None:
        """Called before each step; write what depends on the progress into a buffer."""

    def after_discriminator_step(
        self, real_scores: Tensor | None, fake_scores: Tensor | None
    ) -> Mapping[str, Tensor]:
        """Called without gradients after each discriminator update, to adapt the strength.

        It must not wait for the device (no `.item()`, no `if` on a tensor).

        Args:
            real_scores: `(N,)` of the augmented real images, over all processes; None if the loss
                scored none.
            fake_scores: `(N,)` of the augmented fakes.

        Returns:
            scalars for the log, by name.

        Raises:
            Unsupported: it adapts to scores, and the loss scored no real or no fake images.
        """
        return {}
