"""Random numbers of a micro-batch: those that its images would get inside the whole batch.

So the points of a gradient penalty, dropout and noise do not depend on the number of processes or
micro-batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.execution.micro_batches import MicroBatch


@contextmanager
def draws_of_whole_batch(micro_batch: MicroBatch) -> Iterator[None]:
    """Within it, torch's random functions draw for the whole batch and keep the micro-batch's rows.

    That holds for elementwise random functions, dropout among them, if the first dimension of what
    is drawn is a multiple of the micro-batch's images (twice: real beside fake ones). Anything else
    is drawn as it is, and is the same in every micro-batch.
    """
    if len(micro_batch) == micro_batch.batch_size:
        yield
        return
    with _RandomFunctions(micro_batch):
        yield


class _RandomFunctions(TorchFunctionMode):
    """Intercepts torch's random functions where Python calls them: a cheap filter for the next."""

    def __init__(self, micro_batch: MicroBatch) -> None:
        super().__init__()
        self.micro_batch = micro_batch

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "") not in _RANDOM:
            return func(*args, **(kwargs or {}))
        with _WidenedKernels(self.micro_batch):
            return func(*args, **(kwargs or {}))


class _WidenedKernels(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Calls a random kernel for the whole batch, and returns the micro-batch's rows."""

    def __init__(self, micro_batch: MicroBatch) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.micro_batch = micro_batch

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name not in _KERNELS:
            return func(*args, **kwargs)
        sizes = [i for i, a in enumerate(func._schema.arguments) if a.name == "size"]
        wide = [self._wide(value, is_size=i in sizes) for i, value in enumerate(args)]
        if all(new is old for new, old in zip(wide, args, strict=True)):
            return func(*args, **kwargs)
        drawn = func(*wide, **kwargs)
        if name.endswith("_"):
            return args[0].copy_(self._own_rows(drawn))
        if isinstance(drawn, tuple):
            return tuple(map(self._own_rows, drawn))
        return self._own_rows(drawn)

    def _wide(self, value: Any, *, is_size: bool) -> Any:
        """A size or a tensor of the whole batch, where it is one of the micro-batch."""
        rows, batch_size = len(self.micro_batch), self.micro_batch.batch_size
        if is_size and value and value[0] % rows == 0:
            return [value[0] // rows * batch_size, *value[1:]]
        if isinstance(value, Tensor) and value.ndim and len(value) and len(value) % rows == 0:
            batches = value.chunk(len(value) // rows)
            return torch.cat([b for b in batches for _ in range(batch_size // rows)])
        return value

    def _own_rows(self, drawn: Tensor) -> Tensor:
        """The micro-batch's rows of each batch in what was drawn."""
        batches = drawn.chunk(len(drawn) // self.micro_batch.batch_size)
        return torch.cat([batch[self.micro_batch.rows] for batch in batches])


_KERNELS = {
    *("rand", "randn", "randint", "rand_like", "randn_like", "randint_like"),
    *("normal", "bernoulli", "native_dropout"),
    *("uniform_", "normal_", "bernoulli_", "random_", "exponential_", "log_normal_"),
    *("cauchy_", "geometric_"),
}
"""torch's random kernels that draw each number by itself."""

_RANDOM = _KERNELS | {
    *("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout"),
    *("alpha_dropout", "feature_alpha_dropout", "gumbel_softmax"),
}
"""The functions by which they are called."""
