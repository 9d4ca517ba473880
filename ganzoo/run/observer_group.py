"""Observer group: calls a run's observers; a failing plugin observer does not end the run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from ganzoo.errors import GanzooWarning, out_of_memory
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.randomness import isolated


class Expendable(NamedTuple):
    """An observer that is switched off if it fails, and its title in the warning."""

    title: str
    observer: Observer


class ObserverGroup:
    """Calls the methods that each observer overrides.

    An exception in one of the caller's own observers is raised to the caller. One in an expendable
    observer switches that observer off with a warning: a logger whose server is down is no reason
    to lose a run.

    Args:
        own: the caller's observers.
        expendable: all others.
    """

    def __init__(self, own: Sequence[Observer] = (), expendable: Sequence[Expendable] = ()) -> None:
        self._observers = [*own, *(observer for _, observer in expendable)]
        self._titles = {id(observer): title for title, observer in expendable}
        self._step_observers = self._overriding("step")

    def notify(self, event: str, *facts: Any) -> None:
        """Call a method of each observer that overrides it."""
        for observer in self._overriding(event):
            self._call(observer, event, *facts)

    def measure(self, trainer: TrainerState) -> dict[str, float]:
        """Collect the observers' values for a line of the log, without moving random numbers."""
        values: dict[str, float] = {}
        for observer in self._overriding("measure"):
            with isolated(trainer.device):
                values |= self._call(observer, "measure", trainer) or {}
        return values

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Call `step` of each observer that overrides it; looked up once, as it is called often."""
        for observer in self._step_observers:
            self._call(observer, "step", trainer, terms)

    def _overriding(self, event: str) -> list[Observer]:
        return [
            observer
            for observer in self._observers
            if getattr(type(observer), event, None) is not getattr(Observer, event)
        ]

    def _call(self, observer: Observer, event: str, *facts: Any) -> Any:
        """Call a method of an observer; switch an expendable observer off if it fails."""
        try:
            return getattr(observer, event)(*facts)
        except (Exception, SystemExit) as error:
            title = self._titles.get(id(observer))
            if title is None:
                raise
            self._observers = [o for o in self._observers if o is not observer]
            self._step_observers = self._overriding("step")
            message = f"{title} is switched off: {event}() {_outcome(error)}"
            warnings.warn(GanzooWarning(message), stacklevel=2)


def _outcome(error: BaseException) -> str:
    """How a method of an observer ended."""
    if isinstance(error, SystemExit):
        return f"called sys.exit({error.code!r})"
    if (memory := out_of_memory(error)) is not None:
        return f"failed: {memory}"
    return f"raised {type(error).__name__}: {getattr(error, 'marked', error)}"
