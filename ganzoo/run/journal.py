"""The journal: events of a run, one JSON object per line, append-only.

Each line has an `event` and the `time` (UTC, ISO 8601):

- `started`, `resumed`: a session begins; with step, config and provenance;
- `checkpoint`: a checkpoint is on the disk;
- `warning`: a finding about the run's health, in words;
- `finished`, `stopped` (Ctrl-C or a signal), `failed` (with the error): the session ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from ganzoo.errors import GanzooError, Message, in_python, printable, reading

Event = dict[str, Any]

BEGINNINGS = ("started", "resumed")
ENDS = ("finished", "stopped", "failed")

LONGEST = 2**20
"""Bytes of a line. Longer ones are left out: ganzoo writes a few thousand."""

MOST_DAMAGED = 1000
"""Lines that may be damaged: crashes leave one each."""

LATEST = 2**26
"""Bytes of a journal that are read, the latest; ganzoo writes a few hundred per checkpoint."""


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
    """Read the events, the oldest first; none if there is no journal.

    Each has a `time`, empty where the line has none, and a `step`, None where it has none.
    """
    return [
        {**line, "time": _time(line.get("time")), "step": _step(line.get("step"))}
        for line in read_lines(file, latest=LATEST)
        if isinstance(line.get("event"), str)
    ]


def _time(value: object) -> str:
    """Return a time with its zone as it is written, and nothing for anything else."""
    try:
        return value if isinstance(value, str) and datetime.fromisoformat(value).tzinfo else ""
    except ValueError:
        return ""


def _step(value: object) -> int | None:
    return value if isinstance(value, int) and is_number(value) and value >= 0 else None


def latest_beginning(events: list[Event]) -> Event | None:
    """Return the event that began the latest session, if any."""
    beginnings = [event for event in events if event.get("event") in BEGINNINGS]
    return beginnings[-1] if beginnings else None


def end_of_latest_session(events: list[Event]) -> str | None:
    """Return `"finished"`, `"stopped"` or `"failed"`; None if the latest session has no end."""
    kinds = [e["event"] for e in events if e.get("event") in (*BEGINNINGS, *ENDS)]
    return kinds[-1] if kinds and kinds[-1] in ENDS else None


def read_log(file: Path, latest: int | None = None) -> list[dict[str, Any]]:
    """Read the lines of `metrics.jsonl`: a step, and numbers, which may be NaN.

    Args:
        file: the log.
        latest: bytes to read, from the end; all if None.
    """
    return [
        {printable(k): v for k, v in line.items() if isinstance(v, float) or is_number(v)}
        for line in read_lines(file, latest)
        if _step(line.get("step")) is not None
    ]


def read_evaluations(file: Path) -> list[dict[str, Any]]:
    """Read the lines of `evaluations.jsonl` that have a name and a finite value."""
    return [
        line | {"name": printable(line["name"])}
        for line in read_lines(file)
        if isinstance(line.get("name"), str) and is_number(line.get("value"))
    ]


def read_not_measured(file: Path) -> dict[str, str]:
    """Read why metrics have no number, by metric; a number that came later takes a reason away."""
    reasons: dict[str, str] = {}
    for line in read_lines(file):
        metric = str(line.get("metric", "")).rpartition("/")[2]
        if isinstance(line.get("not_measured"), str):
            reasons[metric] = line["not_measured"]
        elif is_number(line.get("value")):
            reasons.pop(metric, None)
    return reasons


def is_number(value: object) -> bool:
    """Return whether a JSON value is a finite number."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, float) and isfinite(value)


def read_lines(file: Path, latest: int | None = None) -> list[dict[str, Any]]:
    """Read a file of JSON objects, one per line; lines that are incomplete are left out.

    Args:
        file: none there has no lines.
        latest: bytes to read, from the end; all if None.

    Raises:
        GanzooError: the file is there and cannot be read, or is none of JSON objects.
    """
    objects, damaged = [], 0
    with reading(file), suppress(FileNotFoundError), file.open("rb") as stream:
        # Skip what is too old, and the rest of a line.
        if latest is not None and stream.seek(0, 2) > latest:
            stream.seek(-latest, 2)
            stream.readline(LONGEST)
        else:
            stream.seek(0)

        # Read objects.
        for line in _lines(stream):
            try:
                value = json.loads(line.decode("utf-8", errors="replace"))
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                objects.append(value)
            elif (damaged := damaged + 1) > MOST_DAMAGED:
                raise GanzooError(f"{file} is damaged: it has many lines that are no JSON objects")
    return objects


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Iterate over the lines that are not too long."""
    while line := stream.readline(LONGEST):
        if len(line) < LONGEST or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LONGEST)


def _ends_with_newline(file: Path) -> bool:
    """Return whether a file is empty or its last line is complete."""
    with file.open("rb") as stream:
        if stream.seek(0, 2) == 0:
            return True
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
