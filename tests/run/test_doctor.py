"""Promises of the doctor about checkpoints: what is damaged or gone, and which one remains."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import ganzoo
from ganzoo.run.doctor import diagnose
from ganzoo.run.integrity import FILES

SETTINGS = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 100},
    "batch_size": 8,
    "sample_count": 1,
    "checkpoint_every": 2,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run with checkpoints of steps 2, 4 and 6."""
    return ganzoo.train(run_dir=tmp_path_factory.mktemp("doctor") / "run", steps=6, **SETTINGS).path


@pytest.fixture
def run(trained, tmp_path) -> ganzoo.Run:
    """A copy of it, in a folder whose name has to be quoted."""
    return ganzoo.Run(shutil.copytree(trained, tmp_path / "my run"))


def folder(run: ganzoo.Run, step: int) -> Path:
    return run.directory.checkpoint(step)


def flip(file: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def test_whole_checkpoints_are_no_problem_and_a_short_log_is_not_judged(run):
    found = diagnose(run)
    assert found.problems == ()
    assert found.state.endswith("has finished at step 6 of 6; its latest checkpoint is of step 6.")
    (remark,) = found.remarks
    assert "too little to judge" in remark
    assert "0 lines" in remark


def test_a_copy_that_lacks_files_on_purpose_is_whole_and_its_other_files_are_examined(run):
    last = folder(run, 6)
    manifest = json.loads((last / "manifest.json").read_text())
    left_out = [name for name in FILES if name != "ema.safetensors"]
    for name in left_out:
        (last / name).unlink()
    assert len(diagnose(run).problems) == 1
    (last / "manifest.json").write_text(json.dumps({**manifest, "left_out": left_out}))
    assert diagnose(run).problems == ()
    flip(last / "ema.safetensors")
    (problem,) = diagnose(run).problems
    assert "ema.safetensors: its checksum differs" in problem
    assert "state.pt" not in problem


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("harm", "words"),
    [(flip, "its checksum differs"), (truncate, "its checksum differs"),
     (Path.unlink, "it is missing")],
    ids=["flipped", "truncated", "missing"],
)  # fmt: skip
def test_each_damaged_file_is_named_and_the_latest_intact_checkpoint(run, name, harm, words):
    harm(folder(run, 6) / name)
    found = diagnose(run)
    (problem,) = found.problems
    assert f"1 of 3 checkpoints cannot be used: {folder(run, 6)} ({name}: {words}" in problem
    sample = f"ganzoo sample '{run.path}' --step 4"
    assert f"The latest intact one is of step 4: `{sample}` samples it" in problem
    assert f"once these folders are removed, `ganzoo resume '{run.path}'` resumes" in problem
    assert "its latest intact checkpoint is of step 4" in found.state


def test_its_advice_on_a_damaged_checkpoint_works(run):
    whole = run.sample(2, seed=1)
    flip(folder(run, 6) / "ema.safetensors")
    assert diagnose(run).problems
    assert len(ganzoo.Run(run.path, step=4).sample(1)) == 1
    shutil.rmtree(folder(run, 6))
    assert ganzoo.resume(run.path).sample(2, seed=1).equal(whole)
    assert diagnose(run).problems == ()


def test_a_damaged_checkpoint_before_the_latest_does_not_stop_the_run(run):
    flip(folder(run, 2) / "state.pt")
    (problem,) = diagnose(run).problems
    assert "The latest intact one is of step 6" in problem
    assert "removed" not in problem


def of_another_step(checkpoint: Path) -> None:
    manifest = checkpoint / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"step": 5}))


def without_checksums(checkpoint: Path) -> None:
    manifest = checkpoint / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"checksums": {}}))


MANIFESTS = {
    "missing": (lambda c: (c / "manifest.json").unlink(), "it has no manifest.json"),
    "no JSON": (lambda c: (c / "manifest.json").write_text("{"), "cannot read manifest.json: "),
    "no object": (lambda c: (c / "manifest.json").write_text("[]"), "is no JSON object"),
    "nested deep": (lambda c: (c / "manifest.json").write_text("[" * 10**5), "nested too deep"),
    "no text": (lambda c: (c / "manifest.json").write_bytes(b"\xff"), "it is not text in UTF-8"),
    "another step": (of_another_step, "manifest.json is of step 5"),
    "no checksums": (without_checksums, "state.pt: its checksum differs"),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_is_examined_too(run, kind):
    harm, words = MANIFESTS[kind]
    harm(folder(run, 6))
    found = diagnose(run)
    (problem,) = found.problems
    assert words in problem
    assert "its latest intact checkpoint is of step 4" in found.state


def test_a_file_that_cannot_be_read_is_not_called_damaged(run):
    """As root may read everything, a folder stands for a file without permission."""
    file = folder(run, 6) / "state.pt"
    file.unlink()
    file.mkdir()
    (problem,) = diagnose(run).problems
    assert "state.pt: it cannot be read (" in problem


def test_without_an_intact_checkpoint_it_says_so(run):
    for step in (2, 4, 6):
        (folder(run, step) / "ema.safetensors").unlink()
    found = diagnose(run)
    (problem,) = found.problems
    assert "3 of 3 checkpoints cannot be used" in problem
    assert "None is left to sample" in problem
    assert "it has no intact checkpoint" in found.state


@pytest.mark.parametrize("steps", [(6,), (2, 4, 6)], ids=["the latest", "all"])
def test_checkpoints_that_are_gone_are_missed(run, steps):
    for step in steps:
        shutil.rmtree(folder(run, step))
    found = diagnose(run)
    (problem,) = found.problems
    assert "The checkpoint of step 6, the latest that its journal reports, is gone" in problem
    assert ("The latest intact one is of step 4" if len(steps) == 1 else "None is left") in problem
    assert ("checkpoint is of step 4" if len(steps) == 1 else "no checkpoint") in found.state


def test_old_checkpoints_may_be_removed(run):
    shutil.rmtree(folder(run, 2))
    shutil.rmtree(folder(run, 4))
    assert diagnose(run).problems == ()


def test_a_checkpoint_that_resuming_discarded_is_not_missed(run):
    shutil.rmtree(folder(run, 6))
    shutil.rmtree(folder(run, 4))
    events = [json.dumps({"event": "resumed", "step": 2}), json.dumps({"event": "stopped"})]
    with run.directory.journal.open("a") as file:
        file.write("\n".join(events) + "\n")
    assert diagnose(run).problems == ()


def test_a_stray_folder_is_not_believed(run):
    (run.directory.checkpoints / "999999").mkdir()
    (run.directory.checkpoints / "notes").mkdir()
    found = diagnose(run)
    (problem,) = found.problems
    assert "999999 (it has no manifest.json)" in problem
    assert "at step 6 of 6; its latest intact checkpoint is of step 6" in found.state


def test_a_stray_folder_is_no_checkpoint_to_sample_or_to_count(run):
    (run.directory.checkpoints / "999999").mkdir()
    assert run.steps == [2, 4, 6]
    assert len(run.sample(1)) == 1


def test_a_checkpoint_that_is_removed_meanwhile_is_no_problem(run, monkeypatch):
    """A run that is being trained removes old checkpoints, with `--keep`."""
    from ganzoo.run import integrity

    read = integrity.raw_manifest

    def removing(checkpoint: Path) -> dict[str, object]:
        if checkpoint.name == "000002":
            shutil.rmtree(checkpoint)
        return read(checkpoint)

    monkeypatch.setattr(integrity, "raw_manifest", removing)
    assert diagnose(run).problems == ()
    assert not folder(run, 2).exists()
