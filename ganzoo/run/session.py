"""A session: one stretch of training, from the lock to the last line of the journal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

PATIENCE = 0.5
"""Seconds to wait for the lock: whoever asks for a run's state holds it for a moment."""


@dataclass(frozen=True)
class Session:
    """All that is needed to train."""

    plan: Plan
    trainer: Trainer
    observers: Sequence[Observer]


def prepare(
    plan: Plan,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Session:
    """Decode the images and make the trainer; nothing is written into a run directory yet.

    Args:
        plan: what to train.
        observers: the caller's own.
        progress: called with images done and images in all, if they must be decoded.
    """
    trainer = plan.trainer(plan.open_images(progress if distributed.rank() == 0 else None))
    return Session(plan, trainer, observers)


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
    with (
        registry.blame_by_trace(plan.components.values()),
        cpu_threads(plan.config.execution.threads),
        stopping_between_steps(trainer),
    ):
        observers: list[Observer] = []
        if distributed.rank() == 0:
            observers = [_recorder(session, place, event, checkpoint)]
        elif checkpoint is not None:
            checkpoints.restore(checkpoint, trainer)
        try:
            trainer.fit(observers=observers)
        except KeyboardInterrupt:
            if trainer.stopped:  # torchrun ends all when one has ended: let rank 0 save first
                distributed.barrier()
            raise
        distributed.barrier()
    return Run(place.path, device=plan.config.execution.device)


def _recorder(
    session: Session, place: RunDirectory, event: str, checkpoint: Path | None
) -> Recorder:
    """The recorder, where the run is begun or gone on from."""
    plan, trainer = session.plan, session.trainer
    observers = ObserverGroup(session.observers, _expendable(plan, place))
    provenance = collect(plan)
    recorder = Recorder(
        trainer,
        place,
        plan.config,
        plan.dataset,
        demands=plan.demands,
        class_names=plan.source.class_names,
        versions=provenance["versions"],
        observers=observers,
    )
    if event == "resumed":
        recorder.resume_from(checkpoint)
    settings = plan.config.model_dump(mode="json", exclude_none=True)
    journal.append(place.journal, event, step=trainer.step, config=settings, provenance=provenance)
    observers.notify("attached", place.path, settings)
    return recorder


def _expendable(plan: Plan, place: RunDirectory) -> list[Expendable]:
    """Observers of plugins, and evaluation during training."""
    expendable = []
    for name, observer in plan.observers.items():
        component = plan.components[f"observer.{name}"]
        title = f"the observer '{component.spec.name}' of {component.provider}"
        expendable.append(Expendable(title, observer))
    if plan.config.logging.eval_every is not None:
        evaluator = Evaluator(place, plan.config, plan.host)
        expendable.append(Expendable("evaluation during training", evaluator))
    return expendable


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

    distributed.on_rank_zero(acquire)
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
