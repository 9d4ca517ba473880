"""Promises of which checkpoints stay, and that writing them is nobody's business but the disk's."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import ganzoo
from ganzoo.config import BestBy
from ganzoo.run import checkpoints
from ganzoo.run.checkpoint_writer import CheckpointWriter, best_step
from ganzoo.run.directory import RunDirectory

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 200},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "checkpoint_every": 2,
    "device": "cpu",
}


def train(run_dir, **settings) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, **(TINY | {"steps": 12} | settings))


def manifest_of(trainer: ganzoo.Trainer, step: int) -> checkpoints.Manifest:
    return checkpoints.Manifest(
        step=step,
        image=trainer.image,
        demands=ganzoo.Demands(),
        latent=repr(trainer.latent),
        class_names=(),
        versions={},
    )


def test_all_checkpoints_are_kept_by_default(tmp_path):
    assert train(tmp_path / "run").steps == [2, 4, 6, 8, 10, 12]


def test_the_last_k_stay(tmp_path):
    run = train(tmp_path / "run", keep=2)
    assert run.steps == [10, 12]
    assert [e["step"] for e in run.events() if e["event"] == "checkpoint"] == [2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize(("direction", "choose"), [("", min), (":min", min), (":max", max)])
def test_the_best_by_a_metric_stays_besides(tmp_path, direction, choose):
    name = "discriminator/real"
    run = train(tmp_path / "run", keep=1, keep_best=name + direction)
    values = {line["step"]: line[name] for line in run.metrics()}
    best = choose(values, key=values.__getitem__)
    assert run.steps == sorted({best, 12})
    chosen = ganzoo.Run(run.path, step="best")
    assert chosen.checkpoint.name == f"{best:06d}"
    assert torch.equal(chosen.sample(2), ganzoo.Run(run.path, step=best).sample(2))


def test_a_metric_the_log_does_not_have_is_refused_at_its_first_line(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="no such metric. Did you mean 'diversity/fake'"):
        train(tmp_path / "run", keep_best="diversity/fak", steps=10**6)


def test_there_is_no_best_without_a_metric(tmp_path):
    run = train(tmp_path / "run", steps=2)
    with pytest.raises(ganzoo.UsageError, match="without keep_best=METRIC"):
        ganzoo.Run(run.path, step="best").sample(1)


def test_a_damaged_checkpoint_is_never_the_best(tmp_path):
    best_by = BestBy("scores/real", "max")
    run = train(tmp_path / "run", keep_best=str(best_by), steps=6)
    best = best_step(run.directory, best_by)
    (run.directory.checkpoint(best) / "manifest.json").write_text("{")
    assert best_step(run.directory, best_by) not in (best, None)


def test_a_resumed_run_keeps_counting(tmp_path):
    through = train(tmp_path / "through", keep=2, keep_best="discriminator/real")
    train(tmp_path / "run", keep=2, keep_best="discriminator/real", steps=6)
    run = ganzoo.resume(tmp_path / "run", steps=12)
    assert run.steps == through.steps


def test_a_snapshot_does_not_change_while_training_continues(make_trainer, tmp_path):
    trainer, still = make_trainer(), make_trainer()
    trainer.fit(3)
    still.fit(3)
    snapshot = checkpoints.snapshot(trainer)
    trainer.fit(6)  # as it does while a thread writes
    manifest = manifest_of(trainer, 3)
    folder = checkpoints.write(tmp_path / "000003", snapshot, manifest)
    for name in ("generator", "discriminator"):
        saved = load_file(folder / f"{name}.safetensors")
        assert all(torch.equal(saved[k], v) for k, v in getattr(still, name).state_dict().items())
    restored = make_trainer()
    checkpoints.restore(folder, restored)
    torch.testing.assert_close(restored.state_dict(), still.state_dict(), rtol=0, atol=0)


def test_a_checkpoint_is_reported_only_when_it_is_on_the_disk(make_trainer, tmp_path):
    writer, trainer = CheckpointWriter(RunDirectory(tmp_path)), make_trainer()
    manifest = manifest_of(trainer, 0)
    assert writer.collect() is None
    writer.submit(checkpoints.snapshot(trainer), manifest)
    step, folder = writer.collect(wait=True)
    assert (step, folder) == (0, tmp_path / "checkpoints" / "000000")
    assert json.loads((folder / "manifest.json").read_text())["step"] == 0
    assert writer.collect(wait=True) is None


def test_a_write_that_fails_in_the_thread_fails_the_run(tmp_path):
    class FillsTheDisk(ganzoo.Observer):
        def attached(self, run_dir, settings):
            (run_dir / "checkpoints").write_text("a file where the folder should be")

    with pytest.raises(ganzoo.GanzooError, match="cannot write the checkpoint"):
        train(tmp_path / "run", observers=[FillsTheDisk()], steps=10**6)
    assert ganzoo.Run(tmp_path / "run").events()[-1]["event"] == "failed"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_checkpoint_has_the_permissions_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        run = train(tmp_path / "run", steps=2)
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in run.checkpoint.iterdir()}
    assert set(modes.values()) == {0o640}, modes


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="Windows has no user numbers")
@pytest.mark.parametrize("file", ["manifest.json", "ema.safetensors", "state.pt"])
def test_a_file_that_may_not_be_read_is_not_called_damaged(file, make_trainer):
    """As another user, if this one is root, who may read everything."""
    trainer, user = make_trainer(), os.geteuid()
    with tempfile.TemporaryDirectory() as folder:  # pytest's own may not be entered by others
        Path(folder).chmod(0o755)
        run = train(Path(folder) / "run", steps=4)
        (run.checkpoint / file).chmod(0)
        message = f"cannot read {run.checkpoint / file}: Permission denied"
        readers = {"state.pt": lambda: checkpoints.restore(run.checkpoint, trainer)}
        read = readers.get(file, lambda: ganzoo.Run(run.path).sample(1))
        os.seteuid(user or 65534)
        try:
            with pytest.raises(ganzoo.GanzooError, match=f"^{message}$"):
                read()
        finally:
            os.seteuid(user)
