"""Recorder: an observer that writes a run's log, sample grids, checkpoints and journal."""

from __future__ import annotations

import math
import time
import traceback
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.assembly.trainer import Trainer
from ganzoo.config import RunConfig
from ganzoo.errors import Diverged, GanzooError, GanzooWarning, UsageError, did_you_mean, setting
from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.run import checkpoints, health, journal
from ganzoo.run.checkpoint_writer import CheckpointWriter
from ganzoo.run.checkpoints import Manifest
from ganzoo.run.conditions import write_conditions
from ganzoo.run.diagnosis import measure
from ganzoo.run.directory import RunDirectory
from ganzoo.run.divergence import diverged_error, divergence_advice, find_divergence
from ganzoo.run.metrics_log import MetricsLog
from ganzoo.run.minutes import is_trained, minutes_trained, write_steps
from ganzoo.run.observer_group import ObserverGroup
from ganzoo.run.pictures import enlarged, grid, save_picture, side_by_side

MAX_CLASS_COLUMNS = 16


class Recorder(Observer):
    """Writes the files of a run, at the intervals of its config.

    Args:
        dataset: renders the sample grids, if it can.
        demands: saved in checkpoints.
        class_names: saved in checkpoints.
        versions: of distributions, saved in checkpoints.
        observers: of the run, notified of every event.
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
        self.log = MetricsLog(directory.metrics)
        self.minutes_before = 0.0
        """Minutes of training in earlier sessions, up to the checkpoint that was loaded."""
        self._reported: set[str] = set()

    def resume_from(self, checkpoint: Path | None) -> None:
        """Load a checkpoint, if there is one, and remove later lines from the log."""
        checkpoints.sweep(self.directory.checkpoints)
        if checkpoint is not None:
            self.log.terms.load_state_dict(checkpoints.restore(checkpoint, self.trainer))
            self.minutes_before = minutes_trained(self.directory, self.trainer.step)
        self.log.truncate(self.trainer.step)

    # --- Events of the trainer

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Start the clock; keep conditions, draw samples of the untrained generator."""
        self._start_time = time.perf_counter()
        self.log.restart_clock(self.trainer.step)
        write_conditions(self.directory, self.trainer.sampler.conditions)
        self.observers.notify("started", trainer, steps)
        if self.trainer.step == 0:
            self._draw_samples()

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Collect the terms; write log, samples and checkpoint if they are due."""
        step = self.trainer.step
        self.log.terms.add(step, terms)
        if self.trainer.device.type == "cpu" and not all(map(math.isfinite, terms.values())):
            self._check_finite()
        if step % self.logging.log_every == 0:
            self._write_line()
        if self.logging.samples_at(step):
            self._draw_samples()
        if step % self.logging.checkpoint_every == 0:
            self._save_checkpoint()
        self._collect_checkpoint()
        self.observers.step(trainer, terms)

    def finished(self, trainer: TrainerState) -> None:
        """Write what is not written yet; the checkpoint first, as it stores the log's terms."""
        self._save_checkpoint()
        if self.log.terms:
            self._write_line()
        if not self.logging.samples_at(self.trainer.step):
            self._draw_samples()
        self._collect_checkpoint(wait=True)
        self._write_end()
        self.observers.notify("finished", self.trainer)

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """Save a checkpoint after Ctrl-C, and write the error into the journal."""
        stopped = isinstance(error, KeyboardInterrupt)
        try:
            if stopped and self.trainer.step and self.trainer.consistent:
                self._save_checkpoint()
            self._collect_checkpoint(wait=True)
        finally:
            event = "stopped" if stopped else "failed"
            facts = {} if stopped else _facts_of(error)
            self.observers.notify("failed", trainer, error)
            with suppress(OSError):  # a full disk must not hide the error itself
                journal.append(self.directory.journal, event, step=self.trainer.step, **facts)

    def _write_end(self) -> None:
        """Write the end into the journal, and the steps that a time budget was into the config."""
        step, minutes, facts = self.trainer.step, self._minutes(), {}
        budget = self.config.training.minutes
        trained = is_trained(self.config, step, minutes)
        over = budget is not None and trained
        if over:
            facts = {"message": f"{budget:g} minutes: config.toml now says {step} steps"}
        event = "finished" if trained else "stopped"  # by an observer, before its end
        journal.append(self.directory.journal, event, step=step, minutes=minutes, **facts)
        if over:
            write_steps(self.directory, step)

    def _minutes(self) -> float:
        """Minutes of training so far, over all sessions."""
        return self.minutes_before + (time.perf_counter() - self._start_time) / 60

    # --- Checkpoints

    def _save_checkpoint(self) -> None:
        """Start writing a checkpoint of this step, unless there is one or a weight is not finite.

        The checkpoint before is waited for.
        """
        self._collect_checkpoint(wait=True)
        if self.directory.checkpoint(self.trainer.step).exists():
            return
        self._check_finite()
        manifest = Manifest(
            step=self.trainer.step,
            image=self.trainer.image,
            demands=self.demands,
            latent=repr(self.trainer.latent),
            trained_with=tuple(sorted(self.trainer.trained_with)),
            refines=self.trainer.loss.refiner() is not None,
            class_names=self.class_names,
            versions=self.versions,
            metrics=self.log.lines[-1] if self.log.lines else {},
        )
        self._minutes_saved = self._minutes()
        snapshot = checkpoints.snapshot(self.trainer, self.log.terms.state_dict())
        self.writer.submit(snapshot, manifest)

    def _collect_checkpoint(self, *, wait: bool = False) -> None:
        """Report a checkpoint that is on the disk."""
        if (written := self.writer.collect(wait=wait)) is not None:
            step, folder = written
            facts = {"step": step, "minutes": self._minutes_saved}
            journal.append(self.directory.journal, "checkpoint", **facts)
            self.observers.notify("checkpoint", step, folder)

    # --- Log

    def _write_line(self) -> None:
        """Measure and write a line of the log."""
        # Stop a run that is lost.
        if not self.directory.config.exists():
            raise GanzooError(f"{self.directory.path} was removed while it was being trained")
        self._check_finite()

        # Measure.
        line = self.log.new_line(self.trainer.step, self.trainer.training.batch_size)
        line |= measure(self.trainer)
        line |= self.observers.measure(self.trainer)

        # Write and report.
        self._check_keep_best(line)
        self.log.append(line)
        self.observers.notify("metrics", self.trainer.step, line)
        self._report_findings()

    def _check_keep_best(self, line: Mapping[str, float]) -> None:
        """Refuse a metric for `keep_best` that the log does not have."""
        if self.logging.keep_best is None:
            return
        name = self.logging.keep_best.metric
        if name not in line and not any(name in earlier for earlier in self.log.lines):
            raise UsageError(
                f"{setting('keep_best', name)}: the log has no such metric."
                f"{did_you_mean(name, line)} It has {', '.join(line)}"
            )

    def _report_findings(self) -> None:
        """Warn of failures that the log shows, once of each kind."""
        for finding in health.examine(self.log.lines, self.config.training):
            if finding.kind in self._reported:
                continue
            self._reported.add(finding.kind)
            facts = {"kind": finding.kind, **journal.message_facts(finding.marked)}
            journal.append(self.directory.journal, "warning", step=self.trainer.step, **facts)
            warnings.warn(GanzooWarning(finding.marked), stacklevel=2)

    def _check_finite(self) -> None:
        """End a run whose terms or weights are not finite, with advice."""
        divergence = find_divergence(self.trainer, self.log.terms)
        if divergence is None:
            return
        self._collect_checkpoint(wait=True)
        advice = divergence_advice(
            divergence.name,
            self.config.training,
            self.trainer.execution.precision,
            self.log.terms.extremes(),
        )
        raise diverged_error(divergence, self.directory.checkpoint_steps(), advice)

    # --- Samples

    def _draw_samples(self) -> None:
        """Write a sample grid of fixed z, enlarged if it is small.

        Classes have a column each. Images that are conditioned on pictures stand between these and
        the real images.
        """
        # Draw.
        count, columns = self.logging.sample_count, None
        if self.trainer.conditional and (classes := self.trainer.image.num_classes):
            columns = min(classes, MAX_CLASS_COLUMNS)
            count = max(columns, count - count % columns)
        rendered, pairs = None, self.trainer.examples
        if pairs is not None and pairs.labels is not None and pairs.labels.ndim == 4:
            real, pictures = pairs.images[:count], pairs.labels[:count]
            images = side_by_side(pictures, self.trainer.sample(len(real)), real)
        else:
            images = self.trainer.sample(count)
            rendered = self.dataset.render(images)

        # Write and report.
        picture = grid(images, columns) if rendered is None else rendered
        path = self.directory.samples / f"{self.trainer.step:06d}.png"
        save_picture(enlarged(picture), path)
        self.observers.notify("samples", self.trainer.step, picture, path)


def _facts_of(error: BaseException) -> dict[str, Any]:
    """Facts of an error for the journal; the trace only if the message is not made for people."""
    text = error.marked if isinstance(error, GanzooError) else str(error)
    facts: dict[str, Any] = {"error": type(error).__name__, **journal.message_facts(text)}
    if isinstance(error, Diverged):
        facts |= {"what": error.what, "since": error.step}
    if not isinstance(error, GanzooError):
        facts["trace"] = "".join(traceback.format_exception(error))
    return facts
