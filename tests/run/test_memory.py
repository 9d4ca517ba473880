"""Promises about memory."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

import ganzoo

pytestmark = pytest.mark.slow


class Resident(ganzoo.Observer):
    """Notes the resident memory now and then."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.bytes: list[int] = []

    def step(self, trainer, terms):
        if trainer.step % self.every == 0:
            gc.collect()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.bytes.append(pages * os.sysconf("SC_PAGE_SIZE"))


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_memory_does_not_grow_over_five_thousand_steps(photos, tmp_path):
    """With log, samples and checkpoints as they come; what is kept of a line is a few hundred
    bytes, and there are 250 of them."""
    resident = Resident(every=500)
    ganzoo.train(
        arch={"name": "vanilla", "width": 16, "depth": 1, "latent_dim": 4},
        loss="wgan-gp",
        data=photos,
        size=8,
        steps=5000,
        batch_size=4,
        n_critic=1,
        sample_every=500,
        sample_count=4,
        checkpoint_every=500,
        keep=2,
        device="cpu",
        observers=[resident],
        run_dir=tmp_path / "run",
    )
    assert len(resident.bytes) == 10
    settled, end = resident.bytes[1], max(resident.bytes[-3:])
    assert end - settled < 4 * 2**20, [b // 2**20 for b in resident.bytes]
