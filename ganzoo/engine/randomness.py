"""Randomness: every random number of a run is a pure function of its seed and its step.

Before each step torch's generators are seeded from (seed, purpose, index). Nothing that only
looks at the run (samples, metrics, logs) can therefore move it, and a resumed run needs no saved
generator state. Looking happens inside `isolated`, which also gives back the caller's state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def derive(seed: int, purpose: str, index: int = 0) -> int:
    """A 63-bit seed for one purpose, unrelated to those of other purposes and indices."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def reseed(device: torch.device, seed: int, purpose: str, index: int = 0) -> None:
    """Seed torch's default generators of the CPU and the device.

    Only those: `torch.manual_seed` also prepares for accelerators nobody uses, which takes a
    hundred times as long.
    """
    derived = derive(seed, purpose, index)
    torch.default_generator.manual_seed(derived)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(derived)


def states(device: torch.device) -> list[Tensor]:
    """Where torch's default generators of the CPU and the device stand."""
    found = [torch.default_generator.get_state()]
    if device.type != "cpu":
        found.append(torch.get_device_module(device).get_rng_state())
    return found


def rewind(device: torch.device, to: list[Tensor]) -> None:
    """Put torch's default generators back to where they stood."""
    torch.default_generator.set_state(to[0])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(to[1])


@contextmanager
def isolated(device: torch.device) -> Iterator[None]:
    """Run a block, then put torch's default generators back to where they were."""
    forkable = device.type in ("cuda", "xpu")  # mps has one generator, which torch cannot fork
    devices = [device] if forkable else []
    with torch.random.fork_rng(devices, device_type=device.type if forkable else "cuda"):
        yield
