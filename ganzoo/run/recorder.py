"""The recorder: an observer that writes a run's log, sample grids, checkpoints and journal."""

from __future__ import annotations

import json
import math
import time
import traceback
import warnings
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from torch import Tensor

from ganzoo.config import RunConfig
from ganzoo.errors import Diverged, GanzooError, GanzooWarning, UsageError, did_you_mean, setting
from ganzoo.files import replace_text
from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.run import checkpoints, health, journal
from ganzoo.run.checkpoint_writer import CheckpointWriter
from ganzoo.run.checkpoints import Manifest
from ganzoo.run.diagnosis import broken_weight, measure
from ganzoo.run.directory import RunDirectory
from ganzoo.run.observer_group import ObserverGroup
from ganzoo.run.pictures import grid, save_picture
from ganzoo.run.term_buffer import TermBuffer
from ganzoo.training.trainer import Trainer

MAX_CLASS_COLUMNS = 16

RECENT = 1000
"""Lines of the log that are looked at while training, so that a long run needs no more memory."""


class Recorder(Observer):
    """Writes what a run leaves behind, at the intervals its config sets.

    Args:
        trainer: of the run.
        directory: of the run.
        config: of the run.
        dataset: asked to render samples, where a grid would not show them.
        demands: noted in checkpoints.
        class_names: noted in checkpoints.
        versions: of the distributions that take part, noted in checkpoints.
        observers: of the run, called for every event.
    """

    def __init__(
        self,
        trainer: Trainer,
        directory: RunDirectory,
        config: RunConfig,
        dataset: Dataset,
        *,
        demands: Demands,
        class_names: tuple[str, ...],
        versions: dict[str, str],
        observers: ObserverGroup,
    ) -> None:
        self.trainer = trainer
        self.directory = directory
        self.config = config
        self.logging = config.logging
        self.dataset = dataset
        self.demands = demands
        self.class_names = class_names
        self.versions = versions
        self.observers = observers
        self.writer = CheckpointWriter(directory, self.logging.keep, self.logging.keep_best)
        self._log: TextIO | None = None
        self._terms = TermBuffer()
        self._lines: deque[dict[str, Any]] = deque(maxlen=RECENT)
        self._told: set[str] = set()

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Open the log; draw what untrained weights show."""
        self._log = self.directory.metrics.open("a", encoding="utf-8")
        self._since = (time.perf_counter(), self.trainer.step)
        self.observers.notify("started", trainer, steps)
        if self.trainer.step == 0:
            self._draw()

    def resume_from(self, folder: Path | None) -> None:
        """Load a checkpoint, if there is one, and cut off what the log has after it.

        Lines whose terms are all older than the checkpoint's buffer stay; later ones will be
        written again.
        """
        checkpoints.sweep(self.directory.checkpoints)
        if folder is not None:
            self._terms.load_state_dict(checkpoints.restore(folder, self.trainer))
        again = self._terms.first_step() or self.trainer.step + 1
        lines = journal.read_log(self.directory.metrics)
        kept = [line for line in lines if line["step"] < again]
        self._lines.extend(kept)
        replace_text(self.directory.metrics, "".join(json.dumps(line) + "\n" for line in kept))

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Gather the terms; write what is due."""
        self._terms.add(self.trainer.step, terms)
        if self.trainer.device.type == "cpu" and not all(map(math.isfinite, terms.values())):
            self._check_finite()
        if self.trainer.step % self.logging.log_every == 0:
            self._write_line()
        if self.trainer.step % self.logging.sample_every == 0:
            self._draw()
        if self.trainer.step % self.logging.checkpoint_every == 0:
            self._save()
        self._collect()
        self.observers.step(trainer, terms)

    def finished(self, trainer: TrainerState) -> None:
        """Write what the intervals left over; the checkpoint first, which may be gone on from."""
        self._save()
        if self._terms:
            self._write_line()
        if self.trainer.step % self.logging.sample_every:
            self._draw()
        self._collect(wait=True)
        self._close()
        journal.append(self.directory.journal, "finished", step=self.trainer.step)
        self.observers.notify("finished", self.trainer)

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """Keep what was reached: a Ctrl-C loses nothing."""
        stopped = isinstance(error, KeyboardInterrupt)
        try:
            if stopped and self.trainer.step and self.trainer.consistent:
                self._save()
            self._collect(wait=True)
        finally:
            self._close()
            facts = {} if stopped else _facts_of(error)
            event = "stopped" if stopped else "failed"
            self.observers.notify("failed", trainer, error)
            with suppress(OSError):  # a full disk must not hide what happened
                journal.append(self.directory.journal, event, step=self.trainer.step, **facts)

    def _save(self) -> None:
        """Have a checkpoint of this step written, unless there is one.

        The one before is waited for, and what is not finite is not saved.
        """
        self._collect(wait=True)
        if self.directory.checkpoint(self.trainer.step).exists():
            return
        self._check_finite()
        manifest = Manifest(
            self.trainer.step,
            self.trainer.image,
            self.demands,
            self.class_names,
            self.versions,
            self._lines[-1] if self._lines else {},
        )
        self.writer.submit(checkpoints.snapshot(self.trainer, self._terms.state_dict()), manifest)

    def _collect(self, *, wait: bool = False) -> None:
        """Tell of a checkpoint once it is on the disk."""
        if (done := self.writer.collect(wait=wait)) is not None:
            step, folder = done
            journal.append(self.directory.journal, "checkpoint", step=step)
            self.observers.notify("checkpoint", step, folder)

    def _write_line(self) -> None:
        if not self.directory.config.exists():
            raise GanzooError(f"{self.directory.path} was removed while it was being trained")
        self._check_finite()
        now, (then, step) = time.perf_counter(), self._since
        speed = (
            (self.trainer.step - step) * self.trainer.training.batch_size / max(now - then, 1e-9)
        )
        line = {
            "step": self.trainer.step,
            "images_per_second": round(speed, 1),
            **self._terms.means(),
            **measure(self.trainer),
            **self.observers.measure(self.trainer),
        }
        self._check_metric(line)
        assert self._log is not None
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()
        self._terms.clear()
        self._since = (
            time.perf_counter(),
            self.trainer.step,
        )  # what was measured is no training time
        self._lines.append(line)
        self.observers.notify("metrics", self.trainer.step, line)
        self._look(self.trainer.step)

    def _look(self, step: int) -> None:
        """Warn in words of what the log shows, once of each kind."""
        for finding in health.examine(self._lines, self.config.training.model_dump()):
            if finding.kind not in self._told:
                self._told.add(finding.kind)
                journal.append(
                    self.directory.journal,
                    "warning",
                    step=step,
                    kind=finding.kind,
                    message=str(finding),
                )
                warnings.warn(GanzooWarning(finding.marked), stacklevel=2)

    def _check_metric(self, line: Mapping[str, float]) -> None:
        """The metric to keep the best checkpoint by must be one of the log's."""
        if self.logging.keep_best is None:
            return
        name = self.logging.keep_best.metric
        if name not in line and not any(name in earlier for earlier in self._lines):
            raise UsageError(
                f"{setting('keep_best', name)}: the log has no such metric."
                f"{did_you_mean(name, line)} It has {', '.join(line)}"
            )

    def _check_finite(self) -> None:
        """Stop a run that is lost, and say what broke, since when, and what may help."""
        first = self._terms.first_broken()
        weight = None if first else broken_weight(self.trainer)
        if first is None and weight is None:
            return
        self._collect(wait=True)
        step, what, value = first or (self.trainer.step, str(weight), math.nan)
        steps = self.directory.checkpoint_steps()
        kept = f"the last good checkpoint is of step {steps[-1]}" if steps else "none was saved yet"
        advice = health.divergence_advice(
            what,
            self.config.training.model_dump(),
            self.trainer.execution.precision,
            self._terms.extremes(),
        )
        became = f"became {value}" if first else "is no longer finite"
        raise Diverged(f"{what} {became} at step {step}; {kept}. {advice}", what=what, step=step)

    def _draw(self) -> None:
        """The same z each time; a column for each class where there are classes."""
        count, columns = self.logging.sample_count, None
        if self.trainer.conditional:
            columns = min(self.trainer.image.num_classes, MAX_CLASS_COLUMNS)
            count = max(columns, count - count % columns)
        images = self.trainer.sample(count)
        rendered = self.dataset.render(images)
        picture = grid(images, columns) if rendered is None else rendered
        path = save_picture(picture, self.directory.samples / f"{self.trainer.step:06d}.png")
        self.observers.notify("samples", self.trainer.step, picture, path)

    def _close(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


def _facts_of(error: BaseException) -> dict[str, Any]:
    """What the journal keeps of an error; the trace only where it is no message for people."""
    facts: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, Diverged):
        facts |= {"what": error.what, "since": error.step}
    if not isinstance(error, GanzooError):
        facts["trace"] = "".join(traceback.format_exception(error))
    return facts
