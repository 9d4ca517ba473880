"""The doctor: explains a finished, failed or running run from what it wrote down."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.errors import Message
from ganzoo.run import health
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
    """What the doctor says.

    Attributes:
        state: one sentence on where the run is and how it came there.
        problems: what is wrong, each with advice; none where nothing is.
    """

    state: str
    problems: tuple[str, ...]


def diagnose(run: Run) -> Diagnosis:
    """Read a run's journal and log.

    Raises:
        GanzooError: its config is damaged.
    """
    lines, state = run.metrics(), run.state
    steps = run.config.training.steps
    reached = max([int(line["step"]) for line in lines[-1:]] + run.steps[-1:], default=0)
    saved = f"its latest checkpoint is of step {run.steps[-1]}" if run.steps else "none was saved"
    problems: list[str] = []
    if state == "failed":
        problems.append(_failure(run))
    if state == "killed":
        problems.append(
            "It ended without a word: killed from outside (out of memory, a scheduler, a power "
            f"cut), or the machine went down. `ganzoo resume {run.path}` goes on"
        )
    findings = health.examine(lines, run.config.training.model_dump())
    problems += [Message(finding.marked) for finding in findings]
    if not lines and not problems:
        problems.append("It has not written a line of its log, so there is nothing to examine")
    return Diagnosis(
        f"{run.path} {STATES[state]} at step {reached} of {steps}; {saved}.", (*problems,)
    )


def _failure(run: Run) -> str:
    """The error of the last session, in words."""
    failure = [event for event in run.events() if event.get("event") == "failed"][-1]
    message = str(failure.get("message", "its journal does not say why"))
    if "trace" in failure:
        message += f" ({failure.get('error')}; {run.directory.journal} has the trace)"
    return message
