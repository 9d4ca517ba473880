"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """Evaluation every so many steps."""
    yield ganzoo.ObserverSpec(
        name="evaluator",
        factory="ganzoo_evaluator.observer:Evaluating",
        options="ganzoo_evaluator.options:EvaluatingOptions",
        summary="How good the images are, every so many steps, in the log.",
        evaluates=True,
    )
