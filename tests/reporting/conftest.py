"""Two tiny runs that differ in the seed, trained once; each test gets copies."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import ganzoo
import ganzoo.reporting.page


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("reported")
    for seed in (0, 1):
        ganzoo.train(
            arch={"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4}, loss="bce",
            data="emoji", size=8, steps=6, batch_size=4, sample_every=2, sample_count=4,
            log_every=1, conditional=True, seed=seed, device="cpu",
            run_dir=folder / f"seed-{seed}",
        )  # fmt: skip
    return folder


@pytest.fixture
def runs(trained, tmp_path, monkeypatch) -> tuple[Path, Path]:
    monkeypatch.setattr(sys.modules["ganzoo.reporting.page"], "POINTS", 40)
    copies = [tmp_path / f"seed-{seed}" for seed in (0, 1)]
    for copy in copies:
        shutil.copytree(trained / copy.name, copy)
    return copies[0], copies[1]
