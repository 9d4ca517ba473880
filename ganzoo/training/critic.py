"""The critic: a discriminator as losses and penalties see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy

import torch
from torch import Tensor, nn

from ganzoo.errors import Unsupported
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.critic import Batch

Augmentation = Callable[[Tensor], Tensor]
Outputs = dict[str, Tensor]


class BoundCritic:
    """A `ganzoo.Critic`: augments images, runs the discriminator, returns float32.

    Args:
        discriminator: `(images, labels) -> (N,)` scores or a dict with `"scores"`.
        execution: of the run; the discriminator runs in its precision.
        conditional: pass labels on.
        augment: differentiable, `(N, C, H, W) -> (N, C, H, W)`; every image a loss or penalty
            shows to the discriminator passes through it.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        execution: Execution,
        conditional: bool,
        augment: Augmentation | None = None,
    ) -> None:
        self.discriminator = discriminator
        self.execution = execution
        self.precision = execution.precision
        self.conditional = conditional
        self.augment = augment

    def at(self, precision: str) -> BoundCritic:
        """The same critic in another precision."""
        bound = copy(self)
        bound.precision = precision
        return bound

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)`."""
        return self.outputs(batch)["scores"]

    def outputs(self, batch: Batch) -> Outputs:
        """Everything the discriminator returns for a batch, `"scores"` among it."""
        images = self.augment(batch.images) if self.augment else batch.images
        labels = batch.labels if self.conditional else None
        with self.execution.autocast(self.precision):
            returned = run_discriminator(self.discriminator, images, labels)
        return named_outputs(returned, len(batch))


def run_discriminator(
    discriminator: nn.Module, images: Tensor, labels: Tensor | None
) -> Tensor | Mapping[str, Tensor]:
    """Call a discriminator, with labels if it is conditional."""
    arguments = (images,) if labels is None else (images, labels)
    returned: Tensor | Mapping[str, Tensor] = discriminator(*arguments)
    return returned


def named_outputs(returned: Tensor | Mapping[str, Tensor], n: int) -> Outputs:
    """What a discriminator returned for n images as a dict in at least float32.

    Raises:
        Unsupported: its scores are not one number an image.
    """
    outputs = {"scores": returned} if isinstance(returned, Tensor) else dict(returned)
    for name, value in outputs.items():
        outputs[name] = value.to(torch.promote_types(value.dtype, torch.float32))
    scores = outputs["scores"]
    if scores.shape != (n,):
        if scores.numel() != n:
            raise Unsupported(
                f"the discriminator gave scores of shape {tuple(scores.shape)} for {n} images; "
                "it must give one score an image, shape (N,)"
            )
        outputs["scores"] = scores.flatten()
    return outputs


class RecordingCritic:
    """The critic of one discriminator update: it keeps the first scores of real and fake images.

    So diagnosis costs no forward pass.

    Args:
        critic: what scores images.
        real: the real batch of the update.
        fake: the fake batch of the update.
        joint: run the discriminator on both in one pass, when a loss first scores one of them with
            gradients. Scoring a batch again is a forward pass with dropout of its own.
    """

    def __init__(self, critic: BoundCritic, real: Batch, fake: Batch, *, joint: bool) -> None:
        self.critic = critic
        self.real = real
        self.fake = fake
        self.scores: dict[str, Tensor] = {}
        """The first scores of `"real"` and `"fake"`, without a graph; none that no loss used."""
        self._joint = joint
        self._ready: dict[str, Outputs] = {}

    def __call__(self, batch: Batch) -> Tensor:
        """Raw scores `(N,)`."""
        return self.outputs(batch)["scores"]

    def outputs(self, batch: Batch) -> Outputs:
        """Everything the discriminator returns for a batch, `"scores"` among it."""
        name = "real" if batch is self.real else "fake" if batch is self.fake else ""
        if not name:
            return self.critic.outputs(batch)

        # Outputs of the joint forward pass, once.
        outputs = None
        if torch.is_grad_enabled():
            if self._joint:
                self._forward_jointly()
            outputs = self._ready.pop(name, None)

        if outputs is None:
            outputs = self.critic.outputs(batch)
        self.scores.setdefault(name, outputs["scores"].detach())
        return outputs

    def _forward_jointly(self) -> None:
        both, n = self.critic.outputs(Batch.cat([self.real, self.fake])), len(self.real)
        self._ready["real"] = {name: value[:n] for name, value in both.items()}
        self._ready["fake"] = {name: value[n:] for name, value in both.items()}
        self._joint = False
