"""A session: one stretch of training, from the lock to the last line of the journal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from ganzoo import registry
from ganzoo.config import to_toml
from ganzoo.engine import distributed
from ganzoo.engine.compose import Plan
from ganzoo.engine.trainer import Trainer
from ganzoo.errors import GanzooError, UsageError
from ganzoo.interfaces.observer import Observer
from ganzoo.run import checkpoints, journal
from ganzoo.run.directory import RunDirectory
from ganzoo.run.provenance import collect
from ganzoo.run.recorder import Recorder
from ganzoo.run.run import Run
from ganzoo.run.watchers import Watchers

PATIENCE = 0.5
"""Seconds to wait for the lock: whoever asks for a run's state holds it for a moment."""


@dataclass(frozen=True)
class Session:
    """All that is needed to train."""

    plan: Plan
    trainer: Trainer
    watchers: Watchers


def prepared(
    plan: Plan,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Session:
    """Decode the images and make the trainer; nothing is written into a run directory yet."""
    if plan.config.execution.threads:
        torch.set_num_threads(plan.config.execution.threads)
    trainer = plan.trainer(plan.open_images(progress if distributed.rank() == 0 else None))
    plugins = [(plan.components[f"observer.{name}"], o) for name, o in plan.observers.items()]
    return Session(plan, trainer, Watchers(observers, plugins))


def fit(session: Session, place: RunDirectory, event: str, checkpoint: Path | None = None) -> Run:
    """Train to the end; only for the holder of the run's lock, and for the processes beside it.

    The first process writes; the others train with it, and return when all is written.

    Args:
        session: what to train.
        place: of the run; its config is written already.
        event: `"started"` or `"resumed"`, for the journal.
        checkpoint: where to go on from.
    """
    plan, trainer = session.plan, session.trainer
    if distributed.rank() == 0:
        observers: list[Observer] = [_recorder(session, place, event, checkpoint)]
    else:
        observers = []
        if checkpoint is not None:
            checkpoints.restore(checkpoint, trainer)
    with registry.blame_by_trace(plan.components.values()), stopping_between_steps(trainer):
        try:
            trainer.fit(observers=observers)
        except KeyboardInterrupt:
            if trainer.stopped:  # torchrun ends all when one has ended: let the first save
                distributed.wait_for_all()
            raise
        distributed.wait_for_all()
    return Run(place.path, device=plan.config.execution.device)


def _recorder(
    session: Session, place: RunDirectory, event: str, checkpoint: Path | None
) -> Recorder:
    """The recorder, where the run is begun or gone on from."""
    plan, trainer, watchers = session.plan, session.trainer, session.watchers
    provenance = collect(plan)
    recorder = Recorder(
        place,
        plan.config,
        plan.dataset,
        demands=plan.demands,
        class_names=plan.source.class_names,
        versions=provenance["versions"],
        watchers=watchers,
    )
    if event == "resumed":
        recorder.go_on(checkpoint, trainer)
    settings = plan.config.model_dump(mode="json", exclude_none=True)
    journal.append(place.journal, event, step=trainer.step, config=settings, provenance=provenance)
    with registry.blame_by_trace(plan.components.values()):
        watchers.tell("attached", place.path, settings)
    return recorder


@contextmanager
def only_writer(place: RunDirectory) -> Iterator[None]:
    """Hold the run directory's lock.

    Raises:
        UsageError: another process holds it.
    """
    lock = FileLock(place.lock, timeout=PATIENCE)

    def acquire() -> None:
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"another process is training {place.path}; wait for it, or choose another run"
            ) from None

    distributed.decided(acquire)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def stopping_between_steps(trainer: Trainer) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM wait for the end of a step, so that a whole one can be saved.

    A second one does not wait. Signals reach the main thread alone: elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        trainer.stop()
        signal.signal(number, signal.default_int_handler)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_config(place: RunDirectory, plan: Plan) -> None:
    """Write the resolved config with the origin of each value."""
    replace_text(place.config, to_toml(plan.config, plan.origins))


def replace_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = file.with_suffix(".new")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise GanzooError(f"cannot write {file}: {error.strerror}") from error
