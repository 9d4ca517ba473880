"""Doctor: explains the state of a run and its failures, from its journal and log."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.errors import Message
from ganzoo.run import health, journal
from ganzoo.run.run import Run

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
    """

    state: str
    problems: tuple[str, ...]


def diagnose(run: Run) -> Diagnosis:
    """Examine a run's journal and log.

    Raises:
        GanzooError: the config is damaged.
    """
    # State.
    lines, state = run.metrics(), run.state
    steps = run.config.training.steps
    reached = max([int(line["step"]) for line in lines[-1:]] + run.steps[-1:], default=0)
    saved = "it has no checkpoint"
    if run.steps:
        saved = f"its latest checkpoint is of step {run.steps[-1]}"

    # Problems: the end of the last session, and failures in the log.
    problems: list[str] = []
    if state == "failed":
        problems.append(_failure(run))
    if state == "killed":
        problems.append(
            "It ended without an error: something has killed it (out of memory, a scheduler, a "
            f"power cut). `ganzoo resume {run.path}` resumes it"
        )
    findings = health.examine(lines, run.config.training.model_dump())
    problems += [Message(finding.marked) for finding in findings]
    if not lines and not problems:
        problems.append("Its log has no lines yet, so there is nothing to examine")

    return Diagnosis(
        f"{run.path} {STATES[state]} at step {reached} of {steps}; {saved}.", (*problems,)
    )


def _failure(run: Run) -> Message:
    """Return the error of the last session."""
    failure = [event for event in run.events() if event.get("event") == "failed"][-1]
    message = journal.message_of(failure)
    if "trace" in failure:
        trace = f" ({failure.get('error')}; {run.directory.journal} has the trace)"
        return Message(message.marked + trace)
    return message or Message("Its journal does not say why")
