"""The state of a training: what is saved, resumed from and sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.loss import Loss
from ganzoo.sampling import sample_images
from ganzoo.training.critic import Augmentation
from ganzoo.training.ema import MovingAverage
from ganzoo.training.updates import Update


class TrainingState:
    """Networks, optimizers and everything else that a step changes."""

    step: int
    """Generator updates done."""

    generator: nn.Module
    discriminator: nn.Module
    ema: MovingAverage
    loss: Loss
    augment: Augmentation | None
    discriminator_update: Update
    generator_update: Update

    latent: Latent
    image: ImageSpec
    conditional: bool

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Images of the averaged generator; see `ganzoo.Run.sample`. Does not change training."""
        return sample_images(
            self.ema.module,
            self.latent,
            n,
            seed=seed,
            num_classes=self.image.num_classes if self.conditional else 0,
            labels=labels,
            truncation=truncation,
        )

    def state_dict(self) -> dict[str, Any]:
        """The state to resume from: there is no random state beside the seed and the step."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        return {"step": self.step, **state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume from a `state_dict`, bit for bit; learning rates stay those of the settings."""
        self.step = state["step"]
        for name, part in self._parts().items():
            part.load_state_dict(state.get(name, {}))  # an augmentation may have no state

    def _parts(self) -> dict[str, nn.Module | Update]:
        """Everything with a state of its own, by its name in a checkpoint."""
        parts: dict[str, nn.Module | Update] = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "ema": self.ema,
            "loss": self.loss,
            "discriminator_update": self.discriminator_update,
            "generator_update": self.generator_update,
        }
        if isinstance(self.augment, nn.Module):
            parts["augment"] = self.augment
        return parts
