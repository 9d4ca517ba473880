"""Metrics log: writes `metrics.jsonl`, one line every `log_every` steps."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from ganzoo.files import replace_text
from ganzoo.run import journal
from ganzoo.run.term_buffer import TermBuffer

RECENT = 1000
"""Lines kept in memory, so that a long run needs no more of it."""


class MetricsLog:
    """Collects loss terms and appends lines to the log.

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
        self._stream: TextIO | None = None
        self._restart_clock(step=0)

    def truncate(self, step: int) -> None:
        """Remove the lines that a run resumed at a step writes again.

        They are those after the first step in `terms`: each line has the terms since the last one.
        """
        first = self.terms.first_step() or step + 1
        kept = [line for line in journal.read_log(self._file) if line["step"] < first]
        self.lines.extend(kept)
        replace_text(self._file, "".join(json.dumps(line) + "\n" for line in kept))

    def open(self, step: int) -> None:
        """Open the file; training starts at this step."""
        self._stream = self._file.open("a", encoding="utf-8")
        self._restart_clock(step)

    def new_line(self, step: int, batch_size: int) -> dict[str, Any]:
        """Return step, speed and mean loss terms since the last line."""
        images = (step - self._clock_step) * batch_size
        seconds = max(time.perf_counter() - self._clock_time, 1e-9)
        return {
            "step": step,
            "images_per_second": round(images / seconds, 1),
            **self.terms.means(),
        }

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line and clear the terms. The time since `new_line` is not training time."""
        assert self._stream is not None
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()
        self.lines.append(dict(line))
        self.terms.clear()
        self._restart_clock(line["step"])

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _restart_clock(self, step: int) -> None:
        self._clock_time, self._clock_step = time.perf_counter(), step
