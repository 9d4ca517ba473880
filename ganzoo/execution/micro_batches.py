"""Micro-batches: the rows of a global batch that one process computes, one part after the other.

With gradient accumulation and data parallelism every micro-batch sees the images, the z and the
random numbers that it would see inside the whole batch. So a loss that is a mean over images is the
mean over its micro-batches, however many there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.errors import UsageError, setting


@dataclass(frozen=True)
class MicroBatch:
    """Consecutive rows of a global batch.

    Attributes:
        start: the first row.
        stop: the row after the last.
        batch_size: rows of the global batch.
    """

    start: int
    stop: int
    batch_size: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def rows(self) -> slice:
        """For indexing a tensor of the global batch."""
        return slice(self.start, self.stop)


def split_batch(
    batch_size: int, grad_accum_steps: int, rank: int, world_size: int
) -> list[MicroBatch]:
    """The micro-batches of one process, in order, all of one length.

    Raises:
        UsageError: the batch cannot be divided into so many equal parts.
    """
    # Refuse a batch that cannot be divided.
    count = world_size * grad_accum_steps
    if batch_size % count:
        divisors = []
        if world_size > 1:
            divisors.append(f"{world_size} processes")
        if grad_accum_steps > 1:
            divisors.append(setting("grad_accum_steps", grad_accum_steps))
        near = sorted({max(1, batch_size // count) * count, (batch_size // count + 1) * count})
        raise UsageError(
            f"a batch of {batch_size} images cannot be divided equally among "
            f"{' and '.join(divisors)}: {setting('batch_size')} counts the images of all "
            f"processes; try {' or '.join(map(str, near))}"
        )

    # The rows of this process.
    size = batch_size // count
    first = rank * grad_accum_steps
    return [
        MicroBatch(k * size, (k + 1) * size, batch_size)
        for k in range(first, first + grad_accum_steps)
    ]
