"""A run's observers as a group: an error in a plugin's observer does not end the run."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from ganzoo.errors import GanzooWarning
from ganzoo.interfaces.observer import Observer, TrainerState
from ganzoo.randomness import isolated


class Expendable(NamedTuple):
    """An observer that is switched off if it raises, and what a warning then calls it."""

    title: str
    observer: Observer


class ObserverGroup:
    """Calls the methods that each observer overrides.

    An exception in the caller's own observers goes to the caller. One in an expendable observer
    switches that observer off with a warning that names it: a logger whose server is down is no
    reason to lose a run.

    Args:
        own: the caller's.
        expendable: all others.
    """

    def __init__(self, own: Sequence[Observer] = (), expendable: Sequence[Expendable] = ()) -> None:
        self._observers = [*own, *(observer for _, observer in expendable)]
        self._titles = {id(observer): title for title, observer in expendable}
        self._of_steps = self._overriding("step")

    def notify(self, event: str, *facts: Any) -> None:
        """Call a method of each observer that overrides it."""
        for observer in self._overriding(event):
            self._call(observer, event, *facts)

    def measure(self, trainer: TrainerState) -> dict[str, float]:
        """What observers measure for a line of the log; training's random numbers stay."""
        measured: dict[str, float] = {}
        for observer in self._overriding("measure"):
            with isolated(trainer.device):
                measured |= self._call(observer, "measure", trainer) or {}
        return measured

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Call `step` of each observer that overrides it."""
        for observer in self._of_steps:
            self._call(observer, "step", trainer, terms)

    def _overriding(self, event: str) -> list[Observer]:
        return [
            observer
            for observer in self._observers
            if getattr(type(observer), event, None) is not getattr(Observer, event)
        ]

    def _call(self, observer: Observer, event: str, *facts: Any) -> Any:
        try:
            return getattr(observer, event)(*facts)
        except Exception as error:
            title = self._titles.get(id(observer))
            if title is None:
                raise
            self._observers.remove(observer)
            self._of_steps = self._overriding("step")
            message = f"{title} is switched off: {event}() raised {type(error).__name__}: {error}"
            warnings.warn(GanzooWarning(message), stacklevel=2)
