"""Gradients of an objective over a batch: forward and backward, micro-batch by micro-batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.execution import distributed
from ganzoo.execution.compile import Compiled
from ganzoo.execution.micro_batches import MicroBatch
from ganzoo.execution.random_draws import draws_of_whole_batch
from ganzoo.execution.running_state import RunningState
from ganzoo.randomness import generator_states, set_generator_states

Terms = dict[str, Tensor]


class Gradients:
    """Adds the gradient of an objective's mean over a batch to its parameters.

    Args:
        objective: `objective(inputs, active_penalties, fake) -> (loss, terms, record)`.
        parameters: what is trained.
        micro_batches: of this process, in order.
        scaler: of the loss, for fp16.
        stateful: modules whose buffers a forward pass may change.
        compiles: compile the objective.
    """

    def __init__(
        self,
        objective: nn.Module,
        parameters: Sequence[nn.Parameter],
        micro_batches: Sequence[MicroBatch],
        scaler: torch.amp.GradScaler,
        stateful: Sequence[nn.Module] = (),
        *,
        compiles: bool,
    ) -> None:
        self.micro_batches = micro_batches
        self.scaler = scaler
        self.stateful = stateful
        self.compute: Callable[..., Any] = (
            Compiled(objective) if compiles else distributed.data_parallel(objective, parameters)
        )

    def __call__(
        self, inputs: Any, active_penalties: tuple[str, ...], fake: Tensor | None
    ) -> tuple[Terms, Any]:
        """Forward and backward of the rows of this process.

        Args:
            inputs: real images and z of these rows.
            active_penalties: names of the penalties of this update.
            fake: generated images to use instead of new ones; only where a batch is undivided.

        Returns:
            the mean of each term over these rows, and what the objective recorded of them.
        """
        if len(self.micro_batches[0]) == self.micro_batches[0].batch_size:
            return self._backward(inputs, active_penalties, fake, self.micro_batches[0])

        # Every micro-batch starts from the same random state, as each draws for the whole batch,
        # and from the same state of losses and penalties.
        device, first = inputs.z.device, self.micro_batches[0].start
        states, running = generator_states(device), RunningState(self.stateful)
        all_terms, records = [], []
        for micro_batch in self.micro_batches:
            set_generator_states(device, states)
            running.restore()
            own = inputs.part(slice(micro_batch.start - first, micro_batch.stop - first))
            # Processes exchange gradients once, after the last micro-batch.
            last = micro_batch is self.micro_batches[-1]
            with distributed.gradient_sync(self.compute, enabled=last):
                terms, record = self._backward(own, active_penalties, None, micro_batch)
            running.record()
            all_terms.append(terms)
            records.append(record)

        running.merge()
        return mean_terms(all_terms), type(records[0]).joined(records)

    def _backward(
        self,
        inputs: Any,
        active_penalties: tuple[str, ...],
        fake: Tensor | None,
        micro_batch: MicroBatch,
    ) -> tuple[Terms, Any]:
        before = RunningState(self.stateful) if isinstance(self.compute, Compiled) else None
        with draws_of_whole_batch(micro_batch):
            loss, terms, record = self.compute(inputs, active_penalties, fake)
            if len(self.micro_batches) > 1:
                loss = loss / len(self.micro_batches)
            with nullcontext() if before is None else before.values_before():
                torch.autograd.backward(self.scaler.scale(loss))
        return terms, record


def mean_terms(all_terms: Sequence[Terms]) -> Terms:
    """The mean of each term over micro-batches."""
    return {name: torch.stack([terms[name] for terms in all_terms]).mean() for name in all_terms[0]}
