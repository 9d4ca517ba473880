"""Promises of signals: what is saved, and that the message about it is true."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import ganzoo
from ganzoo.cli.progress import Progress
from ganzoo.run import checkpoints

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has other signals")

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 100},
    "batch_size": 4,
    "sample_count": 4,
    "steps": 6,
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def _no_signal_is_ignored():
    """Whatever these tests were started by: nohup and shells ignore some."""
    handlers = {signal.SIGINT: signal.default_int_handler}
    handlers |= dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.SIG_DFL)
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Sends(ganzoo.Observer):
    """Sends a signal to this process after step 3."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self.number = number

    def step(self, trainer, terms):
        if trainer.step == 3:
            os.kill(os.getpid(), self.number)


def train(run_dir, number: signal.Signals, **settings) -> ganzoo.Run:
    with Progress() as progress:
        observers = [Sends(number), progress]
        return ganzoo.train(run_dir=run_dir, observers=observers, **(TINY | settings))


@contextmanager
def sending_while_saving(number: signal.Signals, *, after_step: int = 0) -> Iterator[None]:
    """Send a signal while the weights are copied; the copy itself is the real one."""

    def snapshot(trainer, term_buffer=None):
        if trainer.step > after_step:
            os.kill(os.getpid(), number)
        return copied(trainer, term_buffer)

    copied = checkpoints.snapshot
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "snapshot", snapshot)
        yield


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_training_after_a_step_that_is_saved(number, tmp_path, capsys):
    handlers = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", number)
    run = ganzoo.Run(tmp_path / "run")
    step = run.steps[-1]
    assert (run.state, step in (3, 4)) == ("stopped", True)
    expected = f"Stopped after step {step}; `ganzoo resume {run.path}` resumes the run."
    assert expected in capsys.readouterr().err
    assert ganzoo.resume(run.path).steps[-1] == 6
    assert handlers == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGHUP])
def test_a_scheduler_that_repeats_itself_does_not_abandon_the_save(first, second, tmp_path, capsys):
    with sending_while_saving(second), pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", first)
    run = ganzoo.Run(tmp_path / "run")
    assert run.steps[-1] in (3, 4)
    assert f"Stopped after step {run.steps[-1]}" in capsys.readouterr().err


@pytest.mark.parametrize("every", [2, 100])
def test_a_second_ctrl_c_abandons_the_save_and_says_so(every, tmp_path, capsys):
    with sending_while_saving(signal.SIGINT, after_step=2), pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", signal.SIGINT, checkpoint_every=every)
    run = ganzoo.Run(tmp_path / "run")
    said = capsys.readouterr().err
    assert "has not been saved so far" in said
    assert "Stopped" not in said
    if every == 2:
        assert run.steps == [2]
        assert "resumes the run from its latest checkpoint, of step 2." in said
    else:
        assert run.steps == []
        assert "resumes the run from the start." in said
    assert ganzoo.resume(run.path).steps[-1] == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_ignored_signal_stays_ignored(number, tmp_path, capsys):
    """`nohup ganzoo train …` ignores SIGHUP, a shell's background job SIGINT."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert train(tmp_path / "run", number).state == "finished"
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
