"""CPU threads: one for small networks, which several threads only slow down."""

from __future__ import annotations

import os
import warnings

import torch
from torch.utils.flop_counter import FlopCounterMode

from ganzoo.assembly.trial import check_shapes
from ganzoo.copying import of_shapes
from ganzoo.errors import GanzooWarning, setting
from ganzoo.interfaces.architecture import Networks
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.latent import Latent

SMALL = 50_000_000
"""Multiply-adds in a forward pass of both networks on a batch up to which one thread is used.

Threads wait for each other after each of the hundreds of operations of a step. On two cores with
other load, the fastest step of two threads took 4 to 35 times as long as that of one up to this
size, and 3 times at 3 billion. On an idle machine two threads save about a quarter of the time at
most (`tests/benchmarks/threads.py`).
"""


def multiply_adds(
    networks: Networks, image: ImageSpec, latent: Latent, *, conditional: bool
) -> int:
    """Count the multiply-adds in a forward pass of both networks on one image.

    Raises:
        Unsupported: the networks do not fit the images, z or each other.
    """
    images, operations = 2, 2  # two images are run; a multiply-add counts as two

    def total_flops(device: torch.device) -> int:
        with FlopCounterMode(display=False) as counter:
            check_shapes(networks, image, latent, conditional=conditional, device=device)
        flops: int = counter.get_total_flops()
        return flops

    return of_shapes(total_flops, networks, torch.device("cpu")) // (images * operations)


def chosen_threads(work: int) -> int:
    """Choose the number of CPU threads by the multiply-adds of a batch: one, or torch's choice."""
    return 1 if work <= SMALL else torch.get_num_threads()


def check_threads(threads: int) -> None:
    """Warn of more threads than this machine has CPUs, as of a config from another machine."""
    cpus = os.cpu_count()
    if cpus is not None and threads > cpus:
        message = (
            f"{setting('threads', threads)}, and this machine has {cpus} CPUs: training is slow. "
            f"{setting('threads', cpus)} is faster, and rounds in another order"
        )
        warnings.warn(GanzooWarning(message), stacklevel=2)
