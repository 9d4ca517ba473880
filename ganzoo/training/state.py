"""The state of a training: what is saved, resumed from and sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.config import TrainingConfig
from ganzoo.copying import copied
from ganzoo.data.batches import Batches
from ganzoo.interfaces.architecture import Networks
from ganzoo.interfaces.critic import Batch
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.extractor import extractors_in
from ganzoo.interfaces.loss import Loss
from ganzoo.sampling import Sampler
from ganzoo.training.augmentations import Pipeline
from ganzoo.training.ema import MovingAverage
from ganzoo.training.updates import Update


class Parts(NamedTuple):
    """What a trainer is made of, on its device.

    Attributes:
        networks: both.
        loss: of both.
        image: shape of the images, and classes or condition.
        augment: every image that the discriminator sees passes through it; None for none.
        conditional: whether the networks are called with labels.
        dtype: of images and z: float64 if a network has such weights, else float32.
        discriminator_update: an update of the discriminator.
        generator_update: an update of the generator.
        class_names: in label order; empty for images without labels.
        examples: training images whose vectors or pictures samples are conditioned on.
        sampler: draws images of the generator.
        batches: of real images.
    """

    networks: Networks
    loss: Loss
    image: ImageSpec
    augment: Pipeline | None
    conditional: bool
    dtype: torch.dtype
    discriminator_update: Update
    generator_update: Update
    class_names: tuple[str, ...]
    examples: Batch | None
    sampler: Sampler
    batches: Batches

    @property
    def obstacle_to_capture(self) -> str:
        """Why a recorded step would not do what these updates do; empty if it would."""
        optimizers = (u.optimizer for u in (self.discriminator_update, self.generator_update))
        return next(filter(None, (o.obstacle_to_capture for o in optimizers)), "")


class TrainingState:
    """Networks, optimizers and everything else that a step changes.

    Args:
        parts: what the trainer is made of.
        training: the optimization.

    Attributes:
        step: generator updates done.
        consistent: whether the state is that after `step` whole steps.
        examples: training images whose vectors or pictures samples are conditioned on; None for
            classes.
    """

    def __init__(self, parts: Parts, training: TrainingConfig) -> None:
        self.step = 0
        self.consistent = True
        self.training = training
        self.generator, self.discriminator = parts.networks
        self.loss, self.augment, self.conditional = parts.loss, parts.augment, parts.conditional
        self.discriminator_update = parts.discriminator_update
        self.generator_update = parts.generator_update
        self.batches, self.dtype = parts.batches, parts.dtype
        self.sampler, self.examples = parts.sampler, parts.examples
        self.latent, self.image = self.sampler.latent, parts.image
        self.class_names = parts.class_names
        self.ema = MovingAverage(self.generator, 0.0, warm_up=training.ema_halflife is None)

    @property
    def trained_with(self) -> frozenset[str]:
        """Pretrained networks that a network, the loss or a penalty uses: `Extractor.display`."""
        discriminator, generator = self.discriminator_update, self.generator_update
        return extractors_in(discriminator.objective) | extractors_in(generator.objective)

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
        live: bool = False,
    ) -> Tensor:
        """Sample images of the averaged generator, or with `live` of the latest weights.

        See `ganzoo.Run.sample`. It does not change the training.
        """
        generator = self._at_rest(live)
        return self.sampler.sample(generator, n, seed=seed, labels=labels, truncation=truncation)

    def decode(
        self,
        z: Tensor,
        labels: Tensor | int | None = None,
        *,
        truncation: float | None = None,
        live: bool = False,
    ) -> Tensor:
        """Images of given points of latent space, z `(N, latent_dim)`; see `sample`."""
        return self.sampler.decode(self._at_rest(live), z, labels, truncation=truncation)

    def _at_rest(self, live: bool) -> nn.Module:
        """The generator to sample; the live one is copied, as sampling changes its mode."""
        return self.sampler.at_rest(copied(self.generator).eval() if live else self.ema.module)

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
        if self.augment is not None:
            parts["augment"] = self.augment
        return parts
