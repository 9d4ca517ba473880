"""One update of one network: the gradient of its objective over a batch, and an optimizer's step.

A batch may be worked off in parts, one after the other, and by several processes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import optim

from ganzoo.engine import distributed
from ganzoo.engine.acceleration import Compiled
from ganzoo.engine.objectives import Computed, Drawn, Due, Objective, Seen, Terms, joined
from ganzoo.engine.randomness import rewind, states
from ganzoo.engine.shares import Share, drawing_for_all
from ganzoo.interfaces.values import Batch


class Update:
    """Takes steps down an objective.

    Args:
        objective: what the network minimizes.
        optimizer: of the network.
        scaler: of its gradients, for float16.
        shares: the parts of a batch that are worked off here, one after the other.
        compile: whether to compile the objective, where a batch is one part.
    """

    def __init__(
        self,
        objective: Objective,
        optimizer: optim.Optimizer,
        scaler: torch.amp.GradScaler,
        shares: Sequence[Share],
        *,
        compile: bool = False,  # noqa: A002  # as torch has it
    ) -> None:
        self.objective = objective
        self.optimizer = optimizer
        self.scaler = scaler
        self.shares = shares
        self.trained = [p for group in optimizer.param_groups for p in group["params"]]
        """The network's parameters."""
        if compile:
            self.compute: Callable[..., Computed] = Compiled(objective)
        else:
            self.compute = distributed.parallel(objective, self.trained)

    def __call__(self, drawn: Drawn, due: Due, fake: Batch | None) -> tuple[Terms, Seen]:
        """One step, with the penalties that are due.

        Returns:
            the mean over the batch of each term, and what was seen.
        """
        for parameter in self.trained:  # optimizer.zero_grad, without its hooks and profiling
            parameter.grad = None
        if len(self.shares) == 1:
            found = self._backward(drawn, due, fake, self.shares[0])
        else:
            found = self._backward_in_parts(drawn, due)
        self.scaler.unscale_(self.optimizer)
        self.scaler.step(self.optimizer)  # none where float16 overflowed
        self.scaler.update()
        return found

    def state_dict(self) -> dict[str, Any]:
        """What it goes on from."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "penalties": self.objective.penalties.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any], lr: float) -> None:
        """Go on from a `state_dict`, at a learning rate."""
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        if state["scaler"]:  # empty where it was trained in another precision
            self.scaler.load_state_dict(state["scaler"])
        self.objective.penalties.load_state_dict(state["penalties"])

    def _backward(
        self, drawn: Drawn, due: Due, fake: Batch | None, share: Share
    ) -> tuple[Terms, Seen]:
        """Add a share's gradient."""
        with drawing_for_all(share):
            loss, terms, seen = self.compute(*drawn, due, fake)
            if len(self.shares) > 1:
                loss = loss / len(self.shares)
            torch.autograd.backward(self.scaler.scale(loss))
        return terms, seen

    def _backward_in_parts(self, drawn: Drawn, due: Due) -> tuple[Terms, Seen]:
        """Add the gradients of all shares; each draws the random numbers of the whole batch."""
        device, first = drawn.z.device, self.shares[0].start
        before = states(device)
        found: list[Terms] = []
        seen: list[Seen] = []
        for share in self.shares:
            rewind(device, before)
            rows = slice(share.start - first, share.stop - first)
            with distributed.summing(self.compute, now=share is self.shares[-1]):
                terms, looked = self._backward(drawn.part(rows), due, None, share)
            found.append(terms)
            seen.append(looked)
        return mean_terms(found), joined(seen)


def mean_terms(parts: Sequence[Terms]) -> Terms:
    """The mean of each term over the parts of a batch."""
    return {name: torch.stack([terms[name] for terms in parts]).mean() for name in parts[0]}
