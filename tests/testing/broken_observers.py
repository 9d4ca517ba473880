"""Good observers, and ones that each break one promise."""

from __future__ import annotations

import csv
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


class GoodMeasure(Good):
    """Measures the images of every second step."""

    def measure(self, trainer):
        if trainer.step % 2:
            return {}
        images = trainer.sample(4, seed=trainer.step)
        return {"light": float(images.mean()), "contrast": float(images.std())}


class GoodTable(Good):
    """A table whose columns are those of the first line."""

    def metrics(self, step, values):
        path = self.folder / "metrics.csv"
        if not path.exists():
            self.write(path, "w", list(values))
        with path.open(newline="") as stream:
            columns = next(csv.reader(stream))
        self.write(path, "a", [values.get(name, "") for name in columns])

    def write(self, path, mode, row):
        with path.open(mode, newline="") as stream:
            csv.writer(stream).writerow(row)


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


class ShiftsColumns(GoodTable):
    def metrics(self, step, values):
        path = self.folder / "metrics.csv"
        if not path.exists():
            self.write(path, "w", list(values))
        self.write(path, "a", list(values.values()))


class FillsColumnsFromTheLeft(ShiftsColumns):
    """Rows have the right length, and numbers under the wrong names."""

    def write(self, path, mode, row):
        if mode == "a":
            with path.open(newline="") as stream:
                row = row[: len(next(csv.reader(stream)))]
        super().write(path, mode, row)


class KnowsItsNames(Good):
    """Raises for a name that was not in the first line."""

    names = None

    def metrics(self, step, values):
        self.names = self.names or list(values)
        for name in values:
            self.names.index(name)


class NamesTheStep(Good):
    def measure(self, trainer):
        return {
            f"weights/{trainer.step}": float(next(trainer.generator.parameters()).detach().norm())
        }


class AveragesItsMeasurements(Good):
    """Of all its calls, which a new observer of a resumed run has not seen."""

    def __init__(self, options):
        super().__init__(options)
        self.norms = []

    def measure(self, trainer):
        self.norms.append(float(next(trainer.generator.parameters()).detach().norm()))
        return {"weights/average": sum(self.norms) / len(self.norms)}
