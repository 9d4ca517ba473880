"""Top-k training of the generator (Sinha et al. 2020, arXiv:2002.06224)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_top_k.options import TopKOptions


class TopK(ganzoo.Loss):
    """The generator learns from the k fakes with the highest scores of each batch alone.

    The discriminator's gradient is least useful at the fakes it is surest of. k is `fraction` times
    the images of a micro-batch of one process, at least 1; the paper lowers it from all to half of
    them. The discriminator's loss is the hinge or non-saturating loss, over all images.
    """

    options: TopKOptions
    fraction: Tensor

    def __init__(self, options: TopKOptions | None = None) -> None:
        super().__init__(options or TopKOptions())
        first = ganzoo.value_at(self.options.fraction, ganzoo.Progress(0, 0))
        self.register_buffer("fraction", torch.tensor(first), persistent=False)

    def at(self, progress: ganzoo.Progress) -> None:
        """Set the share of the fakes."""
        self.fraction.fill_(ganzoo.value_at(self.options.fraction, progress))

    def discriminator_loss(
        self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Of all images."""
        on_real, on_fake = critic(real), critic(fake)
        if self.options.of == "hinge":
            return {"real": F.relu(1 - on_real).mean(), "fake": F.relu(1 + on_fake).mean()}
        return {"real": F.softplus(-on_real).mean(), "fake": F.softplus(on_fake).mean()}

    def generator_loss(
        self, critic: ganzoo.Critic, fake: ganzoo.Batch, real: ganzoo.Batch
    ) -> dict[str, Tensor]:
        """Of the k best fakes.

        Raises:
            UsageError: there is one fake alone, which is always the best.
        """
        if self.options.fraction != 1:
            ganzoo.refuse_single(len(fake), "'top-k' chooses among the fakes of a batch")
        best_first = critic(fake).sort(descending=True).values
        losses = -best_first if self.options.of == "hinge" else F.softplus(-best_first)

        # A mask, whose shape does not depend on k: captured and compiled steps need that.
        k = (self.fraction * len(losses)).round().clamp(min=1)
        kept = torch.arange(len(losses), device=losses.device) < k
        return {"adversarial": torch.where(kept, losses, 0).sum() / k}
