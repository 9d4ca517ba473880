"""An observer that stops the training of a run ends it as a stop, without an exception."""

from __future__ import annotations

import pytest
from toys import same

import ganzoo

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": "emoji",
    "size": 8,
    "batch_size": 4,
    "sample_count": 4,
    "device": "cpu",
    "steps": 6,
    "log_every": 2,
}


class Ends(ganzoo.Observer):
    def __init__(self, at):
        super().__init__()
        self.at, self.ends = at, []

    def step(self, trainer, terms):
        if trainer.step == self.at:
            trainer.stop()

    def finished(self, trainer):
        self.ends.append("finished")

    def failed(self, trainer, error):
        self.ends.append("failed")


def test_a_run_that_its_observer_stops_is_returned_saved_and_resumes_to_the_bit(tmp_path):
    through = ganzoo.train(**TINY, run_dir=tmp_path / "through")
    ends = Ends(3)
    run = ganzoo.train(**TINY, run_dir=tmp_path / "run", observers=[ends])
    assert ends.ends == ["finished"]
    assert (run.state, run.steps) == ("stopped", [3])
    run = ganzoo.resume(run.path)
    assert (run.state, run.steps) == ("finished", [3, 6])
    assert same(run.generator.state_dict(), through.generator.state_dict())
    lines = [[{**line, "images_per_second": 0} for line in one.metrics()] for one in (run, through)]
    assert lines[0] == lines[1]


def test_a_stop_at_the_last_step_finishes_the_run(tmp_path):
    run = ganzoo.train(**TINY, run_dir=tmp_path / "run", observers=[Ends(6)])
    assert run.state == "finished"


def test_divergence_of_a_run_names_its_last_good_checkpoint_as_before(tmp_path):
    with pytest.raises(ganzoo.Diverged, match="no checkpoint was saved yet. Try a tenth of"):
        ganzoo.train(
            **TINY | {"steps": 50},
            optimizer="sgd",
            generator_lr=1e30,
            discriminator_lr=1e30,
            checkpoint_every=1,
            run_dir=tmp_path / "run",
        )
