"""`torch.compile` of an objective. The results are those of eager mode, but for rounding.

One exception: compiled code runs the discriminator on real and fake images one after the other,
eager code jointly where it may, so dropout in a discriminator and augmentations draw other numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.grad_mode import _unsafe_preserve_version_counter

from ganzoo.errors import GanzooError, GanzooWarning, in_a_line, setting
from ganzoo.randomness import isolated


class Compiled:
    """An objective compiled by `torch.compile`, its penalties and their inner gradients included.

    Before each new set of penalties it is tried once, forward and backward, without a trace in
    weights, gradients, buffers or random state. If torch cannot compile it, a warning says why, and
    the objective runs in eager mode from then on.

    Args:
        objective: `objective(inputs, active_penalties, fake) -> (loss, …)`.
        backend: of `torch.compile`.
    """

    def __init__(self, objective: nn.Module, backend: Any = "inductor") -> None:
        self.objective = objective
        self._compiled: Callable[..., Any] | None = torch.compile(
            objective, dynamic=False, backend=backend
        )
        self._statistics = tuple(
            buffer
            for layer in objective.modules()
            if isinstance(layer, nn.modules.batchnorm._BatchNorm)
            for buffer in layer.buffers()
        )
        self._tried: set[tuple[str, ...]] = set()

    def __call__(
        self, inputs: Any, active_penalties: tuple[str, ...], fake: Tensor | None = None
    ) -> Any:
        """What the objective returns."""
        if self._compiled is not None and active_penalties not in self._tried:
            with self._same_versions():
                self._try(self._compiled, inputs, active_penalties, fake)
        if self._compiled is None:
            return self.objective(inputs, active_penalties, fake)
        with self._same_versions(), _compiler_settings():
            return self._compiled(inputs, active_penalties, fake)

    def _same_versions(self) -> AbstractContextManager[None]:
        """An earlier graph of the generator does not mind that its running statistics move on."""
        return _unsafe_preserve_version_counter(self._statistics)

    def _try(
        self,
        compiled: Callable[..., Any],
        inputs: Any,
        active_penalties: tuple[str, ...],
        fake: Tensor | None,
    ) -> None:
        # Fakes apart from their graph, which a later update needs.
        if fake is not None:
            fake = fake.detach().requires_grad_(fake.requires_grad)

        # Forward and backward, without a trace.
        try:
            with (
                _compiler_settings(),
                isolated(inputs.z.device),
                _restored(self.objective),
                warnings.catch_warnings(),
            ):
                warnings.simplefilter("ignore")  # torch's own, about its own tracing
                compiled(inputs, active_penalties, fake)[0].backward()
        except GanzooError:
            raise
        except Exception as error:  # a compiler may raise anything
            what = type(self.objective).__name__
            message = (
                f"torch.compile cannot take the {what}: {in_a_line(error)}. "
                f"Training without it; {setting('compile', 'off')} skips the attempt"
            )
            warnings.warn(GanzooWarning(message), stacklevel=2)
            self._compiled = None

        self._tried.add(active_penalties)


@contextmanager
def _compiler_settings() -> Iterator[None]:
    """Trace `torch.autograd.grad`, which gradient penalties call; draw random numbers as eager."""
    from torch._dynamo import config as dynamo
    from torch._inductor import config as inductor

    with ExitStack() as patches:
        if hasattr(dynamo, "trace_autograd_ops"):  # an older torch says what it cannot compile
            patches.enter_context(dynamo.patch(trace_autograd_ops=True))
        patches.enter_context(inductor.patch(fallback_random=True))
        yield


@contextmanager
def _restored(module: nn.Module) -> Iterator[None]:
    """Run a block, then restore the module's buffers and gradients."""
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]
    gradients = [(p, None if p.grad is None else p.grad.clone()) for p in module.parameters()]
    try:
        yield
    finally:
        for buffer, value in buffers:
            buffer.data.copy_(value)  # .data: graphs that saved the buffer do not notice
        for parameter, gradient in gradients:
            parameter.grad = gradient
