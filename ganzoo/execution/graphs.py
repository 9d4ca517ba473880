"""CUDA graphs: a step captured once and then replayed. The results are those of eager mode."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

from ganzoo.errors import GanzooWarning, in_a_line, setting

Replay = Callable[[], None]
Capture = Callable[[Callable[[], None]], Replay]

WARM_UP = 3
"""Steps in eager mode before one is captured, as torch advises."""


class Copyable(Protocol):
    """Inputs of a step, whose tensors a graph reads from fixed addresses."""

    def clone(self) -> Self:
        """The same in memory of its own."""

    def copy_(self, other: Self) -> None:
        """Overwrite every tensor by that of another."""


Step = Callable[[Sequence[Any], Any], tuple[dict[str, Tensor], Any]]
"""`step(inputs, active_penalties) -> (terms, record)`."""


@dataclass
class _Graph:
    replay: Replay
    inputs: list[Copyable]
    terms: dict[str, Tensor]
    record: Any
    gradients: list[Tensor | None]


class CapturedStep:
    """A step that is captured as one CUDA graph, and then replayed with other inputs.

    There is a graph for each set of active penalties. A replay overwrites what the one before it
    returned; terms are copied, the record is valid until then.

    Args:
        step: all updates of both networks. It must not wait for the device.
        networks: whose gradients it leaves behind.
        capture: runs a function while capturing it, and returns what replays it.
    """

    def __init__(
        self, step: Step, networks: Sequence[nn.Module], capture: Capture | None = None
    ) -> None:
        self.step = step
        self.parameters = [p for network in networks for p in network.parameters()]
        self.capture = capture or cuda_graph
        self._runs: dict[Hashable, int] = {}
        self._graphs: dict[Hashable, _Graph] = {}
        self._refused = False

    def __call__(self, inputs: Sequence[Any], active: Any) -> tuple[dict[str, Tensor], Any]:
        """One step."""
        runs = self._runs[active] = self._runs.get(active, 0) + 1
        if self._refused or runs <= WARM_UP:
            return self.step(inputs, active)
        if active not in self._graphs and not self._capture(inputs, active):
            return self.step(inputs, active)
        graph = self._graphs[active]
        for fixed, new in zip(graph.inputs, inputs, strict=True):
            fixed.copy_(new)
        graph.replay()
        for parameter, gradient in zip(self.parameters, graph.gradients, strict=True):
            parameter.grad = gradient
        return {name: value.clone() for name, value in graph.terms.items()}, graph.record

    def _capture(self, inputs: Sequence[Any], active: Any) -> bool:
        # Capture, with inputs at fixed addresses.
        fixed = [one.clone() for one in inputs]
        results: list[tuple[dict[str, Tensor], Any]] = []
        try:
            replay = self.capture(lambda: results.append(self.step(fixed, active)))
        except RuntimeError as error:
            message = (
                f"this step cannot be captured as a CUDA graph: {in_a_line(error)}. Training "
                f"without; {setting('cuda_graphs', 'off')} skips the attempt"
            )
            warnings.warn(GanzooWarning(message), stacklevel=2)
            self._refused = True
            return False

        # What a replay overwrites.
        terms, record = results[0]
        gradients = [p.grad for p in self.parameters]
        self._graphs[active] = _Graph(replay, fixed, terms, record, gradients)
        return True


def cuda_graph(run: Callable[[], None]) -> Replay:
    """Capture what a function does on the current CUDA device, without doing it."""
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        run()
    return graph.replay
