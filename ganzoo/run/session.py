"""Session: one stretch of training, from taking the run's lock to the last line of the journal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from filelock import Timeout

from ganzoo.assembly.trainer import Trainer
from ganzoo.config import to_toml
from ganzoo.discovery import registry
from ganzoo.errors import UsageError
from ganzoo.execution import distributed
from ganzoo.execution.device import cpu_threads
from ganzoo.files import locked, replace_text
from ganzoo.interfaces.observer import Observer
from ganzoo.run import checkpoints, journal
from ganzoo.run.directory import RunDirectory
from ganzoo.run.evaluator import Evaluator
from ganzoo.run.initializing import initialize_from, source_of
from ganzoo.run.observer_group import Expendable, ObserverGroup
from ganzoo.run.plan import Plan
from ganzoo.run.provenance import collect
from ganzoo.run.recorder import Recorder
from ganzoo.run.run import Run

LOCK_TIMEOUT = 0.5
"""Seconds to wait for the lock: `Run.state` holds it for a moment."""

STOPPING = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP")]
"""Signals that end training after a step; Windows has no SIGHUP."""

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
    with (
        registry.blame_by_trace(plan.components.values()),
        cpu_threads(plan.config.execution.threads),
    ):
        images = plan.open_images(progress if distributed.rank() == 0 else None)
        return Session(plan, plan.trainer(images), observers)


def fit(
    session: Session, directory: RunDirectory, beginning: Beginning, checkpoint: Path | None = None
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
        # Start from another run, or resume; rank 0 records the run.
        source = None if checkpoint is not None else source_of(plan.config.training)
        initialized = None if source is None else initialize_from(trainer, source)
        observers: list[Observer] = []
        minutes = None
        if distributed.rank() == 0:
            recorder = _recorder(session, directory, beginning, checkpoint, initialized)
            observers, minutes = [recorder], _minutes_left(plan, recorder)
        elif checkpoint is not None:
            checkpoints.restore(checkpoint, trainer)

        # Train; the recorder checks for divergence, and names the last good checkpoint.
        trainer.checks = []
        with stopping_between_steps(trainer):
            try:
                trainer.fit(plan.config.training.steps, observers, minutes=minutes)
            except KeyboardInterrupt:
                if trainer.stopped:  # torchrun ends all ranks with the first: let rank 0 save
                    distributed.barrier()
                raise
            distributed.barrier()
    return Run(directory.path, device=plan.config.execution.device)


def _minutes_left(plan: Plan, recorder: Recorder) -> float | None:
    """The rest of the time budget, which rank 0 keeps; None without one."""
    minutes = plan.config.training.minutes
    return None if minutes is None else minutes - recorder.minutes_before


def _recorder(
    session: Session,
    directory: RunDirectory,
    beginning: Beginning,
    checkpoint: Path | None,
    initialized: dict[str, Any] | None,
) -> Recorder:
    """Make the recorder, load the checkpoint and write the first event of the session."""
    # Recorder.
    plan, trainer = session.plan, session.trainer
    observers = ObserverGroup(session.observers, _expendable_observers(session, directory))
    provenance = collect(plan) | ({"init_from": initialized} if initialized else {})
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


def _expendable_observers(session: Session, directory: RunDirectory) -> list[Expendable]:
    """The observers of plugins, and evaluation during training."""
    plan, expendable = session.plan, []
    for name, observer in plan.observers.items():
        component = plan.components[f"observer.{name}"]
        title = f"the observer '{component.spec.name}' of {component.provider}"
        expendable.append(Expendable(title, observer))
    if plan.config.logging.eval_every is not None:
        evaluator = Evaluator(directory, plan.config, plan.host, session.trainer.trained_with)
        expendable.append(Expendable("evaluation during training", evaluator))
    return expendable


@contextmanager
def only_writer(directory: RunDirectory) -> Iterator[None]:
    """Hold the lock of a run directory.

    Raises:
        UsageError: another process holds it.
        GanzooError: the directory cannot be locked.
    """
    held = ExitStack()

    def acquire() -> None:
        try:
            held.enter_context(locked(directory.lock, LOCK_TIMEOUT))
        except Timeout:
            writer = directory.writer() or "another process"
            raise UsageError(
                f"{writer} is training {directory.path}; wait for it, or choose another run"
            ) from None

    with held:
        distributed.on_rank_zero(acquire)
        yield


@contextmanager
def stopping_between_steps(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end training after the current step, so that it can be saved.

    A second Ctrl-C interrupts at once, also while saving: the run resumes from an earlier
    checkpoint. Further SIGTERM and SIGHUP change nothing. Signals that are ignored stay ignored
    (`nohup`, background jobs). Only the main thread receives signals; in others this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupts = 0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal interrupts
        trainer.stop(interrupt=True)
        interrupts += number == signal.SIGINT
        if interrupts > 1:
            signal.default_int_handler(number, frame)

    # Not handlers of C code either, which Python cannot put back.
    handlers = {number: signal.getsignal(number) for number in STOPPING}
    replaced = {n: h for n, h in handlers.items() if h not in (signal.SIG_IGN, None)}
    for number in replaced:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


def write_config(directory: RunDirectory, plan: Plan) -> None:
    """Write the resolved config with the origin of each value."""
    replace_text(directory.config, to_toml(plan.config, plan.origins))
