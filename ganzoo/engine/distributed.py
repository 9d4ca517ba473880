"""Several processes that train one run: who is who, and what they tell each other.

`torchrun` starts the same program several times and tells each its rank in the environment.
All of them compose, train and step alike; rank 0 alone decides and writes. In a program that was
started once every function here is as good as not there. Nothing here knows what is trained.
"""

from __future__ import annotations

import os
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

from ganzoo.engine import launched
from ganzoo.engine.optimizers import frozen
from ganzoo.errors import GanzooError, ToldElsewhere, UsageError

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

T = TypeVar("T")

CPU = torch.device("cpu")


def rank() -> int:
    """Which of the processes this is, from 0."""
    return dist.get_rank() if _together() else 0


def world_size() -> int:
    """How many processes train together; 1 where there is no process group."""
    return dist.get_world_size() if _together() else 1


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


@contextmanager
def joined() -> Iterator[None]:
    """Be one of the processes that torchrun started, if it did, for as long as the block runs.

    A process group that is there already is used and left as it is.
    """
    if _together() or launched.world_size() == 1:
        yield
        return
    try:
        store, rank, count = next(rendezvous("env://"))
        # gloo for tensors on the CPU, nccl for those on a GPU
        dist.init_process_group(store=fresh(store, rank, count), rank=rank, world_size=count)
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise GanzooError(
            f"the {launched.world_size()} processes did not find each other: {reason}. "
            "torchrun --max-restarts 3 tries again"
        ) from error
    try:
        with contact():
            yield
    except BaseException:
        if not torch.accelerator.is_available():  # nccl might wait for those who are gone
            dist.destroy_process_group()
        raise
    dist.destroy_process_group()


def fresh(store: Store, rank: int, count: int) -> Store:
    """A part of the store for these processes alone.

    Those that torchrun starts anew find the store of their predecessors, whose addresses are still
    in it: https://github.com/pytorch/pytorch/issues/135712. Its count of restarts is each
    machine's own. So each asks under a name never used before, and rank 0 answers whoever seems
    to ask until it has heard from all that its answer has come.

    Raises:
        RuntimeError: they did not all come within the store's timeout.
    """
    from torch.distributed.distributed_c10d import PrefixStore  # not in every build of torch

    name = uuid4().hex
    if rank:
        store.set(f"asks/{rank}", name)
        answer = store.get(f"answer/{name}").decode()
        store.set(f"{answer}/{rank}", "heard")
        return PrefixStore(answer, store)
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
def contact() -> Iterator[None]:
    """Say in words that another process has gone: torch says it in terms of sockets.

    Raises:
        GanzooError: in rank 0.
        ToldElsewhere: in the others.
    """
    try:
        yield
    except RuntimeError as error:
        if world_size() == 1 or not (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise
        message = (
            f"one of the {world_size()} processes has ended, and with it the run; what it said, "
            "and torchrun's summary, tell why. Checkpoints written before are kept: the same "
            "command with --run-dir DIR --resume auto goes on from the latest"
        )
        raise (GanzooError(message) if rank() == 0 else ToldElsewhere(message)) from error


def claim(device: torch.device) -> None:
    """Take the accelerator of this process: on each machine the n-th process has the n-th.

    Raises:
        UsageError: more processes than accelerators, or one is named for all.
    """
    if world_size() == 1 or device.type == "cpu":
        return
    local, count = (int(os.environ.get(key, 0)) for key in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    present = torch.accelerator.device_count()
    if count > 1 and device.index is not None:
        raise UsageError(
            f"--device {device} would put {count} processes on one device; say {device.type}, and "
            "each takes one of its own"
        )
    if max(count, local + 1) > present:
        raise UsageError(
            f"{count} processes were started on this machine, which has {present} devices of type "
            f"{device.type}: start torchrun with --nproc-per-node {present}, or train with "
            "--device cpu"
        )
    if device.index is None:
        torch.accelerator.set_device_index(local)


def decided(decide: Callable[[], T]) -> T:
    """What rank 0 decides, in every process; if it raises, all do.

    Args:
        decide: called by rank 0 alone; what it returns can be pickled.

    Raises:
        ToldElsewhere: in the others, where it raised in rank 0.
    """
    if world_size() == 1:
        return decide()
    if rank() == 0:
        try:
            answer = decide()
        except Exception as error:
            _broadcast((None, (str(error), getattr(error, "exit_code", 1))))
            raise
        _broadcast((answer, None))
        return answer
    received, refusal = _broadcast(None)
    if refusal is not None:
        raise ToldElsewhere(*refusal)
    return received  # type: ignore[no-any-return]


def _broadcast(value: Any) -> Any:
    box = [value]
    dist.broadcast_object_list(box, src=0, device=CPU)
    return box[0]


def wait_for_all() -> None:
    """Return when every process has come here."""
    if world_size() > 1:
        dist.all_reduce(torch.zeros(1))


def anyone(asked: Callable[[], bool]) -> Callable[[], bool]:
    """Whether any process says yes, the same answer in each.

    Alone, the question is put when the answer is wanted. Together it is put now, and the answer
    travels while there is other work.
    """
    if world_size() == 1:
        return asked
    votes = torch.tensor([float(asked())])
    work = dist.all_reduce(votes, async_op=True)

    def answer() -> bool:
        work.wait()
        return bool(votes.item())

    return answer


def mean(terms: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean over the processes of scalars by name, which are the same names in each."""
    if world_size() == 1 or not terms:
        return dict(terms)
    together = torch.stack(list(terms.values()))
    dist.all_reduce(together)
    return dict(zip(terms, (together / world_size()).unbind(), strict=True))


class _Side(nn.Module):
    """An objective as `DistributedDataParallel` is to see it.

    Its parameter is never used, so that torch does not warn where all others are.
    """

    def __init__(self, objective: nn.Module, device: torch.device) -> None:
        super().__init__()
        self.objective = objective
        self.unused = nn.Parameter(torch.zeros(1, device=device))

    def forward(self, *inputs: Any) -> Any:
        return self.objective(*inputs)


def parallel(objective: nn.Module, trained: Sequence[nn.Parameter]) -> nn.Module:
    """An objective whose gradients are means over the processes; itself where there is one.

    Args:
        objective: of one side.
        trained: the parameters it is to train. All others are taken as frozen.
    """
    if world_size() == 1:
        return objective
    # of weights with a side of length 1: a matter of a copy, which would be told at every start
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    mine = set(trained)
    # Unused parameters are looked for, as a plugin's network may have some, and as torch then
    # keeps the order in which it sums: a resumed run is the same to the bit.
    with frozen(p for p in objective.parameters() if p not in mine):
        return DistributedDataParallel(
            _Side(objective, trained[0].device), find_unused_parameters=True
        )


def summing(compute: Any, *, now: bool) -> AbstractContextManager[None]:
    """Within it, a backward pass of a `parallel` objective exchanges gradients now or later."""
    if now or not isinstance(compute, DistributedDataParallel):
        return nullcontext()
    return compute.no_sync()
