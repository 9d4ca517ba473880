"""Preview: what a sweep would train, what is refused, and about how long it would take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ganzoo.errors import GanzooError, Message
from ganzoo.execution.device import cpu_threads
from ganzoo.run.plan import Plan
from ganzoo.sweeping.grid import Cell
from ganzoo.sweeping.request import Request, plan_of


@dataclass(frozen=True)
class Estimate:
    """What would become of a cell.

    Attributes:
        name: of the cell.
        refused: why it cannot be trained, if it cannot.
        seconds: of its training, from one timed step; None if it could not be timed.
        untimed: why it could not be timed.
    """

    name: str
    refused: Message | None = None
    seconds: float | None = None
    untimed: Message | None = None


def estimate(
    request: Request, jobs: int, checked: Callable[[int, int], None] | None = None
) -> list[Estimate]:
    """Check each cell, and time one step of it with its share of the CPU threads.

    Args:
        request: the sweep.
        jobs: number of processes that would train at a time.
        checked: called with the number of cells that are done, and of all.
    """
    threads = max(1, torch.get_num_threads() // jobs)
    estimates = []
    for number, cell in enumerate(request.cells):
        if checked is not None:
            checked(number, len(request.cells))
        with cpu_threads(threads):
            estimates.append(_estimate(cell, request))
    return estimates


def _estimate(cell: Cell, request: Request) -> Estimate:
    """Compose a cell and time a step."""
    # Compose.
    try:
        plan = plan_of(cell, request.metrics)
    except Exception as error:  # also a plugin's
        return Estimate(cell.name, refused=_told(error))

    # Time.
    try:
        return Estimate(cell.name, seconds=_seconds(plan))
    except Exception as error:
        return Estimate(cell.name, untimed=_told(error))


def _seconds(plan: Plan) -> float:
    """Seconds of a whole run: its minutes, or its steps times that of the second step."""
    # The first step is a warm-up.
    training = plan.config.training
    with cpu_threads(plan.config.execution.threads):
        trainer = plan.trainer(plan.open_images())
        for _ in range(2):
            start = time.perf_counter()
            terms = trainer.train_step()
            sum(float(term) for term in terms.values())  # waits for the device
            step = time.perf_counter() - start

    budget = float("inf") if training.minutes is None else 60 * training.minutes
    return min(budget, step * training.steps)


def _told(error: Exception) -> Message:
    """An error as a message."""
    if isinstance(error, GanzooError):
        return Message(error.marked)
    return Message(f"{type(error).__name__}: {error}")
