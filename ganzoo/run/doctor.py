"""Doctor: explains the state of a run and its failures, from its journal, log and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import Message, command
from ganzoo.run import health, integrity, journal
from ganzoo.run.records import Records

STATES = {
    "running": "is being trained",
    "finished": "has finished",
    "stopped": "was stopped",
    "failed": "has failed",
    "killed": "was killed",
}


@dataclass(frozen=True)
class Diagnosis:
    """State and problems of a run.

    Attributes:
        state: one sentence: how the last session ended, at which step.
        problems: each with advice; empty for a healthy run.
        remarks: what could not be judged.
    """

    state: str
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def diagnose(run: Records) -> Diagnosis:
    """Examine a run's journal, its log, and the checksums of all of its checkpoints.

    Raises:
        GanzooError: the config is damaged.
    """
    # State.
    lines, state = run.metrics(), run.state
    folders = [p for p in run.directory.checkpoints.glob("*") if p.name.isdecimal()]
    checkpoints = integrity.examine_checkpoints(sorted(folders, key=lambda p: int(p.name)))
    intact = [int(folder.name) for folder, damage in checkpoints.items() if not damage]
    length = run.config.training.length.removesuffix(" steps")
    reached = max([int(line["step"]) for line in lines[-1:]] + intact[-1:], default=0)

    # Problems: the end of the last session, checkpoints, and failures in the log.
    problems: list[str] = []
    if state == "failed":
        problems.append(_failure(run))
    if state == "killed":
        problems.append(
            "It ended without an error: something has killed it (out of memory, a scheduler, a "
            f"power cut). `{command('resume', run.path)}` resumes it"
        )
    problems += _damaged(run, checkpoints, intact)
    problems += _gone(run, checkpoints, intact)
    findings = health.examine(lines, run.config.training)
    problems += [Message(finding.marked) for finding in findings]

    return Diagnosis(
        f"{run.path} {STATES[state]} at step {reached:,} of {length}; "
        f"{_saved(checkpoints, intact)}.",
        (*problems,),
        () if findings else health.too_little(lines),
    )


def _failure(run: Records) -> Message:
    """Return the error of the last session."""
    failure = [event for event in run.events() if event.get("event") == "failed"][-1]
    message = journal.message_of(failure)
    if "trace" in failure:
        trace = f" ({failure.get('error')}; {run.directory.journal} has the trace)"
        return Message(message.marked + trace)
    return message or Message("Its journal does not say why")


def _saved(checkpoints: Mapping[Path, list[str]], intact: list[int]) -> str:
    """Return what the checkpoints are good for, in a clause."""
    if not checkpoints:
        return "it has no checkpoint"
    if not intact:
        return "it has no intact checkpoint"
    which = "latest" if len(intact) == len(checkpoints) else "latest intact"
    return f"its {which} checkpoint is of step {intact[-1]}"


def _damaged(
    run: Records, checkpoints: Mapping[Path, list[str]], intact: list[int]
) -> list[Message]:
    """Return which checkpoints are damaged, and which one remains."""
    damaged = {folder: damage for folder, damage in checkpoints.items() if damage}
    if not damaged:
        return []
    folders = "; ".join(f"{folder} ({', '.join(damage)})" for folder, damage in damaged.items())
    in_the_way = int([*damaged][-1].name) > max(intact, default=0)
    return [
        Message(
            f"{len(damaged)} of {len(checkpoints)} checkpoints cannot be used: {folders}. "
            + _remaining(run, intact, "once these folders are removed, " if in_the_way else "")
        )
    ]


def _gone(run: Records, checkpoints: Mapping[Path, list[str]], intact: list[int]) -> list[Message]:
    """Return whether the latest checkpoint that the journal reports is gone."""
    # Steps that the journal reports, in the order of events: resuming discards later ones.
    reported: set[int] = set()
    for event in run.events():
        step = event.get("step")
        if isinstance(step, int) and event.get("event") in journal.BEGINNINGS:
            reported = {earlier for earlier in reported if earlier <= step}
        elif isinstance(step, int) and event.get("event") == "checkpoint":
            reported.add(step)

    # The latest of them is never removed.
    latest = max(reported, default=0)
    if latest in (0, *(int(folder.name) for folder in checkpoints)):
        return []
    gone = f"The checkpoint of step {latest}, the latest that its journal reports, is gone. "
    return [Message(gone + _remaining(run, intact))]


def _remaining(run: Records, intact: list[int], condition: str = "") -> str:
    """Advise how to sample and how to resume with the checkpoints that are intact.

    Args:
        run: of the checkpoints.
        intact: their steps.
        condition: on which the run can be resumed.
    """
    resume = f"{condition}`{command('resume', run.path)}`"
    if not intact:
        return f"None is left to sample; {resume} trains it from the first step again"
    sample = command("sample", run.path, "--step", intact[-1])
    return (
        f"The latest intact one is of step {intact[-1]}: `{sample}` samples it, and {resume} "
        "resumes from it"
    )
