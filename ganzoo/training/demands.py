"""What a loss and its penalties demand of the networks, and the trial that the demands are met."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.errors import Unsupported, UsageError, setting
from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.randomness import isolated
from ganzoo.training.critic import Outputs, named_outputs, run_discriminator


class CheckedDemands(NamedTuple):
    """Demands that a discriminator was seen to meet.

    Attributes:
        demands: what was demanded.
        independent_scores: whether each image's outputs depend on that image alone, and nothing is
            kept from one forward pass to the next.
    """

    demands: Demands
    independent_scores: bool


def combined_demands(
    loss: Loss, penalties: Iterable[AnyPenalty], *, conditional: bool = False
) -> Demands:
    """What a loss and its penalties together demand; labels too in conditional training."""
    demands = loss.demands() | Demands(labels=conditional)
    for penalty in penalties:
        demands |= penalty.demands()
    return demands


@torch.no_grad()
def check_discriminator(
    discriminator: nn.Module, image: ImageSpec, demands: Demands
) -> CheckedDemands:
    """Try whether a discriminator meets the demands.

    A copy is run on noise, in training mode, so that any way of breaking a promise is noticed,
    whatever the layers are called. Weights, buffers and random state do not change.

    Raises:
        UsageError: labels are demanded, and the images have none.
        Unsupported: the demand that is not met, and how to meet it.
    """
    if demands.labels and not image.num_classes:
        raise UsageError(
            "conditional training needs labels, and these images have none; train with "
            f"{setting('conditional', False)}, or with a loss that needs no labels"
        )
    device = next((p.device for p in discriminator.parameters()), None)
    with isolated(device):
        # Three batches of noise.
        noise = torch.randn(3, 4, *image.shape, generator=torch.Generator().manual_seed(0))
        first, second, other = noise.clamp(-1, 1).to(device)
        labels = torch.arange(4).to(device) % max(1, image.num_classes)

        # Outputs of a fresh copy, which has the same dropout each time.
        def outputs(images: Tensor) -> tuple[Outputs, nn.Module]:
            torch.manual_seed(0)
            copy = deepcopy(discriminator).train()
            returned = run_discriminator(copy, images, labels if demands.labels else None)
            return named_outputs(returned, len(images)), copy

        alone, copy = outputs(first)
        if demands.class_logits:
            _check_class_logits(alone, image.num_classes)

        # The first image beside other images.
        mixed = [outputs(torch.cat([first[:1], o[1:]]))[0] for o in (second, 3 * other)]

        def depends_on_itself_alone(name: str, tolerance: float) -> bool:
            return all(torch.allclose(m[name][0], alone[name][0], atol=tolerance) for m in mixed)

        if demands.forbids_batch_statistics and not depends_on_itself_alone("scores", 1e-4):
            raise Unsupported(
                "the discriminator's score of an image depends on the others in its batch (batch "
                "norm or the like), which the gradient penalty in use forbids: it would penalize "
                "the wrong gradient. Use layer, group or instance norm in the discriminator, or "
                "another loss"
            )

        # Stricter for a joint forward pass: fresh weights are small, and their effects will grow.
        per_image = all(value.ndim and len(value) == len(first) for value in alone.values())
        buffers = zip(copy.buffers(), discriminator.buffers(), strict=True)
        unchanged = all(torch.equal(*pair) for pair in buffers)
        independent = (
            per_image
            and unchanged
            and all(
                depends_on_itself_alone(name, 1e-5 * float(value.abs().max()))
                for name, value in alone.items()
            )
        )
    return CheckedDemands(demands, independent)


def _check_class_logits(outputs: Outputs, num_classes: int) -> None:
    logits = outputs.get("class_logits")
    if logits is None or logits.shape != (len(outputs["scores"]), num_classes):
        raise Unsupported(
            "the loss requires class logits from the discriminator, and it does not return "
            f'{{"scores": (N,), "class_logits": (N, {num_classes})}}'
        )
