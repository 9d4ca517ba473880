"""Runs a function in several processes that form a process group, as torchrun would start them."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from forked import CONTEXT

PATIENCE = 120.0


def together(ranks: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """What the function, one of an importable module, returns in each process."""
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            CONTEXT.Process(target=_run, args=(Path(folder), rank, ranks, function, arguments))
            for rank in range(ranks)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(PATIENCE)
            process.kill()
        results = [
            torch.load(file, weights_only=False) for file in sorted(Path(folder).glob("*.pt"))
        ]
    for result in results:
        if isinstance(result, str) and result.startswith("Traceback"):
            raise AssertionError(result)
    assert len(results) == ranks, "a process ended without a result"
    return results


def _run(
    folder: Path, rank: int, ranks: int, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    torch.set_num_threads(1)
    try:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=ranks
        )
        result = function(*arguments)
        torch.distributed.destroy_process_group()
    except BaseException:
        result = traceback.format_exc()
    torch.save(result, folder / f"{rank}.pt")
