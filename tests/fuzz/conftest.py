"""A finished run, trained once, whose files the tests damage."""

from __future__ import annotations

from pathlib import Path

import pytest

import ganzoo

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "size": 8,
    "batch_size": 4,
    "sample_count": 4,
    "steps": 2,
    "log_every": 1,
    "conditional": True,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A conditional run of two steps; each file of tests has its own."""
    home = tmp_path_factory.mktemp("fuzzed")
    return ganzoo.train(run_dir=home / "run", data="emoji", **TINY).path
