"""Where and in which precision the networks run: the one place that asks what a device can do."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo.errors import UsageError
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty


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


HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_precision(name: str, device: torch.device, *networks: nn.Module) -> str:
    """`"auto"` is bfloat16 where the device has units for it and it pays, and else float32.

    Where a device cannot do what is asked, a warning says so, and it is float32.
    """
    if name in HALVES and not torch.amp.autocast_mode.is_autocast_available(device.type):
        warnings.warn(
            f"torch has no automatic {name} on device '{device}'; going on in fp32", stacklevel=2
        )
        return "fp32"
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
        networks: `"fp32"`, `"bf16"` or `"fp16"`, for everything but penalties.
        penalties: `"fp32"` or `"bf16"` for the networks inside penalties, or `"auto"`: bfloat16
            where the networks are and the penalty tolerates it. Never float16, in which the
            gradient of a score by a pixel underflows.
    """

    device: torch.device
    networks: str = "fp32"
    penalties: str = "auto"

    def inside(self, penalty: Penalty | GeneratorPenalty) -> str:
        """In which precision the networks run inside a penalty."""
        if self.penalties != "auto":
            return self.penalties
        tolerated = self.networks == "bf16" and penalty.tolerates_bfloat16
        return "bf16" if tolerated else "fp32"

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients from vanishing in float16; without effect in other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.networks == "fp16")

    def autocast(self, precision: str) -> AbstractContextManager[object]:
        """A context in which networks run in the given precision; weights stay float32.

        A weight that is converted without gradients is not kept for passes that need them.
        """
        return torch.autocast(
            self.device.type,
            HALVES.get(precision, torch.bfloat16),
            enabled=precision in HALVES,
            cache_enabled=torch.is_grad_enabled(),
        )

    @contextmanager
    def casting_once(self, precision: str) -> Iterator[None]:
        """Within it, all passes that run in a precision share their converted weights."""
        if precision == "fp32":
            yield
            return
        with self.autocast(precision), torch.autocast(self.device.type, enabled=False):
            yield
