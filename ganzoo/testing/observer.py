"""What an observer promises: to take what comes, to change nothing, and to keep to its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.data.pixels import to_uint8
from ganzoo.data.store import ImageStore
from ganzoo.interfaces.critic import Batch, Critic
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer
from ganzoo.testing.core import Bench, Promises, expect
from ganzoo.testing.stands import Painter, Smooth, noise
from ganzoo.training.trainer import Trainer

STEPS = 3
SETTINGS = {"training": {"steps": STEPS, "batch_size": 4}, "arch": {"name": "stand-in"}}
WRITTEN = {"config.toml": "steps = 3\n", "metrics.jsonl": '{"step": 1}\n', "run.lock": ""}
"""What a run has in its directory besides, and an observer must leave as it is."""


class _Logistic(Loss):
    def discriminator_loss(self, critic: Critic, real: Batch, fake: Batch) -> Mapping[str, Tensor]:
        return {"both": F.softplus(critic(fake) - critic(real)).mean()}

    def generator_loss(self, critic: Critic, fake: Batch, real: Batch) -> Mapping[str, Tensor]:
        return {"adversarial": F.softplus(-critic(fake)).mean()}


class _Run(Observer):
    """Tells an observer what a run would, between what the trainer tells it."""

    def __init__(self, observer: Observer, run_dir: Path, *, break_off: bool = False) -> None:
        self.observer = observer
        self.run_dir = run_dir
        self.break_off = break_off

    def started(self, trainer: Any, steps: int) -> None:
        self.observer.attached(self.run_dir, SETTINGS)
        self.observer.started(trainer, steps)

    def step(self, trainer: Any, terms: Mapping[str, Tensor]) -> None:
        step = trainer.step
        means = {"step": step, "images_per_second": 10.0} | {k: float(v) for k, v in terms.items()}
        picture = torch.full((3, 10, 10), 128, dtype=torch.uint8)
        places = {name: self.run_dir / name / f"{step:06d}" for name in ("samples", "checkpoints")}
        places["checkpoints"].mkdir(parents=True, exist_ok=True)
        places["samples"].parent.mkdir(exist_ok=True)
        (sample := places["samples"].with_suffix(".png")).write_bytes(b"")
        self.observer.measure(trainer)
        self.observer.metrics(step, means)
        self.observer.samples(step, picture, sample)
        self.observer.checkpoint(step, places["checkpoints"])
        self.observer.step(trainer, terms)
        if self.break_off:
            raise KeyboardInterrupt

    def finished(self, trainer: Any) -> None:
        self.observer.finished(trainer)

    def failed(self, trainer: Any, error: BaseException) -> None:
        self.observer.failed(trainer, error)


class ObserverBench(Bench):
    """An observer under test."""

    def trainer(self) -> Trainer:
        """A small training, the same each time."""
        pixels = to_uint8(noise(16, seed=1).images)
        return Trainer(
            generator=Painter(),
            discriminator=Smooth(),
            loss=_Logistic(),
            data=ImageStore.from_dataset(list(pixels)),
            latent=Painter.latent_dim,
            batch_size=4,
            device="cpu",
            precision="fp32",
        )

    def watch(self, run_dir: Path, *, sessions: int = 1) -> Trainer:
        """Train under its eyes; all sessions but the last are broken off after a step."""
        trainer = self.trainer()
        for session in range(sessions):
            watched = _Run(self.make(), run_dir, break_off=session < sessions - 1)
            try:
                trainer.fit(STEPS + session, observers=[watched])
            except KeyboardInterrupt:
                continue
        return trainer


@contextmanager
def _place() -> Iterator[Path]:
    """A run directory, in an empty working directory."""
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        run_dir = Path(folder).resolve() / "runs" / "run"
        run_dir.mkdir(parents=True)
        for name, text in WRITTEN.items():
            (run_dir / name).write_text(text, encoding="utf-8")
        os.chdir(folder)
        try:
            yield run_dir
        finally:
            os.chdir(before)


promise = Promises(ObserverBench)


@promise(
    mend="take every event with the arguments that ganzoo.Observer names, in any number, also "
    "where the run directory has files of an earlier session"
)
def takes_every_event(bench: ObserverBench) -> None:
    """It takes every event of a run that begins, is interrupted twice, and goes on to its end."""
    with _place() as run_dir:
        bench.watch(run_dir, sessions=3)


@promise(
    mend="look, and do not touch: leave weights, optimizers and `trainer.step` alone, and draw "
    "images with `trainer.sample`"
)
def leaves_the_training_alone(bench: ObserverBench) -> None:
    """Training ends with the same bits whether it watches or not."""
    alone = bench.trainer()
    alone.fit(STEPS)
    with _place() as run_dir:
        watched = bench.watch(run_dir)
    expect(watched.step == alone.step, f"step is {watched.step}, and {alone.step} without it")
    for name in ("generator", "discriminator"):
        mine, theirs = (getattr(t, name).state_dict() for t in (watched, alone))
        moved = [key for key in mine if not torch.equal(mine[key], theirs[key])]
        expect(not moved, f"the {name}'s {', '.join(moved)} differ from an unwatched run's")


@promise(
    mend="keep what it writes in a folder of its own inside the `run_dir` that `attached` gives it"
)
def keeps_to_its_place(bench: ObserverBench) -> None:
    """It writes nowhere but in the run directory, and leaves the run's own files as they are."""
    with _place() as run_dir:
        bench.watch(run_dir)
        here = Path.cwd().resolve()
        outside = [
            str(path.relative_to(here))
            for path in here.rglob("*")
            if path.is_file() and not path.is_relative_to(run_dir)
        ]
        expect(not outside, f"it wrote {', '.join(outside)} into the working directory")
        for name, text in WRITTEN.items():
            file = run_dir / name
            kept = file.exists() and file.read_text(encoding="utf-8", errors="replace") == text
            expect(kept, f"it changed the run's own {name}")
