"""The critic: a discriminator as losses and penalties see it, and the checks that it plays fair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy, deepcopy

import torch
from torch import Tensor, nn

from ganzoo.engine.precision import PrecisionPolicy
from ganzoo.engine.randomness import isolated
from ganzoo.errors import Unsupported
from ganzoo.interfaces.values import Batch, Demands, ImageSpec

Augmentation = Callable[[Tensor], Tensor]


class BoundCritic:
    """A `ganzoo.Critic`: augments, runs the discriminator in a precision, gives float32 back.

    Args:
        discriminator: `(images, labels) -> (N,)` scores or a dict with `"scores"`.
        policy: the run's precision policy.
        precision: the one to run in here.
        conditional: pass labels on.
        augment: differentiable, `(N, C, H, W) -> (N, C, H, W)`; every image a loss or penalty
            shows to the discriminator passes through it.
    """

    def __init__(
        self,
        discriminator: nn.Module,
        policy: PrecisionPolicy,
        precision: str,
        *,
        conditional: bool,
        augment: Augmentation | None = None,
    ) -> None:
        self.discriminator = discriminator
        self.policy = policy
        self.precision = precision
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

    def outputs(self, batch: Batch) -> Mapping[str, Tensor]:
        """All the discriminator offers for a batch, `"scores"` among it."""
        images = self.augment(batch.images) if self.augment else batch.images
        labels = (batch.labels,) if self.conditional else ()
        with self.policy.autocast(self.precision):
            raw = self.discriminator(images, *labels)
        outputs = {"scores": raw} if isinstance(raw, Tensor) else raw
        outputs = {name: _at_least_float32(value) for name, value in outputs.items()}
        scores = outputs["scores"]
        if scores.shape != (len(batch),):
            if scores.numel() != len(batch):
                raise Unsupported(
                    f"the discriminator gave scores of shape {tuple(scores.shape)} for "
                    f"{len(batch)} images; it must give one score an image, shape (N,)"
                )
            outputs["scores"] = scores.flatten()
        return outputs


def _at_least_float32(value: Tensor) -> Tensor:
    return value.to(torch.promote_types(value.dtype, torch.float32))


@torch.no_grad()
def check_demands(
    discriminator: nn.Module, image: ImageSpec, demands: Demands, conditional: bool
) -> bool:
    """See for oneself that a discriminator honours what the loss demands of it.

    It is tried on a copy and on noise, so any way of breaking a promise is noticed, whatever the
    layers are called, and neither weights, buffers nor random state move.

    Returns:
        whether it makes no difference which images are shown together: each image's outputs are
        its own, and nothing is kept from one time to the next.

    Raises:
        Unsupported: the promise that is broken and how to keep it.
    """
    device = next((p.device for p in discriminator.parameters()), torch.device("cpu"))
    with isolated(device):
        images = torch.randn(3, 4, *image.shape, generator=torch.Generator().manual_seed(0))
        first, second, other = images.clamp(-1, 1).to(device)
        labels = torch.arange(4, device=device) % max(1, image.num_classes)

        def outputs(batch: Tensor) -> tuple[Mapping[str, Tensor], nn.Module]:
            torch.manual_seed(0)
            tried = deepcopy(discriminator).train()
            critic = BoundCritic(tried, PrecisionPolicy(device), "fp32", conditional=conditional)
            return critic.outputs(Batch(batch, labels)), tried

        seen, tried = outputs(first)
        if demands.class_logits:
            shape = (4, image.num_classes)
            if "class_logits" not in seen or seen["class_logits"].shape != shape:
                raise Unsupported(
                    "the loss asks the discriminator for class logits, and it does not give "
                    f'{{"scores": (N,), "class_logits": (N, {image.num_classes})}}'
                )
        mixed = [outputs(torch.cat([first[:1], o[1:]]))[0] for o in (second, 3 * other)]

        def alone(name: str, tolerance: float) -> bool:
            return all(torch.allclose(m[name][0], seen[name][0], atol=tolerance) for m in mixed)

        if demands.forbids_batch_statistics and not alone("scores", 1e-4):
            raise Unsupported(
                "the discriminator's score of an image depends on the others in its batch (batch "
                "norm or the like), which the gradient penalty in use forbids: it would penalize "
                "the wrong gradient. Use layer, group or instance norm in the discriminator, or "
                "another loss"
            )
        each = all(value.ndim and len(value) == len(first) for value in seen.values())
        buffers = zip(tried.buffers(), discriminator.buffers(), strict=True)
        nothing_kept = all(torch.equal(*pair) for pair in buffers)
        # stricter than above: fresh weights are small, and what they let through now will grow
        own = (alone(name, 1e-5 * float(value.abs().max())) for name, value in seen.items())
        return each and nothing_kept and all(own)
