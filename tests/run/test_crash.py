"""A run is killed at random moments, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from forked import start_python, start_snippet
from safetensors.torch import load_file

import ganzoo

KILLS = int(os.environ.get("GANZOO_TEST_KILLS", "12"))
"""CI kills a dozen times; `GANZOO_TEST_KILLS=50 pytest -m slow tests/run/test_crash.py` more."""


def environment(folder: Path) -> dict[str, str]:
    """Of the runs: a cache of their own, and one thread."""
    return {"GANZOO_CACHE_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "1"}


def without_speed(run: ganzoo.Run) -> list[dict]:
    return [{k: v for k, v in line.items() if k != "images_per_second"} for line in run.metrics()]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked runs")
def test_a_run_killed_at_random_moments_has_the_same_result(tmp_path):
    program = str(Path(__file__).with_name("crashing.py"))
    arguments = [str(tmp_path), str(KILLS), os.environ.get("GANZOO_TEST_SEED", "0")]
    started = start_python([program, *arguments], tmp_path, **environment(tmp_path))
    code, out, err = started.finish(timeout=550)
    assert code == 0, err[-3000:]
    print(out)
    figures = json.loads(out.splitlines()[-1])
    assert figures["inside_checkpoint"] > 0, "no kill fell into the writing of a checkpoint"
    killed, through = ganzoo.Run(tmp_path / "killed"), ganzoo.Run(tmp_path / "through")
    assert killed.steps[-1] == through.steps[-1] == figures["steps"]
    for name in ("generator", "discriminator", "ema"):
        first_state, second_state = (
            load_file(r.checkpoint / f"{name}.safetensors") for r in (killed, through)
        )
        assert first_state.keys() == second_state.keys()
        assert all(torch.equal(first_state[key], second_state[key]) for key in first_state), name
    states = [torch.load(r.checkpoint / "state.pt", weights_only=True) for r in (killed, through)]
    torch.testing.assert_close(*states, rtol=0, atol=0)
    assert without_speed(killed) == without_speed(through)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_barrage_of_signals_saves_the_last_step(number, tmp_path):
    """Of networks whose checkpoint takes a while to write."""
    program = f"""if True:
        import ganzoo, signal
        signal.signal({int(number)}, signal.SIG_DFL)  # not ignored, as under nohup
        arch = {{"name": "vanilla", "width": 1500, "depth": 4}}
        settings = {{"batch_size": 4, "log_every": 1, "checkpoint_every": 10**6, "steps": 10**6}}
        ganzoo.train(arch=arch, loss="bce", data="gaussians", run_dir={str(tmp_path / "run")!r},
                     device="cpu", **settings)
    """
    started = start_snippet(program, tmp_path, **environment(tmp_path))
    deadline, log = time.time() + 120, tmp_path / "run" / "metrics.jsonl"
    while not log.exists() or len(log.read_text().splitlines()) < 2:
        assert time.time() < deadline, "no progress"
        time.sleep(0.02)
    while started.process.is_alive():
        assert time.time() < deadline, "it does not end"
        with suppress(ProcessLookupError):  # it has just ended
            started.send_signal(number)
        time.sleep(0.002)
    started.finish()
    run = ganzoo.Run(tmp_path / "run")
    assert run.state == "stopped"
    assert run.steps == [run.events()[-1]["step"]]
    assert run.sample(1).isfinite().all()
