"""Watchers: a run's observers together, those of plugins kept from doing harm."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ganzoo.engine.randomness import isolated
from ganzoo.host import Component
from ganzoo.interfaces.observer import Observer


class Watchers:
    """Tells every observer of every event it overrides.

    An exception of the caller's own observers goes to the caller. One of a plugin's observer
    switches that observer off with a warning that names the distribution: a logger whose server
    is down is no reason to lose a run.

    Args:
        own: the caller's.
        plugins: from plugins, with the component each was made by.
    """

    def __init__(
        self, own: Sequence[Observer] = (), plugins: Sequence[tuple[Component, Observer]] = ()
    ) -> None:
        self._watching: list[tuple[Component | None, Observer]] = [
            *((None, observer) for observer in own),
            *plugins,
        ]
        self._stepwise = self._overriding("step")

    def tell(self, event: str, *facts: Any) -> None:
        """Call a method of each observer that overrides it."""
        for component, observer in self._overriding(event):
            self._call(component, observer, event, *facts)

    def measure(self, trainer: Any) -> dict[str, float]:
        """What observers measure for a line of the log, their random numbers their own."""
        found: dict[str, float] = {}
        for component, observer in self._overriding("measure"):
            with isolated(trainer.device):
                found |= self._call(component, observer, "measure", trainer) or {}
        return found

    def step(self, trainer: Any, terms: Mapping[str, Tensor]) -> None:
        """Tell those who want to know of every step."""
        for component, observer in self._stepwise:
            self._call(component, observer, "step", trainer, terms)

    def _overriding(self, event: str) -> list[tuple[Component | None, Observer]]:
        return [
            (component, observer)
            for component, observer in self._watching
            if getattr(type(observer), event, None) is not getattr(Observer, event)
        ]

    def _call(
        self, component: Component | None, observer: Observer, event: str, *facts: Any
    ) -> Any:
        try:
            return getattr(observer, event)(*facts)
        except Exception as error:
            if component is None:
                raise
            self._watching = [pair for pair in self._watching if pair[1] is not observer]
            self._stepwise = self._overriding("step")
            warnings.warn(
                f"the observer '{component.spec.name}' of {component.provider} is switched off: "
                f"{event}() raised {type(error).__name__}: {error}",
                stacklevel=2,
            )
