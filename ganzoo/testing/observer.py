"""Promises of an observer: it takes every event, changes nothing and writes only to its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.data.pixels import to_uint8
from ganzoo.data.store import ImageStore
from ganzoo.interfaces.critic import Batch, Critic
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.testing.core import Bench, Promises, expect
from ganzoo.testing.stand_ins import SmoothDiscriminator, SmoothGenerator, noise_batch
from ganzoo.training.trainer import Trainer

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
    """Calls an observer as a run does, with the events of a run between those of the trainer."""

    def __init__(self, observer: Observer, run_dir: Path, *, interrupt: bool = False) -> None:
        self.observer = observer
        self.run_dir = run_dir
        self.interrupt = interrupt

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

        # Events.
        means = {"step": step, "images_per_second": 10.0} | {k: float(v) for k, v in terms.items()}
        picture = torch.full((3, 10, 10), 128, dtype=torch.uint8)
        self.observer.measure(trainer)
        self.observer.metrics(step, means)
        self.observer.samples(step, picture, sample)
        self.observer.checkpoint(step, checkpoint)
        self.observer.step(trainer, terms)
        if self.interrupt:
            raise KeyboardInterrupt

    def finished(self, trainer: TrainerState) -> None:
        self.observer.finished(trainer)

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        self.observer.failed(trainer, error)


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

    def watch(self, run_dir: Path, *, sessions: int = 1) -> Trainer:
        """Train with the observer; all sessions but the last are interrupted after a step."""
        trainer = self.trainer()
        for session in range(sessions):
            events = _RunEvents(self.make(), run_dir, interrupt=session < sessions - 1)
            try:
                trainer.fit(STEPS + session, observers=[events])
            except KeyboardInterrupt:
                continue
        return trainer


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
        watched = bench.watch(run_dir)
    expect(watched.step == alone.step, f"step is {watched.step}, and {alone.step} without it")
    for name in ("generator", "discriminator"):
        weights, expected = (getattr(t, name).state_dict() for t in (watched, alone))
        changed = [key for key in weights if not torch.equal(weights[key], expected[key])]
        expect(not changed, f"the {name}'s {', '.join(changed)} differ from an unwatched run's")


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
