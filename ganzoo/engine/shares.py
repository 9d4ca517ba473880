"""Shares: the parts a batch is worked off in, by several processes or one after the other.

A share sees the images, the z and the random numbers that it would see inside the whole batch, so
that a loss which is a mean over images is the mean of its shares, however many they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo.errors import UsageError


@dataclass(frozen=True)
class Share:
    """Some rows of a batch, one after the other.

    Attributes:
        start: the first.
        stop: the one after the last.
        whole: rows of the batch.
    """

    start: int
    stop: int
    whole: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def rows(self) -> slice:
        """For indexing."""
        return slice(self.start, self.stop)


def shares(batch_size: int, accumulate: int, rank: int, ranks: int) -> list[Share]:
    """The shares of one process, in order; all are of one length.

    Raises:
        UsageError: a batch has no such number of equal parts.
    """
    count = ranks * accumulate
    if batch_size % count:
        among = [f"{ranks} processes"] * (ranks > 1) + [f"--accumulate {accumulate}"] * (
            accumulate > 1
        )
        near = sorted({max(1, batch_size // count) * count, (batch_size // count + 1) * count})
        raise UsageError(
            f"a batch of {batch_size} images cannot be divided equally among "
            f"{' and '.join(among)}: --batch-size counts the images of all of them together; "
            f"try {' or '.join(map(str, near))}"
        )
    size = batch_size // count
    first = rank * accumulate
    return [
        Share(part * size, (part + 1) * size, batch_size)
        for part in range(first, first + accumulate)
    ]


@contextmanager
def drawing_for_all(share: Share) -> Iterator[None]:
    """Within it, random numbers for the share's images are those of the whole batch, cut out.

    Every share draws for the whole batch and keeps its rows. That holds for torch's elementwise
    random functions, dropout among them, where the first dimension of what is drawn is a multiple
    of the share's images (twice: real beside fake ones). Anything else is drawn as it is, and is
    the same in each share.
    """
    if len(share) == share.whole:
        yield
        return
    with _Watch(share):
        yield


class _Watch(TorchFunctionMode):
    """Sees every call of torch's functions from Python, and has the random ones widened."""

    def __init__(self, share: Share) -> None:
        super().__init__()
        self.share = share

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "") not in _RANDOM:
            return func(*args, **(kwargs or {}))
        with _Widen(self.share):
            return func(*args, **(kwargs or {}))


class _Widen(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Calls a random kernel for the whole batch, and gives the share's rows of what it drew."""

    def __init__(self, share: Share) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.share = share

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
            return args[0].copy_(self._mine(drawn))
        return tuple(map(self._mine, drawn)) if isinstance(drawn, tuple) else self._mine(drawn)

    def _wide(self, value: Any, *, is_size: bool) -> Any:
        """A size or a tensor for the whole batch, where it is one for the share."""
        share = self.share
        if is_size and value and value[0] % len(share) == 0:
            return [value[0] // len(share) * share.whole, *value[1:]]
        if isinstance(value, Tensor) and value.ndim and len(value) and len(value) % len(share) == 0:
            batches = value.chunk(len(value) // len(share))
            return torch.cat([b for b in batches for _ in range(share.whole // len(share))])
        return value

    def _mine(self, drawn: Tensor) -> Tensor:
        """The share's rows of each batch in what was drawn."""
        batches = drawn.chunk(len(drawn) // self.share.whole)
        return torch.cat([batch[self.share.rows] for batch in batches])


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
