"""Promises of an observer: it takes every event, changes nothing and writes only to its folder."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest import SkipTest

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.assembly.trainer import Trainer
from ganzoo.data.pixels import to_uint8
from ganzoo.data.store import ImageStore
from ganzoo.interfaces.critic import Batch, Critic
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.testing.core import Bench, Broken, Promises, expect
from ganzoo.testing.stand_ins import SmoothDiscriminator, SmoothGenerator, noise_batch

STEPS = 3
SETTINGS = {"training": {"steps": STEPS, "batch_size": 4}, "arch": {"name": "stand-in"}}
RUN_FILES = {"config.toml": "steps = 3\n", "metrics.jsonl": '{"step": 1}\n', "run.lock": ""}
"""Files of a run, which an observer must not change."""


class _Logistic(Loss):
    def discriminator_loss(self, critic: Critic, real: Batch, fake: Batch) -> Mapping[str, Tensor]:
        return {"both": F.softplus(critic(fake) - critic(real)).mean()}

    def generator_loss(self, critic: Critic, fake: Batch, real: Batch) -> Mapping[str, Tensor]:
        return {"adversarial": F.softplus(-critic(fake)).mean()}


class _RunEvents(Observer):
    """Calls an observer as a run does, with the events of a run between those of the trainer.

    Attributes:
        lines: of the log, by step.
        measured: what the observer measured, by step.
    """

    def __init__(
        self,
        observer: Observer,
        run_dir: Path,
        *,
        interrupt: bool = False,
        other_names: bool = False,
    ) -> None:
        self.observer = observer
        self.run_dir = run_dir
        self.interrupt = interrupt
        self.other_names = other_names
        self.lines: dict[int, Mapping[str, float]] = {}
        self.measured: dict[int, Mapping[str, float]] = {}

    def started(self, trainer: TrainerState, steps: int) -> None:
        self.observer.attached(self.run_dir, SETTINGS)
        self.observer.started(trainer, steps)

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        # Files of a sample grid and a checkpoint.
        step = trainer.step
        sample = self.run_dir / "samples" / f"{step:06d}.png"
        checkpoint = self.run_dir / "checkpoints" / f"{step:06d}"
        checkpoint.mkdir(parents=True, exist_ok=True)
        sample.parent.mkdir(exist_ok=True)
        sample.write_bytes(b"")

        # A line of the log.
        self.measured[step] = dict(self.observer.measure(trainer) or {})
        line = {"step": step, "images_per_second": 10.0 + step}
        if self.other_names and step == 2:  # as of a penalty with an interval
            line["discriminator/penalty"] = 20.0
        line |= {name: float(value) for name, value in terms.items()}
        if self.other_names and step == 3:  # as of an evaluation
            line["evaluation/distance"] = 30.0
        self.lines[step] = {**line, **self.measured[step]}

        # Events.
        picture = torch.full((3, 10, 10), 128, dtype=torch.uint8)
        self.observer.metrics(step, self.lines[step])
        self.observer.samples(step, picture, sample)
        self.observer.checkpoint(step, checkpoint)
        self.observer.step(trainer, terms)
        if self.interrupt:
            raise KeyboardInterrupt

    def finished(self, trainer: TrainerState) -> None:
        self.observer.finished(trainer)

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        self.observer.failed(trainer, error)


class Watched(NamedTuple):
    """A training with an observer, its log and what the observer measured, by step."""

    trainer: Trainer
    lines: Mapping[int, Mapping[str, float]]
    measured: Mapping[int, Mapping[str, float]]


class ObserverBench(Bench):
    """An observer under test."""

    def trainer(self) -> Trainer:
        """Make a small trainer, the same each time."""
        pixels = to_uint8(noise_batch(16, seed=1).images)
        return Trainer(
            generator=SmoothGenerator(),
            discriminator=SmoothDiscriminator(),
            loss=_Logistic(),
            data=ImageStore.from_dataset(list(pixels)),
            latent=SmoothGenerator.latent_dim,
            batch_size=4,
            device="cpu",
            precision="fp32",
        )

    def watch(self, run_dir: Path, *, sessions: int = 1, other_names: bool = False) -> Watched:
        """Train with the observer; all sessions but the last are interrupted after a step."""
        trainer = self.trainer()
        lines: dict[int, Mapping[str, float]] = {}
        measured: dict[int, Mapping[str, float]] = {}
        for session in range(sessions):
            interrupt = session < sessions - 1
            events = _RunEvents(self.make(), run_dir, interrupt=interrupt, other_names=other_names)
            with suppress(KeyboardInterrupt):
                trainer.fit(STEPS + session, observers=[events])
            lines |= events.lines
            measured |= events.measured
        return Watched(trainer, lines, measured)

    def measuring(self, run_dir: Path, *, sessions: int = 1) -> Mapping[int, Mapping[str, float]]:
        """Train with the observer; return what it measured, by step.

        Raises:
            SkipTest: it measures nothing.
        """
        if type(self.make()).measure is Observer.measure:
            raise SkipTest("it measures nothing")
        return self.watch(run_dir, sessions=sessions).measured


@contextmanager
def _run_directory() -> Iterator[Path]:
    """Change to an empty working directory that contains a run directory."""
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        run_dir = Path(folder).resolve() / "runs" / "run"
        run_dir.mkdir(parents=True)
        for name, text in RUN_FILES.items():
            (run_dir / name).write_text(text, encoding="utf-8")
        os.chdir(folder)
        try:
            yield run_dir
        finally:
            os.chdir(before)


promise = Promises(ObserverBench)


@promise(
    mend="take every event with the arguments of ganzoo.Observer, any number of times, also if the "
    "run directory has files of an earlier session"
)
def takes_every_event(bench: ObserverBench) -> None:
    """It takes every event of a run that is interrupted twice, resumed and finished."""
    with _run_directory() as run_dir:
        bench.watch(run_dir, sessions=3)


@promise(
    mend="do not change weights, optimizers and `trainer.step`, and draw images with "
    "`trainer.sample`"
)
def leaves_the_training_alone(bench: ObserverBench) -> None:
    """Training gives the same bits with the observer and without."""
    alone = bench.trainer()
    alone.fit(STEPS)
    with _run_directory() as run_dir:
        watched = bench.watch(run_dir).trainer
    expect(watched.step == alone.step, f"step is {watched.step}, and {alone.step} without it")
    for name in ("generator", "discriminator"):
        weights, expected = (getattr(t, name).state_dict() for t in (watched, alone))
        changed = [key for key in weights if not torch.equal(weights[key], expected[key])]
        expect(not changed, f"the {name}'s {', '.join(changed)} differ from an unwatched run's")


@promise(
    mend="write numbers by name: fix the columns with the first line and write "
    '`[values.get(name, "") for name in columns]`, or rewrite the table where a name is new'
)
def lines_with_other_names(bench: ObserverBench) -> None:
    """It takes lines of the log with other names, and its CSV files keep numbers in their columns.

    The term of a penalty with an interval and the scores of an evaluation are not in every line.
    """
    with _run_directory() as run_dir:
        lines = bench.watch(run_dir, other_names=True).lines
        for table in sorted(run_dir.rglob("*.csv")):
            _expect_columns(table, lines)


@promise(
    mend="return the same names whenever you return any, with NaN for a number that is missing; "
    "or an empty dict if there is nothing new"
)
def measures_the_same_names(bench: ObserverBench) -> None:
    """What it measures has the same names at each step, or none."""
    with _run_directory() as run_dir:
        measured = bench.measuring(run_dir)
    first: tuple[int, set[str]] | None = None
    for step, values in measured.items():
        if not values:
            continue
        first = first or (step, set(values))
        expect(
            set(values) == first[1],
            f"at step {first[0]} it measures {_names(first[1])}, at step {step} {_names(values)}",
        )


@promise(
    mend="compute what `measure` returns from the trainer alone, and keep nothing from call to "
    "call: a run that resumes makes a new observer"
)
def measures_the_same_when_resumed(bench: ObserverBench) -> None:
    """What it measures at a step does not depend on whether the run was interrupted before."""
    with _run_directory() as run_dir:
        straight = bench.measuring(run_dir)
    with _run_directory() as run_dir:
        resumed = bench.measuring(run_dir, sessions=STEPS)
    for step, values in straight.items():
        same = values.keys() == resumed[step].keys() and all(
            resumed[step][name] == value or math.isnan(value) for name, value in values.items()
        )
        expect(
            same,
            f"at step {step} it measures {dict(values)} in one session, and "
            f"{dict(resumed[step])} after interruptions",
        )


@promise(mend="write only into a folder of its own inside the `run_dir` that `attached` receives")
def keeps_to_its_place(bench: ObserverBench) -> None:
    """It writes only into the run directory, and does not change the run's own files."""
    with _run_directory() as run_dir:
        bench.watch(run_dir)
        here = Path.cwd().resolve()
        outside = [
            str(path.relative_to(here))
            for path in here.rglob("*")
            if path.is_file() and not path.is_relative_to(run_dir)
        ]
        expect(not outside, f"it wrote {', '.join(outside)} into the working directory")
        for name, text in RUN_FILES.items():
            file = run_dir / name
            kept = file.exists() and file.read_text(encoding="utf-8", errors="replace") == text
            expect(kept, f"it changed the run's own {name}")


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


def _expect_columns(table: Path, lines: Mapping[int, Mapping[str, float]]) -> None:
    """Expect that a CSV file with a column `step` has numbers of the log under their names."""
    known = {name for line in lines.values() for name in line}
    with table.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        if "step" not in (reader.fieldnames or ()):
            return
        for row in reader:
            where = f"row {reader.line_num} of {table.name}"
            expect(None not in row, f"{where} has more fields than there are columns")
            step = int(float(row["step"]))
            for name in known & row.keys():
                cell, value = row[name], lines[step].get(name)
                if cell and (value is None or not math.isclose(float(cell), value, rel_tol=1e-3)):
                    logged = "no such number" if value is None else f"{value:.6g}"
                    raise Broken(f"{where} has {cell} under '{name}', the log {logged}")
