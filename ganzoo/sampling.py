"""Sampling: images of a generator from z and labels, in training and afterwards alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.errors import UsageError, setting
from ganzoo.interfaces.latent import Latent
from ganzoo.randomness import derive, isolated, reseed

CHUNK = 256
"""Images generated at once, which bounds memory."""


def sample_images(
    generator: nn.Module,
    latent: Latent,
    n: int,
    *,
    seed: int,
    num_classes: int,
    labels: Tensor | int | None = None,
    truncation: float | None = None,
) -> Tensor:
    """Draw images; the i-th depends on the seed and i alone, not on n.

    Args:
        generator: in evaluation mode.
        latent: the distribution of z.
        n: how many, at least 1.
        seed: of z.
        num_classes: of a conditional generator; 0 for an unconditional one.
        labels: `(n,)`, or one for all; classes in turn where None. Conditional only.
        truncation: see `Latent.sample`.

    Returns:
        float32 `(n, C, H, W)` in [-1, 1], on the CPU.

    Raises:
        UsageError: n or a label is out of range, or labels for an unconditional generator.
    """
    if n < 1:
        raise UsageError(f"the number of images must be at least 1, got {n}")
    device = next(generator.parameters()).device
    # On the CPU, image by image, so that every device and every n gives the same images.
    rng = torch.Generator().manual_seed(derive(seed, "sample"))
    z = torch.cat([latent.sample(1, generator=rng, truncation=truncation) for _ in range(n)])
    return decode(generator, z.to(device), resolve_labels(labels, n, num_classes), seed=seed)


@torch.no_grad()
def decode(generator: nn.Module, z: Tensor, labels: Tensor | None, *, seed: int = 0) -> Tensor:
    """Images `(N, C, H, W)` on the CPU for given z `(N, latent_dim)`, in chunks, in float32."""
    was_training = generator.training
    generator.eval()
    with isolated(z.device):
        reseed(z.device, seed, "noise")  # for generators that draw noise of their own
        images = []
        for start in range(0, len(z), CHUNK):
            rows = slice(start, start + CHUNK)
            arguments = [z[rows]] if labels is None else [z[rows], labels[rows].to(z.device)]
            images.append(generator(*arguments))
    generator.train(was_training)
    return torch.cat(images).float().cpu().contiguous()


def resolve_labels(labels: Tensor | int | None, n: int, num_classes: int) -> Tensor | None:
    """Labels `(n,)` for a conditional generator, None for an unconditional one."""
    if not num_classes:
        if labels is not None:
            raise UsageError(
                "this generator was trained without labels, so a class cannot be chosen; "
                f"train with {setting('conditional', True)}"
            )
        return None
    if labels is None:
        return torch.arange(n) % num_classes
    chosen = torch.as_tensor(labels, dtype=torch.int64).expand(n)
    if chosen.min() < 0 or chosen.max() >= num_classes:
        wrong = int(chosen.min() if chosen.min() < 0 else chosen.max())
        raise UsageError(f"class {wrong} does not exist; this run has 0 to {num_classes - 1}")
    return chosen
