"""Where and in which precision the networks run: the one place that asks what a device can do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo.errors import UsageError


def resolve_device(name: str) -> torch.device:
    """The device a user means; `"auto"` takes an accelerator where there is one.

    Raises:
        UsageError: there is no such device here; names those that are.
    """
    accelerator = torch.accelerator.current_accelerator() if _has_accelerator() else None
    if name == "auto":
        return accelerator or torch.device("cpu")
    present = ["cpu", *([accelerator.type] if accelerator else [])]
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device named '{name}'; here there are {present}") from None
    if device.type not in present:
        raise UsageError(
            f"device '{name}' is not available here; there are {present}. --device auto chooses"
        )
    count = torch.accelerator.device_count() if device.type != "cpu" else 1
    if (device.index or 0) >= count:
        raise UsageError(f"device '{name}' does not exist; this machine has {count} such")
    return device


def _has_accelerator() -> bool:
    return torch.accelerator.is_available()


BF16_PAYS_FROM = 2**19
"""Parameters of both networks together, below which converting them costs more than it saves
(`tests/benchmarks/precision.py`)."""


def resolve_precision(name: str, device: torch.device, *networks: nn.Module) -> str:
    """`"fp32"` or `"bf16"` for `"auto"`: bfloat16 where the device has units for it and it pays."""
    if name != "auto":
        return name
    parameters = sum(p.numel() for network in networks for p in network.parameters())
    return "bf16" if parameters >= BF16_PAYS_FROM and _has_bf16_units(device) else "fp32"


def _has_bf16_units(device: torch.device) -> bool:
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(unit, False) for unit in ("avx512_bf16", "amx_bf16", "bf16"))
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return False


@dataclass(frozen=True)
class PrecisionPolicy:
    """In which precision the networks run.

    Attributes:
        device: where.
        networks: `"fp32"` or `"bf16"`, for everything but penalties.
        penalties: the same, for the networks inside penalties.
    """

    device: torch.device
    networks: str = "fp32"
    penalties: str = "fp32"

    def autocast(self, precision: str) -> AbstractContextManager[object]:
        """A context in which networks run in the given precision; weights stay float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=precision == "bf16")
