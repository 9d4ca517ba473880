"""Ways to run a step faster than operation by operation: compiled objectives and captured steps.

Neither changes what is computed beyond rounding. Where one cannot be had, a warning says why, once,
and training goes on without.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, get_args

import torch
from torch import Tensor, nn

from ganzoo.config import Switch
from ganzoo.engine.convolutions import CAN_REARRANGE
from ganzoo.engine.memory import can_keep_memory
from ganzoo.engine.objectives import (
    Computed,
    Drawn,
    Due,
    Objective,
    Seen,
    Terms,
)
from ganzoo.engine.randomness import isolated
from ganzoo.errors import GanzooError, UsageError
from ganzoo.interfaces.values import Batch


class Compiled:
    """An objective compiled by `torch.compile`, its penalties and their inner gradients included.

    Before it is trusted with penalties it has not had, it is tried, forward and backward, without
    a trace in weights, gradients, buffers or random state.

    Args:
        objective: of one side.
        backend: of `torch.compile`.
    """

    def __init__(self, objective: Objective, backend: Any = "inductor") -> None:
        self.objective = objective
        self._fast: Any = torch.compile(objective, dynamic=False, backend=backend)
        self._proven: set[Due] = set()

    def __call__(self, real: Batch, z: Tensor, due: Due, fake: Batch | None = None) -> Computed:
        """What the objective gives."""
        if self._fast is not None and due not in self._proven:
            self._prove(real, z, due, fake)
        if self._fast is None:
            return self.objective(real, z, due, fake)  # type: ignore[no-any-return]
        with _tracing_gradients():
            return self._fast(real, z, due, fake)  # type: ignore[no-any-return]

    def _prove(self, real: Batch, z: Tensor, due: Due, fake: Batch | None) -> None:
        if fake is not None:
            fake = fake.with_images(fake.images.detach().requires_grad_())
        try:
            with (
                _tracing_gradients(),
                isolated(z.device),
                _unmoved(self.objective),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")  # torch's own, of its own tracing
                self._fast(real, z, due, fake)[0].backward()
        except GanzooError:
            raise
        except Exception as error:  # whatever a compiler may raise
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            warnings.warn(
                f"torch.compile cannot take the {type(self.objective).__name__}: {reason}. Going "
                "on without; --compile off leaves out the attempt",
                stacklevel=2,
            )
            self._fast = None
        self._proven.add(due)


def _tracing_gradients() -> AbstractContextManager[object]:
    """Let the compiler trace `torch.autograd.grad`, which gradient penalties call."""
    from torch._dynamo import config

    if hasattr(config, "trace_autograd_ops"):
        return config.patch(trace_autograd_ops=True)  # type: ignore[no-any-return]
    return nullcontext()  # an older torch, whose compiler then says what it cannot


@contextmanager
def _unmoved(module: nn.Module) -> Iterator[None]:
    """Put buffers and gradients back to where they were."""
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]
    gradients = [(p, None if p.grad is None else p.grad.clone()) for p in module.parameters()]
    try:
        yield
    finally:
        for buffer, value in buffers:
            buffer.data.copy_(value)  # unnoticed by graphs that have it, as those of the fakes
        for parameter, gradient in gradients:
            parameter.grad = gradient


Computation = Callable[[Sequence[Drawn], tuple[Due, ...]], tuple[Terms, Seen]]
Replay = Callable[[], None]
Capture = Callable[[Callable[[], None]], Replay]

WARM_UP = 3
"""Steps run one operation at a time before one is captured, as torch advises."""


@dataclass
class _Captured:
    replay: Replay
    drawn: list[Drawn]
    terms: Terms
    seen: Seen
    gradients: list[Tensor | None]


class Captured:
    """A step that is recorded as one CUDA graph, and then replayed with other images and z.

    There is a graph for each set of penalties that are due. What a replay gives is overwritten by
    the next; terms are copied, what was `seen` is good until then.

    Args:
        compute: the step: all updates of both networks. It must not wait for the device.
        networks: whose gradients it leaves behind.
        capture: runs a function while recording it, and returns what replays it.
    """

    def __init__(
        self, compute: Computation, networks: Sequence[nn.Module], capture: Capture | None = None
    ) -> None:
        self.compute = compute
        self.parameters = [p for network in networks for p in network.parameters()]
        self.capture = capture or cuda_graph
        self._runs: dict[tuple[Due, ...], int] = {}
        self._captured: dict[tuple[Due, ...], _Captured] = {}
        self._refused = False

    def __call__(self, drawn: Sequence[Drawn], due: tuple[Due, ...]) -> tuple[Terms, Seen]:
        """One step."""
        runs = self._runs[due] = self._runs.get(due, 0) + 1
        if self._refused or runs <= WARM_UP:
            return self.compute(drawn, due)
        if due not in self._captured and not self._record(drawn, due):
            return self.compute(drawn, due)
        found = self._captured[due]
        for mine, theirs in zip(found.drawn, drawn, strict=True):
            _copy(mine, theirs)
        found.replay()
        for parameter, gradient in zip(self.parameters, found.gradients, strict=True):
            parameter.grad = gradient
        return {name: value.clone() for name, value in found.terms.items()}, found.seen

    def _record(self, drawn: Sequence[Drawn], due: tuple[Due, ...]) -> bool:
        mine = [_clone(one) for one in drawn]
        results: list[tuple[Terms, Seen]] = []
        try:
            replay = self.capture(lambda: results.append(self.compute(mine, due)))
        except RuntimeError as error:
            reason = str(error).strip().split("\n")[0]
            warnings.warn(
                f"this step cannot be captured as a CUDA graph: {reason}. Going on without; "
                "--cuda-graphs off leaves out the attempt",
                stacklevel=2,
            )
            self._refused = True
            return False
        terms, seen = results[0]
        gradients = [p.grad for p in self.parameters]
        self._captured[due] = _Captured(replay, mine, terms, seen, gradients)
        return True


def cuda_graph(run: Callable[[], None]) -> Replay:
    """Record what a function does on the current CUDA device, without doing it."""
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def _clone(drawn: Drawn) -> Drawn:
    labels = drawn.real.labels
    real = replace(
        drawn.real,
        images=drawn.real.images.clone(),
        labels=None if labels is None else labels.clone(),
    )
    return Drawn(real, drawn.z.clone())


def _copy(mine: Drawn, theirs: Drawn) -> None:
    mine.real.images.copy_(theirs.real.images)
    mine.z.copy_(theirs.z)
    if mine.real.labels is not None and theirs.real.labels is not None:
        mine.real.labels.copy_(theirs.real.labels)


def wants_compile(asked: Switch, *, divided: bool) -> bool:
    """Whether to compile. `"auto"` is off: it does not pay on CPUs, and is unmeasured elsewhere.

    Args:
        asked: by the user.
        divided: whether a batch is worked off in parts or by several processes.

    Raises:
        UsageError: it is none of the three.
    """
    if not switched(asked, "compile"):
        return False
    if divided:
        _tell("--compile on", "a batch is worked off in parts here")
    return not divided


def wants_graphs(asked: Switch, device: torch.device, precision: str, *, divided: bool) -> bool:
    """Whether steps are to be captured; a warning where they are asked for and cannot be.

    `"auto"` is off until someone has measured that it wins.
    """
    if not switched(asked, "cuda_graphs"):
        return False
    if device.type != "cuda":
        reason = f"device '{device}' has no CUDA graphs"
    elif precision == "fp16":
        reason = "the gradient scaling of fp16 asks the device after every update; try bf16"
    elif divided:
        reason = "a batch is worked off in parts here"
    else:
        return True
    _tell("--cuda-graphs on", reason)
    return False


def _tell(asked: str, reason: str, stacklevel: int = 4) -> None:
    warnings.warn(f"{asked}: {reason}. Going on without", stacklevel=stacklevel)


def wants_rearranging(asked: Switch, device: torch.device) -> bool:
    """Whether convolutions are to be rearranged; `"auto"` is on for CPUs, where it is possible.

    Raises:
        UsageError: it is none of the three.
    """
    possible = device.type == "cpu" and CAN_REARRANGE
    reason = "it is for CPUs, and for a torch that has library.get_kernel"
    return _where_possible(asked, "rearrange", possible, reason)


def wants_kept_memory(asked: Switch, device: torch.device) -> bool:
    """Whether freed memory is to be kept; `"auto"` is on for CPUs, where it is possible.

    Raises:
        UsageError: it is none of the three.
    """
    possible = device.type == "cpu" and can_keep_memory()
    reason = "it is for CPUs and glibc, without settings of MALLOC_… or GLIBC_TUNABLES"
    return _where_possible(asked, "keep_memory", possible, reason)


def _where_possible(asked: Switch, name: str, possible: bool, reason: str) -> bool:
    wanted = switched(asked, name, auto=possible)
    if wanted and not possible:
        _tell(f"--{name.replace('_', '-')} on", reason, stacklevel=5)
    return wanted and possible


def switched(asked: Switch, name: str, *, auto: bool = False) -> bool:
    """On or off.

    Args:
        asked: by the user.
        name: of the setting.
        auto: what `"auto"` means.

    Raises:
        UsageError: it is none of the three.
    """
    if asked not in get_args(Switch):
        raise UsageError(f"{name} is one of {', '.join(get_args(Switch))}, not '{asked}'")
    return auto if asked == "auto" else asked == "on"
