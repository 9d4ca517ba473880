"""The journal: what happened to a run, one JSON object a line, only ever appended to.

Each line has an `event` and the `time` (UTC, ISO 8601):

- `started`, `resumed`: with the step, the whole config and the provenance;
- `checkpoint`: one is on the disk;
- `warning`: a finding of the diagnosis, in words;
- `finished`, `stopped` (Ctrl-C or a signal), `failed` (with the error): the end of a session.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

Event = dict[str, Any]

BEGINNINGS = ("started", "resumed")
ENDS = ("finished", "stopped", "failed")


def append(file: Path, event: str, **facts: Any) -> None:
    """Add a line; a half line that a crash left is closed first."""
    line = json.dumps({"event": event, "time": datetime.now(UTC).isoformat(), **facts})
    torn = file.exists() and not _ends_whole(file)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(("\n" if torn else "") + line + "\n")


def read(file: Path) -> list[Event]:
    """Every whole line, the oldest first; none where there is no journal."""
    return read_lines(file)


def read_log(file: Path) -> list[dict[str, Any]]:
    """The lines of `metrics.jsonl`."""
    return [line for line in read_lines(file) if isinstance(line.get("step"), int)]


def read_evaluations(file: Path) -> list[dict[str, Any]]:
    """The lines of `evaluations.jsonl` that name a finite number."""
    return [
        line
        for line in read_lines(file)
        if isinstance(line.get("name"), str) and is_number(line.get("value"))
    ]


def is_number(value: object) -> bool:
    """Whether a value of a file is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The whole lines of a file of JSON objects; what a crash cut short is left out."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as stream:
        if stream.seek(0, 2) == 0:
            return True
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
