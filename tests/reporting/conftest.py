"""Two tiny runs that differ in the seed, trained once; each test gets copies."""

from __future__ import annotations

import json
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
    return copied(trained, tmp_path)


def copied(trained: Path, folder: Path) -> tuple[Path, Path]:
    """Copies of both runs in a folder."""
    copies = [folder / f"seed-{seed}" for seed in (0, 1)]
    for copy in copies:
        shutil.copytree(trained / copy.name, copy)
    return copies[0], copies[1]


@pytest.fixture(scope="module")
def pages(trained, tmp_path_factory) -> tuple[Path, Path]:
    """The page of both runs, and one of a run that failed and says why at length."""
    folder = tmp_path_factory.mktemp("pages")
    runs = copied(trained, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["ganzoo.reporting.page"], "POINTS", 40)
        page = ganzoo.report(*runs, out=folder / "page.html", device="cpu")
        with (runs[0] / "events.jsonl").open("a") as file:
            file.write(json.dumps({"event": "failed", "message": "Much to say. " * 60}) + "\n")
        return page, ganzoo.report(runs[0], out=folder / "failed.html", device="cpu")
