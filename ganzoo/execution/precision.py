"""Mixed precision: in which data type the networks run under autocast."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from ganzoo.errors import GanzooWarning

BF16_PAYS_FROM = 2**19
"""Parameters of both networks together, below which converting them costs more than it saves
(`tests/benchmarks/precision.py`)."""

HALF_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_precision(name: str, device: torch.device, networks: Sequence[nn.Module]) -> str:
    """`"auto"` is bf16 where the device has units for it and it pays, else fp32.

    Where a device cannot do what is asked, a warning says so, and it is fp32.
    """
    if name in HALF_TYPES and not torch.amp.autocast_mode.is_autocast_available(device.type):
        message = f"torch has no autocast to {name} on device '{device}'; training in fp32"
        warnings.warn(GanzooWarning(message), stacklevel=2)
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
    """The precision of the networks, outside and inside penalties.

    Attributes:
        device: where the networks run.
        networks: `"fp32"`, `"bf16"` or `"fp16"`, for everything but penalties.
        penalties: `"fp32"` or `"bf16"` for the networks inside penalties, or `"auto"`: bf16 where
            the networks are and the penalty tolerates it. Never fp16, in which the gradient of a
            score with respect to a pixel underflows.
    """

    device: torch.device
    networks: str = "fp32"
    penalties: str = "auto"

    def inside_penalty(self, *, tolerates_bfloat16: bool) -> str:
        """The precision of the networks inside a penalty."""
        if self.penalties != "auto":
            return self.penalties
        return "bf16" if self.networks == "bf16" and tolerates_bfloat16 else "fp32"

    def grad_scaler(self) -> torch.amp.GradScaler:
        """Scales the loss so that small gradients survive fp16; no effect in other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.networks == "fp16")

    def autocast(self, precision: str) -> AbstractContextManager[object]:
        """A context in which networks run in the given precision; weights stay float32.

        A weight that is converted without gradients is not cached for passes that need them.
        """
        return torch.autocast(
            self.device.type,
            HALF_TYPES.get(precision, torch.bfloat16),
            enabled=precision in HALF_TYPES,
            cache_enabled=torch.is_grad_enabled(),
        )

    @contextmanager
    def shared_weight_casts(self) -> Iterator[None]:
        """Within it, all passes in the networks' precision share one conversion of the weights."""
        if self.networks == "fp32":
            yield
            return
        with self.autocast(self.networks), torch.autocast(self.device.type, enabled=False):
            yield
