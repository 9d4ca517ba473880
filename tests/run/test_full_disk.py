"""A disk that is really full, in the middle of a run: nothing that was saved is lost."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import torch
from forked import run_snippet
from safetensors.torch import load_file

import ganzoo

SETTINGS = {
    "arch": {"name": "vanilla", "width": 64, "depth": 2, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 200},
    "batch_size": 4,
    "sample_count": 4,
    "sample_every": 10**6,
    "checkpoint_every": 2,
    "device": "cpu",
}


def mount(*words: str) -> bool:
    tool = shutil.which(words[0])
    return tool is not None and subprocess.run([tool, *words[1:]], check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 600 KB: room for two checkpoints and a half."""
    place = tmp_path / "disk"
    place.mkdir()
    if not mount("mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)):
        pytest.skip("may not mount a file system; test_cli.py limits the size of files instead")
    yield place
    mount("umount", "-l", str(place))


def test_a_disk_that_is_full_for_the_training_state_is_told_in_the_systems_words(tmp_path):
    """Optimizer states are twice the weights: only they are larger than a file may be."""
    resource = pytest.importorskip("resource")
    script = (
        "import resource, sys, ganzoo; sys.dont_write_bytecode = True  # of half a module\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "try: ganzoo.train(run_dir='run', steps=2, **" + repr(SETTINGS) + ")\n"
        "except ganzoo.GanzooError as error: print(error)"
    )
    code, out, err = run_snippet(script, tmp_path, GANZOO_CACHE_DIR=str(tmp_path / "cache"))
    assert code == 0, err
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 60_000
    assert out.startswith("cannot write the checkpoint run/checkpoints/000002: [Errno 27]")
    assert "enforce fail" not in out


def test_a_full_disk_stops_the_run_with_every_checkpoint_intact_and_it_resumes_with_room(
    small_disk, tmp_path, monkeypatch
):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(ganzoo.GanzooError, match=r"cannot write the checkpoint .*No space left"):
        ganzoo.train(run_dir=small_disk / "run", steps=100, **SETTINGS)
    run = ganzoo.Run(small_disk / "run")
    assert run.steps[-1] < 100
    assert len(run.steps) >= 1
    assert not list(run.directory.checkpoints.glob(".*"))
    for step in run.steps:  # every one is whole: checksums are looked at
        assert ganzoo.Run(run.path, step=step).sample(1).isfinite().all()
    end = run.steps[-1] + 3
    assert mount("mount", "-o", "remount,size=8m", str(small_disk))
    resumed = ganzoo.resume(run.path, steps=end)
    through = ganzoo.train(run_dir=tmp_path / "through", steps=end, **SETTINGS)
    first_state, second_state = (
        load_file(r.checkpoint / "ema.safetensors") for r in (resumed, through)
    )
    assert all(torch.equal(first_state[key], second_state[key]) for key in first_state)
