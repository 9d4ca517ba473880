"""Diagnosis: gradient norms, score statistics and sample diversity of the latest step.

Nothing is computed again: gradients are still there after a step, and `trainer.record` holds the
images and scores of the latest updates. So a measurement costs a few norms per line of the log.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from ganzoo.assembly.trainer import Trainer

DIVERSITY_IMAGES = 64
"""Images whose pairs are compared; the number of pairs is quadratic in it."""


@torch.no_grad()
def measure(trainer: Trainer) -> dict[str, float]:
    """Measure the latest step. Scores are left out if the loss does not compute them per image.

    - `discriminator/gradient_norm`, `generator/gradient_norm`: of the latest update.
    - `generator/distance_to_average`: between the generator's weights and their moving average,
      relative to the weights; 0 where training does not move them.
    - `scores/real`, `scores/fake`: mean raw scores of the latest discriminator update, and
      `scores/real_std`, `scores/fake_std` their standard deviations.
    - `scores/auc`: area under the ROC curve of the discriminator, which is the probability that
      a real image scores above a fake one: 0.5 is chance, 1 is perfect separation.
    - `diversity/real`, `diversity/fake`: mean root mean squared distance between two images of
      the latest batch, in pixel units (`[-1, 1]`).
    """
    # Gradient norms.
    networks = {"discriminator": trainer.discriminator, "generator": trainer.generator}
    values = {
        f"{name}/gradient_norm": _norm(p.grad for p in network.parameters() if p.grad is not None)
        for name, network in networks.items()
    }

    # Distance between the generator's weights and their EMA.
    weights: list[Tensor] = list(trainer.generator.parameters())
    averages: list[Tensor] = list(trainer.ema.module.parameters())
    difference = torch._foreach_sub(tuple(weights), tuple(averages))
    values["generator/distance_to_average"] = _norm(difference) / _norm(weights).clamp_min(1e-30)

    # Scores of real and fake images.
    record = trainer.record
    if record.real_scores is not None and record.fake_scores is not None:
        values |= {
            "scores/real": record.real_scores.mean(),
            "scores/real_std": record.real_scores.std(correction=0),
            "scores/fake": record.fake_scores.mean(),
            "scores/fake_std": record.fake_scores.std(correction=0),
            "scores/auc": roc_auc(record.real_scores, record.fake_scores),
        }

    # Diversity of real and fake images.
    for name, images in (("real", record.real), ("fake", record.fake)):
        if images is not None and len(images) > 1:
            values[f"diversity/{name}"] = diversity(images[:DIVERSITY_IMAGES])

    # Read all values at once, so that the device is waited for once.
    stacked = torch.stack([value.to(trainer.device) for value in values.values()])
    return dict(zip(values, stacked.tolist(), strict=True))


def roc_auc(real: Tensor, fake: Tensor) -> Tensor:
    """Area under the ROC curve of real scores `(N,)` against fake scores `(M,)`.

    It is P(real > fake) + P(real = fake) / 2 over all pairs (the Mann-Whitney U statistic).
    """
    difference = real[:, None] - fake[None, :]
    return (difference.sign().float().mean() + 1) / 2


def diversity(images: Tensor) -> Tensor:
    """Mean over all pairs of images `(N, C, H, W)` of their root mean squared difference."""
    flat = images.float().flatten(1)
    distances: Tensor = torch.pdist(flat)
    mean: Tensor = distances.mean() / flat.shape[1] ** 0.5
    return mean


def _norm(tensors: Iterable[Tensor]) -> Tensor:
    return get_total_norm(list(tensors)).float()
