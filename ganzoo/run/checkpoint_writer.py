"""Writing checkpoints in the background, and removing those no longer wanted."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ganzoo.config import BestBy
from ganzoo.errors import GanzooError
from ganzoo.run import checkpoints
from ganzoo.run.checkpoints import Manifest, Snapshot
from ganzoo.run.directory import RunDirectory


class CheckpointWriter:
    """Writes one checkpoint at a time in a thread; training waits only to copy the weights.

    Args:
        directory: of the run.
        keep: how many of the latest to keep; all if None.
        keep_best: the metric of the log by which the best one is kept too.
    """

    def __init__(
        self, directory: RunDirectory, keep: int | None = None, keep_best: BestBy | None = None
    ) -> None:
        self.directory = directory
        self.keep = keep
        self.keep_best = keep_best
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ganzoo-checkpoint")
        self._pending: tuple[int, Future[Path]] | None = None

    def submit(self, taken: Snapshot, manifest: Manifest) -> None:
        """Begin to write a checkpoint; the one before must have been collected."""
        assert self._pending is None
        folder = self.directory.checkpoint(manifest.step)
        job = self._thread.submit(checkpoints.write, folder, taken, manifest)
        self._pending = (manifest.step, job)

    def collect(self, *, wait: bool = False) -> tuple[int, Path] | None:
        """Step and folder of a checkpoint that has come to be on the disk since, if any.

        Raises:
            GanzooError: it could not be written.
        """
        if self._pending is None or not (wait or self._pending[1].done()):
            return None
        (step, job), self._pending = self._pending, None
        folder = job.result()
        self._remove_unwanted()
        return step, folder

    def _remove_unwanted(self) -> None:
        if self.keep is None:
            return
        steps = self.directory.checkpoint_steps()
        wanted = set(steps[-self.keep :])
        best = None if self.keep_best is None else best_step(self.directory, self.keep_best)
        if best is not None:
            wanted.add(best)
        for step in steps:
            if step not in wanted:
                checkpoints.remove(self.directory.checkpoint(step))


def best_step(directory: RunDirectory, best_by: BestBy) -> int | None:
    """The step of the best checkpoint by a metric of the log; the earliest of equals."""
    sign = -1 if best_by.direction == "max" else 1
    values = []
    for step in directory.checkpoint_steps():
        try:
            metrics = checkpoints.read_manifest(directory.checkpoint(step)).metrics
        except GanzooError:  # a damaged one is not the best, and does not stop a run
            continue
        if best_by.metric in metrics:
            values.append((sign * metrics[best_by.metric], step))
    return min(values)[1] if values else None
