"""What a run says of its health besides its losses, from what the last step left behind.

Nothing is computed again: gradients are still there after a step, and the objectives hand out the
images and scores they saw. So measuring costs a few norms at each line of the log.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from ganzoo.training.trainer import Trainer

DIVERSITY_OF = 64
"""Images whose pairs are compared: their number grows with the square."""


@torch.no_grad()
def measure(trainer: Trainer) -> dict[str, float]:
    """Numbers of the latest step; one that cannot be had (a loss hides its scores) is left out.

    - `discriminator/gradient_norm`, `generator/gradient_norm`: of the latest update.
    - `generator/distance_to_average`: between the generator's weights and their moving average,
      relative to the weights; 0 where training does not move them.
    - `scores/real`, `scores/fake`: mean raw scores of the latest discriminator update, and
      `scores/real_std`, `scores/fake_std` their standard deviations.
    - `scores/auc`: probability that a real image scores above a fake one (the area under
      the ROC curve): 0.5 where the discriminator cannot tell them, 1 where it always does.
    - `diversity/real`, `diversity/fake`: mean distance of two images of the latest batch, per
      pixel, in the units of pixels (`[-1, 1]`).
    """
    networks = {"discriminator": trainer.discriminator, "generator": trainer.generator}
    values = {
        f"{name}/gradient_norm": _norm(p.grad for p in network.parameters() if p.grad is not None)
        for name, network in networks.items()
    }
    mine: list[Tensor] = list(trainer.generator.parameters())
    average: list[Tensor] = list(trainer.ema.module.parameters())
    apart = torch._foreach_sub(tuple(mine), tuple(average))
    values["generator/distance_to_average"] = _norm(apart) / _norm(mine).clamp_min(1e-30)
    seen = trainer.record
    if seen.real_scores is not None and seen.fake_scores is not None:
        values |= {
            "scores/real": seen.real_scores.mean(),
            "scores/real_std": seen.real_scores.std(correction=0),
            "scores/fake": seen.fake_scores.mean(),
            "scores/fake_std": seen.fake_scores.std(correction=0),
            "scores/auc": roc_auc(seen.real_scores, seen.fake_scores),
        }
    for name, images in (("real", seen.real), ("fake", seen.fake)):
        if images is not None and len(images) > 1:
            values[f"diversity/{name}"] = diversity(images[:DIVERSITY_OF])
    together = torch.stack([value.to(trainer.device) for value in values.values()])
    return dict(zip(values, together.tolist(), strict=True))  # a device is waited for once


def roc_auc(real: Tensor, fake: Tensor) -> Tensor:
    """The probability that a real score `(N,)` is above a fake one `(M,)`, ties counting half."""
    gap = real[:, None] - fake[None, :]
    return (gap.sign().float().mean() + 1) / 2


def diversity(images: Tensor) -> Tensor:
    """The mean over pairs of images `(N, C, H, W)` of their root mean squared difference."""
    flat = images.float().flatten(1)
    distances: Tensor = torch.pdist(flat)
    mean: Tensor = distances.mean() / flat.shape[1] ** 0.5
    return mean


@torch.no_grad()
def broken_weight(trainer: Trainer) -> str | None:
    """Name of a parameter or buffer that is not finite, the discriminator's first."""
    for title, network in (
        ("discriminator", trainer.discriminator),
        ("generator", trainer.generator),
    ):
        tensors = _floating(network)
        if tensors and not _norm(tensors.values()).isfinite():
            for name, tensor in tensors.items():
                if not tensor.isfinite().all():
                    return f"{title}/{name}"
    return None


def _floating(network: nn.Module) -> dict[str, Tensor]:
    return {k: v for k, v in network.state_dict().items() if v.is_floating_point()}


def _norm(tensors: Iterable[Tensor]) -> Tensor:
    return get_total_norm(list(tensors)).float()
