"""The execution of a run: everything that decides how it is computed, resolved once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from ganzoo.config import ExecutionConfig, Switch
from ganzoo.errors import GanzooWarning, setting
from ganzoo.execution import distributed
from ganzoo.execution.device import resolve_device
from ganzoo.execution.gradients import Gradients
from ganzoo.execution.graphs import CapturedStep, Step
from ganzoo.execution.micro_batches import split_batch
from ganzoo.execution.precision import PrecisionPolicy, resolve_precision
from ganzoo.interfaces.critic import Batch


class Execution:
    """How a run is computed, made once from its `[execution]` section; never what.

    It places networks and batches, runs networks in the chosen precision, computes gradients over
    micro-batches and processes, and captures steps as CUDA graphs. In a process group every
    process makes its own.

    Args:
        config: the `[execution]` section.
        networks: those to be trained; `precision = "auto"` depends on their number of parameters.
        batch_size: global batch size: images of one update, over all processes.

    Attributes:
        device: where networks and batches are placed.
        precision: of the networks: `"fp32"`, `"bf16"` or `"fp16"`.
        batch_size: global batch size: images of one update, over all processes.
        micro_batches: the rows of each batch that this process computes, one after the other.
        rows: the same rows as one slice.
        whole_batches: whether one process computes a batch as one micro-batch.
        memory_format: of images and weights.
        fused: whether optimizers use fused kernels.
        compiles: whether objectives are compiled by torch.compile.
        captures_graphs: whether steps are captured as CUDA graphs.
        data_on_device: whether all images are kept on the device: `"auto"`, `"on"` or `"off"`.

    Raises:
        UsageError: there is no such device, there are fewer devices than processes, or the batch
            cannot be divided equally.
    """

    def __init__(
        self, config: ExecutionConfig, networks: Sequence[nn.Module], batch_size: int
    ) -> None:
        # Device and precision.
        self.device = resolve_device(config.device)
        distributed.set_local_device(self.device)
        self.precision = resolve_precision(config.precision, self.device, networks)
        self.policy = PrecisionPolicy(self.device, self.precision, config.penalty_precision)

        # Rows of each batch.
        self.batch_size = batch_size
        self.micro_batches = split_batch(
            batch_size, config.grad_accum_steps, distributed.rank(), distributed.world_size()
        )
        self.rows = slice(self.micro_batches[0].start, self.micro_batches[-1].stop)
        self.whole_batches = len(self.micro_batches[0]) == batch_size

        # Memory.
        channels_last = switched(config.channels_last, auto=True)
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.data_on_device = config.data_on_device

        # Speed.
        self.fused = switched(config.fused, auto=True)
        self.compiles = self._granted(
            "compile", config.compile, "" if self.whole_batches else SPLIT
        )
        self.captures_graphs = self._granted(
            "cuda_graphs",
            config.cuda_graphs,
            obstacle_to_graphs(self.device, self.precision, self.whole_batches),
        )

    # --- Placement

    def place(self, network: nn.Module) -> nn.Module:
        """The network on the device, in the memory format."""
        return network.to(self.device, memory_format=self.memory_format)  # type: ignore[call-overload, no-any-return]

    def place_batch(self, batch: Batch) -> Batch:
        """The batch, its images and pictures in the memory format."""
        images = batch.images.contiguous(memory_format=self.memory_format)
        labels = batch.labels
        if labels is not None and labels.ndim == images.ndim:
            labels = labels.contiguous(memory_format=self.memory_format)
        return Batch(images, labels)

    # --- Precision

    def autocast(self, precision: str) -> AbstractContextManager[object]:
        """A context in which networks run in a precision; weights stay float32."""
        return self.policy.autocast(precision)

    def shared_weight_casts(self) -> AbstractContextManager[None]:
        """A context in which all passes of the networks share one conversion of their weights."""
        return self.policy.shared_weight_casts()

    def penalty_precision(self, *, tolerates_bfloat16: bool) -> str:
        """The precision of the networks inside a penalty."""
        return self.policy.inside_penalty(tolerates_bfloat16=tolerates_bfloat16)

    # --- Steps

    def grad_scaler(self) -> torch.amp.GradScaler:
        """Loss scaling for fp16; without effect in other precisions."""
        return self.policy.grad_scaler()

    def gradients(
        self,
        objective: nn.Module,
        parameters: Sequence[nn.Parameter],
        scaler: torch.amp.GradScaler,
        stateful: Sequence[nn.Module] = (),
    ) -> Gradients:
        """What computes the gradient of an objective: compiled, data parallel, accumulated.

        Args:
            objective: the loss of one network.
            parameters: those to train.
            scaler: of the loss, for fp16.
            stateful: modules whose buffers a forward pass may change; after an update they are the
                means over all micro-batches.
        """
        return Gradients(
            objective, parameters, self.micro_batches, scaler, stateful, compiles=self.compiles
        )

    def captured(self, step: Step, networks: Sequence[nn.Module], obstacle: str = "") -> Step:
        """The step as a CUDA graph, if steps are captured; else itself.

        Args:
            step: all updates of both networks.
            networks: whose gradients it leaves behind.
            obstacle: why a captured step would be wrong; then it warns and does not capture.
        """
        if not self.captures_graphs:
            return step
        if obstacle:
            message = f"{setting('cuda_graphs', 'on')}: {obstacle}. Training without it"
            warnings.warn(GanzooWarning(message), stacklevel=3)
            return step
        return CapturedStep(step, networks)

    @property
    def joint_forward(self) -> bool:
        """Whether the discriminator may now see real and fake images in one forward pass.

        Not while compiling: torch cannot compile a gradient penalty beside parts of one pass.
        """
        return not torch.compiler.is_compiling()

    # --- Processes

    def mean_over_processes(self, terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The mean of each term over all processes."""
        return distributed.mean(terms)

    def gather(self, values: Tensor | None) -> Tensor | None:
        """The rows of all processes, in order; None for None."""
        return None if values is None else distributed.gather(values)

    def any_process(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """Ask whether a condition holds in any process; call the result for the answer."""
        return distributed.any_rank(condition)

    def lost_process_explained(self) -> AbstractContextManager[None]:
        """A context that raises a readable `GanzooError` if another process has ended."""
        return distributed.lost_process_explained()

    # --- Choices

    def _granted(self, name: str, choice: Switch, obstacle: str) -> bool:
        """Whether a switch is on and possible; a warning if it is on and impossible."""
        if not switched(choice):
            return False
        if obstacle:
            message = f"{setting(name, 'on')}: {obstacle}. Training without it"
            warnings.warn(GanzooWarning(message), stacklevel=4)
        return not obstacle


SPLIT = "the batch is split into micro-batches"
"""Why objectives cannot be compiled, nor steps captured."""


def obstacle_to_graphs(device: torch.device, precision: str, whole_batches: bool) -> str:
    """Why steps cannot be captured as CUDA graphs; empty where they can."""
    if device.type != "cuda":
        return f"device '{device}' has no CUDA graphs"
    if precision == "fp16":
        return "the loss scaling of fp16 waits for the device after every update; try bf16"
    return "" if whole_batches else SPLIT


def switched(choice: Switch, *, auto: bool = False) -> bool:
    """On or off, where `"auto"` means `auto`."""
    return auto if choice == "auto" else choice == "on"
