"""Data parallel training by several processes: their process group and what they exchange.

`torchrun` starts the same program several times and gives each its rank in the environment. All of
them compose, train and step alike; rank 0 alone decides and writes. In a program that was started
once every function here does nothing.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from ganzoo.errors import FailedOnAnotherRank, GanzooError, GanzooWarning, UsageError, setting
from ganzoo.execution import torchrun
from ganzoo.freeze import frozen

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

T = TypeVar("T")

CPU = torch.device("cpu")

PATIENCE = 10.0
"""Seconds to wait for the other processes without a word."""


def rank() -> int:
    """The rank of this process, from 0."""
    return dist.get_rank() if _has_process_group() else 0


def world_size() -> int:
    """The number of processes that train together; 1 without a process group."""
    return dist.get_world_size() if _has_process_group() else 1


def _has_process_group() -> bool:
    return dist.is_available() and dist.is_initialized()


@contextmanager
def joined() -> Iterator[None]:
    """Join torchrun's process group while the block runs, if torchrun started this program.

    A process group that is there already is used and left as it is.

    Raises:
        UsageError: torchrun's variables are malformed.
        GanzooError: the processes did not find each other.
    """
    if _has_process_group():
        yield
        return
    rank, count = torchrun.launched()
    if count == 1:
        yield
        return
    try:
        with _waiting_told(rank, count):
            store, rank, count = next(rendezvous("env://"))
            # gloo for tensors on the CPU, nccl for those on a GPU
            dist.init_process_group(store=fresh(store, rank, count), rank=rank, world_size=count)
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise GanzooError(
            f"the {count} processes did not find each other: {reason}. torchrun --max-restarts 3 "
            f"tries again; {torchrun.UNSET}"
        ) from error
    torchrun.found_each_other()
    try:
        with lost_process_explained():
            yield
    except BaseException:
        if not torch.accelerator.is_available():  # nccl might wait for processes that have ended
            dist.destroy_process_group()
        raise
    dist.destroy_process_group()


@contextmanager
def _waiting_told(rank: int, count: int) -> Iterator[None]:
    """Warn if the others have not come after a while: the variables may be left over."""
    message = GanzooWarning(
        f"this process waits for the others of the {count} processes that RANK={rank} and "
        f"WORLD_SIZE={count} speak of; {torchrun.UNSET}"
    )
    timer = threading.Timer(PATIENCE, warnings.warn, (message,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def fresh(store: Store, rank: int, count: int) -> Store:
    """A part of the rendezvous store for these processes alone.

    Processes that torchrun restarts find the store of the processes before, whose addresses are
    still in it: https://github.com/pytorch/pytorch/issues/135712. Its restart count differs between
    machines. So each process requests under a name never used before, and rank 0 answers every
    request it finds until all have confirmed an answer.

    Raises:
        RuntimeError: they did not all come within the store's timeout.
    """
    from torch.distributed.distributed_c10d import PrefixStore  # not in every build of torch

    # Other ranks: request, confirm the answer.
    name = uuid4().hex
    if rank:
        store.set(f"asks/{rank}", name)
        answer = store.get(f"answer/{name}").decode()
        store.set(f"{answer}/{rank}", "heard")
        return PrefixStore(answer, store)

    # Rank 0: answer until all have confirmed.
    missing, end = set(range(1, count)), time.monotonic() + store.timeout.total_seconds()  # type: ignore[attr-defined]
    while missing:
        if time.monotonic() > end:
            raise RuntimeError(f"processes {sorted(missing)} did not come")
        for other in tuple(missing):
            if store.check([f"asks/{other}"]):
                store.set(f"answer/{store.get(f'asks/{other}').decode()}", name)
            if store.check([f"{name}/{other}"]):
                missing.remove(other)
        time.sleep(0.01)
    return PrefixStore(name, store)


@contextmanager
def lost_process_explained() -> Iterator[None]:
    """Raise a readable error if another process has ended: torch's is about sockets.

    Raises:
        GanzooError: in rank 0.
        FailedOnAnotherRank: in the others.
    """
    try:
        yield
    except RuntimeError as error:
        if world_size() == 1 or not (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise
        message = (
            f"one of the {world_size()} processes has ended, and with it the run; its own message "
            "and torchrun's summary say why. Checkpoints written before are kept: the same "
            f"command with {setting('run_dir', 'DIR')} {setting('resume', 'auto')} resumes from "
            "the latest"
        )
        raise (GanzooError(message) if rank() == 0 else FailedOnAnotherRank(message)) from error


def set_local_device(device: torch.device) -> None:
    """Select the accelerator of this process: on each machine the n-th process takes the n-th.

    Raises:
        UsageError: more processes than accelerators, or one is named for all.
    """
    if world_size() == 1 or device.type == "cpu":
        return
    # Refuse what cannot be.
    local, count = (int(os.environ.get(key, 0)) for key in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    present = torch.accelerator.device_count()
    if count > 1 and device.index is not None:
        raise UsageError(
            f"{setting('device', device)} would put {count} processes on one device; with "
            f"{setting('device', device.type)} each takes one of its own"
        )
    if max(count, local + 1) > present:
        raise UsageError(
            f"{count} processes were started on this machine, which has {present} devices of type "
            f"{device.type}: start torchrun with --nproc-per-node {present}, or train with "
            f"{setting('device', 'cpu')}"
        )

    # Select.
    if device.index is None:
        torch.accelerator.set_device_index(local)


def on_rank_zero(decide: Callable[[], T]) -> T:
    """Call a function on rank 0 and return its result on every rank; if it raises, all raise.

    Args:
        decide: called by rank 0 alone; its result must be picklable.

    Raises:
        FailedOnAnotherRank: on the other ranks, if it raised on rank 0.
    """
    if world_size() == 1:
        return decide()
    if rank() == 0:
        try:
            answer = decide()
        except Exception as error:
            message = getattr(error, "marked", str(error))
            _broadcast((None, (message, getattr(error, "exit_code", 1))))
            raise
        _broadcast((answer, None))
        return answer
    received, refusal = _broadcast(None)
    if refusal is not None:
        raise FailedOnAnotherRank(*refusal)
    return received  # type: ignore[no-any-return]


def _broadcast(value: Any) -> Any:
    box = [value]
    dist.broadcast_object_list(box, src=0, device=CPU)
    return box[0]


def barrier() -> None:
    """Return when every process has come here."""
    if world_size() > 1:
        dist.all_reduce(torch.zeros(1))


def any_rank(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Return a function that says whether the condition holds on any rank.

    In one process the condition is evaluated when that function is called. In several it is
    evaluated now, and the results are exchanged in the background.
    """
    if world_size() == 1:
        return condition
    votes = torch.tensor([float(condition())])
    work = dist.all_reduce(votes, async_op=True)

    def answer() -> bool:
        work.wait()
        return bool(votes.item())

    return answer


def mean(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean over the ranks of scalars by name; each rank gives the same names."""
    if world_size() == 1 or not terms:
        return dict(terms)
    together = torch.stack(list(terms.values()))
    dist.all_reduce(together)
    return dict(zip(terms, (together / world_size()).unbind(), strict=True))


def gather(values: Tensor) -> Tensor:
    """The rows of all ranks, in order; each rank gives as many."""
    if world_size() == 1:
        return values
    parts = [torch.empty_like(values) for _ in range(world_size())]
    dist.all_gather(parts, values.contiguous())
    return torch.cat(parts)


class _Wrapped(nn.Module):
    """An objective beside a parameter that is never used, so that DDP does not warn.

    Its `find_unused_parameters` warns if every parameter is used.
    """

    def __init__(self, objective: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.objective = objective
        self.unused = nn.Parameter(torch.zeros(1, device=device))

    def forward(self, *inputs: Any) -> Any:
        return self.objective(*inputs)


def data_parallel(objective: nn.Module, parameters: Sequence[nn.Parameter]) -> nn.Module:
    """The objective in `DistributedDataParallel`: gradients are means over the ranks.

    Args:
        objective: itself is returned in a program of one process.
        parameters: those it trains. All others count as frozen.
    """
    if world_size() == 1:
        return objective
    # About weights with a dimension of length 1: it costs a copy, and would warn at every start.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    trained = set(parameters)
    # A plugin's network may have unused parameters. Looking for them also keeps the order of DDP's
    # sums the same from step to step, which a resumed run needs to be equal to the bit.
    with frozen(p for p in objective.parameters() if p not in trained):
        return DistributedDataParallel(
            _Wrapped(objective, parameters[0].device), find_unused_parameters=True
        )


def gradient_sync(compute: Any, *, enabled: bool) -> AbstractContextManager[None]:
    """Within it, a backward pass of a `data_parallel` objective averages gradients, or not yet."""
    if enabled or not isinstance(compute, DistributedDataParallel):
        return nullcontext()
    return compute.no_sync()
