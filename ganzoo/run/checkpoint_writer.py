"""Checkpoint writer: writes checkpoints in a background thread and removes old ones."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ganzoo.config import BestBy
from ganzoo.errors import GanzooError
from ganzoo.run import checkpoints
from ganzoo.run.checkpoints import Manifest, Snapshot
from ganzoo.run.directory import RunDirectory


class CheckpointWriter:
    """Writes one checkpoint at a time in a thread; training waits only for the copy of the weights.

    Args:
        keep: number of latest checkpoints to keep; all if None.
        keep_best: the metric of the log by which the best checkpoint is kept as well.
    """

    def __init__(
        self, directory: RunDirectory, keep: int | None = None, keep_best: BestBy | None = None
    ) -> None:
        self.directory = directory
        self.keep = keep
        self.keep_best = keep_best
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ganzoo-checkpoint")
        self._pending: tuple[int, Future[Path]] | None = None

    def submit(self, snapshot: Snapshot, manifest: Manifest) -> None:
        """Start writing a checkpoint. The one before must have been collected."""
        assert self._pending is None
        folder = self.directory.checkpoint(manifest.step)
        job = self._thread.submit(checkpoints.write, folder, snapshot, manifest)
        self._pending = (manifest.step, job)

    def collect(self, *, wait: bool = False) -> tuple[int, Path] | None:
        """Return step and folder of the submitted checkpoint once it is on the disk, else None.

        Args:
            wait: until it is written.

        Raises:
            GanzooError: it could not be written.
        """
        if self._pending is None:
            return None
        step, job = self._pending
        if not wait and not job.done():
            return None
        self._pending = None
        folder = job.result()
        self._remove_old()
        return step, folder

    def _remove_old(self) -> None:
        """Remove all checkpoints but the latest `keep` and the best."""
        if self.keep is None:
            return
        steps = self.directory.checkpoint_steps()
        kept = set(steps[-self.keep :])
        best = None if self.keep_best is None else best_step(self.directory, self.keep_best)
        if best is not None:
            kept.add(best)
        for step in steps:
            if step not in kept:
                checkpoints.remove(self.directory.checkpoint(step))


def best_step(directory: RunDirectory, best_by: BestBy) -> int | None:
    """Return the step of the best checkpoint by a metric of the log; the earliest of equals."""
    values: dict[int, float] = {}
    for step in directory.checkpoint_steps():
        try:
            metrics = checkpoints.read_manifest(directory.checkpoint(step)).metrics
        except GanzooError:  # a damaged checkpoint is not the best, and does not stop a run
            continue
        if best_by.metric in metrics:
            values[step] = metrics[best_by.metric]
    if not values:
        return None
    if best_by.direction == "max":
        return max(values, key=values.__getitem__)
    return min(values, key=values.__getitem__)
