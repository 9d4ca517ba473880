"""The critic: a discriminator as losses and penalties see it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

import torch
from torch import Tensor, nn

from ganzoo.errors import PluginError, Unsupported
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.critic import Batch

Outputs = dict[str, Tensor]


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
            returned = run_discriminator(self.discriminator, images, labels)
        return named_outputs(returned, len(batch), self.takes_patches)


def run_discriminator(
    discriminator: nn.Module, images: Tensor, labels: Tensor | None
) -> Tensor | Mapping[str, Tensor]:
    """Call a discriminator, with labels if it is conditional."""
    arguments = (images,) if labels is None else (images, labels)
    returned: Tensor | Mapping[str, Tensor] = discriminator(*arguments)
    return returned


def named_outputs(
    returned: Tensor | Mapping[str, Tensor], n: int, takes_patches: bool = True
) -> Outputs:
    """What a discriminator returned for n images as a dict in at least float32.

    Scores are `(n,)`, or `(n, P)` if there are several for each image and patches are taken.

    Raises:
        PluginError: it returned neither a tensor nor a dict of tensors with scores.
        Unsupported: its scores are not one row an image.
    """
    # A dict of tensors.
    outputs = {"scores": returned} if isinstance(returned, Tensor) else returned
    if not (
        isinstance(outputs, Mapping)
        and "scores" in outputs
        and all(isinstance(value, Tensor) for value in outputs.values())
    ):
        names = f" with the keys {sorted(outputs)}" if isinstance(outputs, Mapping) else ""
        raise PluginError(
            f"the discriminator returned a {type(returned).__name__}{names}; it must return the "
            'scores (N,), or a dict of tensors with "scores" among them'
        )
    outputs = {
        name: value.to(torch.promote_types(value.dtype, torch.float32))
        for name, value in outputs.items()
    }

    # One row of scores for each image.
    scores = outputs["scores"]
    if not scores.ndim or len(scores) != n or not scores.numel():
        raise Unsupported(
            f"the discriminator gave scores of shape {tuple(scores.shape)} for {n} images; "
            "it must give one score an image, shape (N,)"
        )
    scores = scores.flatten() if scores.numel() == n else scores.flatten(1)
    outputs["scores"] = scores if takes_patches else per_image(scores)
    return outputs


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


def per_image(scores: Tensor) -> Tensor:
    """One score an image: the mean of its patches, if it has several."""
    return scores.mean(1) if scores.ndim > 1 else scores
