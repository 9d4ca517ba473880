"""The journal: events of a run, one JSON object per line, append-only.

Each line has an `event` and the `time` (UTC, ISO 8601):

- `started`, `resumed`: a session begins; with step, config and provenance;
- `checkpoint`: a checkpoint is on the disk;
- `warning`: a finding about the run's health, in words;
- `finished`, `stopped` (Ctrl-C or a signal), `failed` (with the error): the session ends.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from ganzoo.errors import Message, in_python

Event = dict[str, Any]

BEGINNINGS = ("started", "resumed")
ENDS = ("finished", "stopped", "failed")


def message_facts(marked: str) -> Event:
    """Facts of a message: its text, and the text with settings marked if it names any."""
    text = in_python(marked)
    return {"message": text} if text == marked else {"message": text, "marked": marked}


def message_of(event: Event) -> Message:
    """The message of an event, for people at a shell or in Python; empty without one."""
    return Message(str(event.get("marked", event.get("message", ""))))


def append(file: Path, event: str, **facts: Any) -> None:
    """Append an event. If a crash left an incomplete line, it is ended first."""
    line = json.dumps({"event": event, "time": datetime.now(UTC).isoformat(), **facts}) + "\n"
    if file.exists() and not _ends_with_newline(file):
        line = "\n" + line
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line)


def read(file: Path) -> list[Event]:
    """Read all events, the oldest first; none if there is no journal."""
    return read_lines(file)


def latest_beginning(events: list[Event]) -> Event | None:
    """Return the event that began the latest session, if any."""
    beginnings = [event for event in events if event.get("event") in BEGINNINGS]
    return beginnings[-1] if beginnings else None


def end_of_latest_session(events: list[Event]) -> str | None:
    """Return `"finished"`, `"stopped"` or `"failed"`; None if the latest session has no end."""
    kinds = [e["event"] for e in events if e.get("event") in (*BEGINNINGS, *ENDS)]
    return kinds[-1] if kinds and kinds[-1] in ENDS else None


def read_log(file: Path) -> list[dict[str, Any]]:
    """Read the lines of `metrics.jsonl`."""
    return [line for line in read_lines(file) if isinstance(line.get("step"), int)]


def read_evaluations(file: Path) -> list[dict[str, Any]]:
    """Read the lines of `evaluations.jsonl` that have a name and a finite value."""
    return [
        line
        for line in read_lines(file)
        if isinstance(line.get("name"), str) and is_number(line.get("value"))
    ]


def is_number(value: object) -> bool:
    """Return whether a JSON value is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Read a file of JSON objects, one per line; lines that are incomplete are left out."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    objects = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            objects.append(value)
    return objects


def _ends_with_newline(file: Path) -> bool:
    """Return whether a file is empty or its last line is complete."""
    with file.open("rb") as stream:
        if stream.seek(0, 2) == 0:
            return True
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
