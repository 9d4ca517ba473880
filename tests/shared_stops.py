"""A small training in several processes, one of which asks for the end."""

from __future__ import annotations

from shared_training import trainer
from torch import distributed

import ganzoo


class AsksAt(ganzoo.Observer):
    """Asks for the end in one process alone."""

    def __init__(self, rank: int, step: int, interrupt: bool) -> None:
        super().__init__()
        self.rank, self.at, self.interrupt = rank, step, interrupt

    def step(self, trainer, terms):
        if trainer.step == self.at and distributed.get_rank() == self.rank:
            trainer.stop(interrupt=self.interrupt)


def end_of(rank: int, step: int, interrupt: bool) -> tuple[int, bool, str]:
    """The last step, whether it was a stop, and how `fit` ended."""
    made, how = trainer(), "returned"
    try:
        made.fit(9, [AsksAt(rank, step, interrupt)])
    except KeyboardInterrupt:
        how = "interrupted"
    return made.step, made.stopped, how
