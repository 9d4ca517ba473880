"""The device that networks and batches are placed on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganzoo.errors import UsageError, setting


def resolve_device(name: str) -> torch.device:
    """The device of a name; `"auto"` is the accelerator, if there is one, else the CPU.

    Raises:
        UsageError: this machine has no such device; the message names those it has.
    """
    # The default.
    accelerator = (
        torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    )
    if name == "auto":
        return accelerator or torch.device("cpu")

    # Its type, then its number.
    present = ["cpu", *([accelerator.type] if accelerator else [])]
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device named '{name}'; here there are {present}") from None
    if device.type not in present:
        raise UsageError(
            f"device '{name}' is not available here; there are {present}. "
            f"{setting('device', 'auto')} chooses"
        )
    count = torch.accelerator.device_count() if device.type != "cpu" else 1
    if (device.index or 0) >= count:
        raise UsageError(f"device '{name}' does not exist; this machine has {count} such")
    return device


@contextmanager
def cpu_threads(count: int | None) -> Iterator[None]:
    """Let torch use this many CPU threads within the block; its own choice if None."""
    if count is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
