"""Fixtures of the command-line tests: a place of their own, and `ganzoo` in this process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from forked import run_ganzoo
from toys import TINY_COMMAND

import ganzoo


@pytest.fixture(autouse=True)
def _place(empty_place):
    """Each test works in an empty folder."""


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory) -> Path:
    """A conditional run, trained once."""
    path = tmp_path_factory.mktemp("trained") / "run"
    command = [*TINY_COMMAND, "--conditional", "--run-dir", str(path)]
    code, _, err = run_ganzoo(command, path.parent)
    assert code == 0, err
    return path


@pytest.fixture(scope="module")
def trained(trained_once, tmp_path_factory) -> Path:
    """A copy of it for the tests of one file."""
    path = tmp_path_factory.mktemp("copied") / "run"
    shutil.copytree(trained_once, path)
    return path


@pytest.fixture(scope="session")
def styled(tmp_path_factory) -> Path:
    """A small run of the style generator that is installed."""
    return ganzoo.train(
        arch={"name": "stylegan2", "channel_base": 16, "latent_dim": 8, "style_dim": 8},
        loss="bce",
        data="emoji",
        size=8,
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path_factory.mktemp("styled") / "run",
    ).path
