"""The critic: a discriminator as losses and penalties see it."""

from __future__ import annotations

from copy import copy

import torch
from torch import Tensor, nn

from ganzoo.execution.execution import Execution
from ganzoo.interfaces.critic import Batch
from ganzoo.scoring import Outputs, named_outputs, per_image, with_labels


class BoundCritic:
    """A `ganzoo.Critic`: augments images, runs the discriminator, returns float32.

    Args:
        discriminator: `(images, labels) -> (N,)` scores or a dict with `"scores"`.
        execution: of the run; the discriminator runs in its precision.
        conditional: pass labels on.
        augment: every image a loss or penalty shows to the discriminator passes through it.
        takes_patches: return scores `(N, P)` where the discriminator gives P an image; else the
            mean over P.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        execution: Execution,
        conditional: bool,
        augment: nn.Module | None = None,
        *,
        takes_patches: bool = False,
    ) -> None:
        self.discriminator = discriminator
        self.execution = execution
        self.precision = execution.precision
        self.conditional = conditional
        self.augment = augment
        self.takes_patches = takes_patches

    def inside_penalty(self, precision: str) -> BoundCritic:
        """The same critic for a penalty: in its precision, with one score an image."""
        bound = copy(self)
        bound.precision = precision
        bound.takes_patches = False
        return bound

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)`, or `(N, P)`."""
        return self.outputs(batch)["scores"]

    def outputs(self, batch: Batch) -> Outputs:
        """Everything the discriminator returns for a batch, `"scores"` among it."""
        images = batch.images
        if self.augment is not None:
            with self.execution.autocast("fp32"):
                images = self.augment(images)
        labels = batch.labels if self.conditional else None
        with self.execution.autocast(self.precision):
            returned = self.discriminator(*with_labels(images, labels))
        return named_outputs(returned, len(batch), self.takes_patches)


class RecordingCritic:
    """The critic of one discriminator update, which keeps the outputs for real and fake images.

    So diagnosis, and penalties on scores, cost no forward pass.

    Args:
        critic: what scores images.
        real: the real batch of the update.
        fake: the fake batch of the update.
        outputs: those of both batches where they are known already, real images first. A loss
            gets them once: scoring a batch again is a forward pass with dropout of its own.
    """

    def __init__(
        self, critic: BoundCritic, real: Batch, fake: Batch, outputs: Outputs | None = None
    ) -> None:
        self.critic = critic
        self.real = real
        self.fake = fake
        self.takes_patches = critic.takes_patches
        self.reuses = False
        self._first: dict[str, Outputs] = {}
        if outputs is not None:
            n = len(real)
            self._first["real"] = {name: value[:n] for name, value in outputs.items()}
            self._first["fake"] = {name: value[n:] for name, value in outputs.items()}
        self._unused = set(self._first)

    def inside_penalty(self) -> RecordingCritic:
        """The same critic for a penalty that reuses the loss's outputs: one score an image."""
        critic = copy(self)
        critic.takes_patches, critic.reuses = False, True
        return critic

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)`, or `(N, P)`."""
        return self.outputs(batch)["scores"]

    def outputs(self, batch: Batch) -> Outputs:
        """Everything the discriminator returns for a batch, `"scores"` among it."""
        outputs = self._recorded(batch)
        if self.takes_patches:
            return outputs
        return outputs | {"scores": per_image(outputs["scores"])}

    def _recorded(self, batch: Batch) -> Outputs:
        """The outputs for a batch: those of real and fake images are kept, or known already."""
        name = "real" if batch is self.real else "fake" if batch is self.fake else ""
        if not name or not torch.is_grad_enabled():
            return self.critic.outputs(batch)
        if name in self._unused or (self.reuses and name in self._first):
            self._unused.discard(name)
            return self._first[name]
        outputs = self.critic.outputs(batch)
        self._first.setdefault(name, outputs)
        return outputs

    def scores(self, name: str) -> Tensor | None:
        """Scores `(N,)` of `"real"` or `"fake"`, without a graph; None if no loss scored them."""
        first = self._first.get(name)
        return None if first is None else per_image(first["scores"].detach())
