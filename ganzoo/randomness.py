"""Random numbers: each is a pure function of the run's random seed and the step.

torch's generators are seeded from (seed, purpose, index) before each step. So sampling, metrics
and logging cannot change the training, and a resumed run needs no saved generator state. They run
inside `isolated`, which restores the caller's state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def derive(seed: int, purpose: str, index: int = 0) -> int:
    """Return a 63-bit seed for one purpose, unrelated to those of other purposes and indices."""
    digest = hashlib.blake2b(f"{seed}/{purpose}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def reseed(device: torch.device, seed: int, purpose: str, index: int = 0) -> None:
    """Seed torch's default generators of the CPU and the device.

    `torch.manual_seed` would also seed accelerators that are not in use, which takes a hundred
    times as long.
    """
    derived = derive(seed, purpose, index)
    torch.default_generator.manual_seed(derived)
    if device.type != "cpu":
        torch.get_device_module(device).manual_seed(derived)


def generator_states(device: torch.device) -> list[Tensor]:
    """States of torch's default generators of the CPU and the device."""
    states = [torch.default_generator.get_state()]
    if device.type != "cpu":
        states.append(torch.get_device_module(device).get_rng_state())
    return states


def set_generator_states(device: torch.device, states: list[Tensor]) -> None:
    """Set torch's default generators to what `generator_states` returned."""
    torch.default_generator.set_state(states[0])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states[1])


@contextmanager
def isolated(device: torch.device | None = None) -> Iterator[None]:
    """Run a block, then restore torch's default generators of the CPU and the device."""
    kind = "cpu" if device is None else device.type
    forkable = kind in ("cuda", "xpu")  # mps has one generator, which torch cannot fork
    devices = [device] if forkable else []
    with torch.random.fork_rng(devices, device_type=kind if forkable else "cuda"):
        yield
