"""Session: one stretch of training, from taking the run's lock to the last line of the journal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ganzoo.config import to_toml
from ganzoo.discovery import registry
from ganzoo.errors import UsageError
from ganzoo.execution import distributed
from ganzoo.execution.device import cpu_threads
from ganzoo.files import replace_text
from ganzoo.interfaces.observer import Observer
from ganzoo.run import checkpoints, journal
from ganzoo.run.directory import RunDirectory
from ganzoo.run.evaluator import Evaluator
from ganzoo.run.observer_group import Expendable, ObserverGroup
from ganzoo.run.plan import Plan
from ganzoo.run.provenance import collect
from ganzoo.run.recorder import Recorder
from ganzoo.run.run import Run
from ganzoo.training.trainer import Trainer

LOCK_TIMEOUT = 0.5
"""Seconds to wait for the lock: `Run.state` holds it for a moment."""

Beginning = Literal["started", "resumed"]


@dataclass(frozen=True)
class Session:
    """A plan, its trainer and the caller's observers."""

    plan: Plan
    trainer: Trainer
    observers: Sequence[Observer]


def prepare(
    plan: Plan,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Session:
    """Decode the images and make the trainer. Nothing is written into a run directory yet.

    Args:
        plan: of the run.
        observers: the caller's own.
        progress: called with the number of decoded images and of all images.
    """
    with cpu_threads(plan.config.execution.threads):
        images = plan.open_images(progress if distributed.rank() == 0 else None)
        return Session(plan, plan.trainer(images), observers)


def fit(
    session: Session,
    directory: RunDirectory,
    beginning: Beginning,
    checkpoint: Path | None = None,
) -> Run:
    """Train to the end, with the run's lock held. Rank 0 writes; the other ranks only train.

    Args:
        session: of the run.
        directory: the run directory; its config is written already.
        beginning: the event for the journal.
        checkpoint: to resume from.
    """
    plan, trainer = session.plan, session.trainer
    with (
        registry.blame_by_trace(plan.components.values()),
        cpu_threads(plan.config.execution.threads),
    ):
        # Resume; rank 0 records the run.
        observers: list[Observer] = []
        if distributed.rank() == 0:
            observers = [_recorder(session, directory, beginning, checkpoint)]
        elif checkpoint is not None:
            checkpoints.restore(checkpoint, trainer)

        # Train.
        with stopping_between_steps(trainer):
            try:
                trainer.fit(observers=observers)
            except KeyboardInterrupt:
                if trainer.stopped:  # torchrun ends all ranks with the first: let rank 0 save
                    distributed.barrier()
                raise
            distributed.barrier()
    return Run(directory.path, device=plan.config.execution.device)


def _recorder(
    session: Session, directory: RunDirectory, beginning: Beginning, checkpoint: Path | None
) -> Recorder:
    """Make the recorder, load the checkpoint and write the first event of the session."""
    # Recorder.
    plan, trainer = session.plan, session.trainer
    observers = ObserverGroup(session.observers, _expendable_observers(plan, directory))
    provenance = collect(plan)
    recorder = Recorder(
        trainer,
        directory,
        plan.config,
        plan.dataset,
        demands=plan.demands,
        class_names=plan.source.class_names,
        versions=provenance["versions"],
        observers=observers,
    )

    # Checkpoint.
    if beginning == "resumed":
        recorder.resume_from(checkpoint)

    # Journal.
    settings = plan.config.model_dump(mode="json", exclude_none=True)
    facts = {"step": trainer.step, "config": settings, "provenance": provenance}
    journal.append(directory.journal, beginning, **facts)
    observers.notify("attached", directory.path, settings)
    return recorder


def _expendable_observers(plan: Plan, directory: RunDirectory) -> list[Expendable]:
    """The observers of plugins, and evaluation during training."""
    expendable = []
    for name, observer in plan.observers.items():
        component = plan.components[f"observer.{name}"]
        title = f"the observer '{component.spec.name}' of {component.provider}"
        expendable.append(Expendable(title, observer))
    if plan.config.logging.eval_every is not None:
        evaluator = Evaluator(directory, plan.config, plan.host)
        expendable.append(Expendable("evaluation during training", evaluator))
    return expendable


@contextmanager
def only_writer(directory: RunDirectory) -> Iterator[None]:
    """Hold the lock of a run directory.

    Raises:
        UsageError: another process holds it.
    """
    lock = FileLock(directory.lock, timeout=LOCK_TIMEOUT)

    def acquire() -> None:
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"another process is training {directory.path}; wait for it, or choose another run"
            ) from None

    distributed.on_rank_zero(acquire)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def stopping_between_steps(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end training after the current step, so that it can be saved.

    A second signal interrupts at once. Only the main thread receives signals; in others this does
    nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        trainer.stop()
        signal.signal(number, signal.default_int_handler)

    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def write_config(directory: RunDirectory, plan: Plan) -> None:
    """Write the resolved config with the origin of each value."""
    replace_text(directory.config, to_toml(plan.config, plan.origins))
