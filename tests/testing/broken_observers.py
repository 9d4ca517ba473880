"""Good observers, and ones that each break one promise."""

from __future__ import annotations

from pathlib import Path

import torch

import ganzoo


class Good(ganzoo.Observer):
    def __init__(self, options):
        self.options = options

    def attached(self, run_dir, settings):
        self.folder = run_dir / "good"
        self.folder.mkdir(exist_ok=True)

    def step(self, trainer, terms):
        (self.folder / "last.txt").write_text(str(sum(map(float, terms.values()))))
        trainer.sample(2, seed=trainer.step)
        torch.rand(3)

    def failed(self, trainer, error):
        (self.folder / "error.txt").write_text(repr(error))


class GoodIdle(ganzoo.Observer):
    def __init__(self, options):
        self.options = options


class FirstSessionOnly(Good):
    def attached(self, run_dir, settings):
        self.folder = run_dir / "mine"
        self.folder.mkdir()  # there already, when the run goes on


class ClipsWeights(Good):
    def step(self, trainer, terms):
        with torch.no_grad():
            for parameter in trainer.discriminator.parameters():
                parameter.clamp_(-0.01, 0.01)


class SkipsSteps(Good):
    def step(self, trainer, terms):
        trainer.step += 1


class WritesIntoTheWorkingDirectory(Good):
    def metrics(self, step, values):
        Path("log.csv").write_text(str(values))


class RewritesTheLog(Good):
    def attached(self, run_dir, settings):
        super().attached(run_dir, settings)
        (run_dir / "metrics.jsonl").write_text("")
