"""Promises of a run directory in use: a second writer is told who the first is."""

from __future__ import annotations

import json
import os
import platform
import re

import pytest
from filelock import FileLock

import ganzoo
from ganzoo.run.directory import RunDirectory, check_free

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 50},
    "batch_size": 4,
    "sample_count": 4,
    "device": "cpu",
}
WHO = re.escape(f"another process ({os.getpid()} on {platform.node()}, since 20")


class Meanwhile(ganzoo.Observer):
    """What others see while a run trains."""

    def attached(self, run_dir, settings):
        run = ganzoo.Run(run_dir)
        assert run.state == "running"
        with pytest.raises(ganzoo.UsageError, match=rf"^{WHO}.* UTC. is training {run_dir}; wait"):
            ganzoo.train(run_dir=run_dir, steps=1, **TINY)
        with pytest.raises(ganzoo.UsageError, match=rf"^{WHO}.* UTC. is training {run_dir}; wait"):
            ganzoo.resume(run_dir, steps=9)
        self.seen = True


def test_a_second_training_is_told_which_process_trains_there(tmp_path):
    watching = Meanwhile()
    run = ganzoo.train(run_dir=tmp_path / "run", steps=1, observers=[watching], **TINY)
    assert watching.seen
    assert run.directory.writer() is None
    with pytest.raises(ganzoo.UsageError, match="exists and is not empty; choose another run_dir"):
        ganzoo.train(run_dir=tmp_path / "run", steps=1, **TINY)


@pytest.mark.parametrize("journal", ["", "x", '{"event": "started"}', "ended"])
def test_a_writer_that_has_not_said_who_it_is_is_another_process(tmp_path, journal):
    directory = RunDirectory(tmp_path)
    provenance = {"pid": 1, "host": "elsewhere"}
    ended = [{"event": "started", "provenance": provenance}, {"event": "finished"}]
    text = "".join(json.dumps(e) + "\n" for e in ended) if journal == "ended" else journal
    directory.journal.write_text(text)
    with FileLock(directory.lock):
        assert directory.writer() == "another process"
        with pytest.raises(ganzoo.UsageError, match="^another process is training"):
            check_free(tmp_path)


def test_asking_leaves_nothing_in_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"")
    with pytest.raises(ganzoo.UsageError, match="exists and is not empty"):
        check_free(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]
