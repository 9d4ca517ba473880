"""The penalties that a loss brings by name, built."""

from __future__ import annotations

from ganzoo.discovery import registry
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty


def default_penalties(loss: Loss) -> dict[str, AnyPenalty]:
    """The loss's own penalties with the options that it names.

    A name that several distributions use is refused: an object does not say which provides it.

    Raises:
        UsageError: a penalty of this name is not installed, or an option is out of range.
    """
    return {
        name: registry.create("penalty", name, **dict(options))
        for name, options in loss.default_penalties().items()
    }
