"""History: the log of a training in memory, for a library user."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.assembly.trainer import Trainer
from ganzoo.errors import GanzooWarning, whole
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.monitoring.term_buffer import TermBuffer
from ganzoo.run import health
from ganzoo.run.diagnosis import measure
from ganzoo.run.metrics_log import RECENT


class History(Observer):
    """Keeps loss terms and diagnostics of a training, and warns of failures as a run does.

        history = ganzoo.History()
        trainer.fit(1000, observers=[history])
        history.lines[-1]["generator/adversarial"], history.lines[-1]["diversity/fake"]

    Each line has the step, means of the loss terms since the last line, and the diagnostics of the
    log of a run. A subclass that overrides `metrics` is called for each line; call
    `super().metrics(step, values)` to keep it. In `ganzoo.train` the lines are those of the run.

    Args:
        every: steps from one line to the next.

    Attributes:
        lines: from the first to the latest.
        findings: what is wrong with the training, as of the latest line.
    """

    def __init__(self, every: int = 20) -> None:
        super().__init__()
        self.every = whole("every", every)
        self.lines: list[dict[str, float]] = []
        self.findings: list[health.Finding] = []
        self._terms = TermBuffer()
        self._has_log = False

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Leave measuring to the log of the run."""
        self._has_log = True

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Forget the lines of steps that are repeated."""
        self.lines = [line for line in self.lines if line["step"] <= trainer.step]
        self._terms.clear()

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Collect the terms; measure if a line is due."""
        # Wait for the next line.
        if self._has_log:
            return
        self._terms.add(trainer.step, terms)
        if trainer.step % self.every:
            return

        # The line.
        assert isinstance(trainer, Trainer)
        values = {"step": trainer.step, **self._terms.means(), **measure(trainer)}
        self._terms.clear()
        self.metrics(trainer.step, values)

        # New failures.
        known = {finding.kind for finding in self.findings}
        self.findings = health.examine(self.lines[-RECENT:], trainer.training)
        for finding in self.findings:
            if finding.kind not in known:
                warnings.warn(GanzooWarning(finding.marked), stacklevel=2)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Keep a line."""
        self.lines.append(dict(values))
