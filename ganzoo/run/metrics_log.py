"""Metrics log: writes `metrics.jsonl`, one line every `log_every` steps."""

from __future__ import annotations

import json
import time
import warnings
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooWarning
from ganzoo.files import replace_text
from ganzoo.monitoring.term_buffer import TermBuffer
from ganzoo.run import journal

RECENT = 1000
"""Lines kept in memory, so that a long run needs no more of it."""


class MetricsLog:
    """Collects loss terms and appends lines to the log.

    The file is opened for each line: one that was removed meanwhile would take all later lines.

    Args:
        file: `metrics.jsonl` of the run.

    Attributes:
        terms: the loss terms since the last line.
        lines: the latest lines.
    """

    def __init__(self, file: Path) -> None:
        self.terms = TermBuffer()
        self.lines: deque[dict[str, Any]] = deque(maxlen=RECENT)
        self._file = file
        self.restart_clock(step=0)

    def truncate(self, step: int) -> None:
        """Remove the lines that a run resumed at a step writes again.

        They are those after the first step in `terms`: each line has the terms since the last one.
        """
        first = self.terms.first_step() or step + 1
        kept = [line for line in journal.read_log(self._file) if line["step"] < first]
        self.lines.extend(kept)
        self._write(kept)

    def restart_clock(self, step: int) -> None:
        """Measure the speed from this step on."""
        self._clock_time, self._clock_step = time.perf_counter(), step

    def new_line(self, step: int, batch_size: int) -> dict[str, Any]:
        """Return step, speed and mean loss terms since the last line."""
        images = (step - self._clock_step) * batch_size
        seconds = max(time.perf_counter() - self._clock_time, 1e-9)
        return {"step": step, "images_per_second": round(images / seconds, 1), **self.terms.means()}

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line and clear the terms. The time since `new_line` is not training time."""
        # A log that was removed is written again, as far as its lines are known.
        if self.lines and not self._file.exists():
            self._write(self.lines)
            message = f"{self._file} was removed; its last {len(self.lines)} lines are there again"
            warnings.warn(GanzooWarning(message), stacklevel=2)

        # The new line.
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        self.lines.append(dict(line))
        self.terms.clear()
        self.restart_clock(line["step"])

    def _write(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Replace the file."""
        replace_text(self._file, "".join(json.dumps(line) + "\n" for line in lines))
