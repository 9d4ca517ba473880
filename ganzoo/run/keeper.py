"""The keeper: writes checkpoints beside the training, and removes those no longer wanted."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.run import checkpoints
from ganzoo.run.checkpoints import Manifest, Snapshot
from ganzoo.run.directory import RunDirectory


class Keeper:
    """Writes one checkpoint at a time in a thread; training waits only to copy the weights.

    Args:
        directory: of the run.
        keep: how many of the latest to keep; all where None.
        keep_best: a metric of the log, by which the best is kept besides; `NAME:max` where more
            is better.
    """

    def __init__(
        self, directory: RunDirectory, keep: int | None = None, keep_best: str | None = None
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
        if self.keep_best is not None:
            wanted |= {step for step in [best_step(self.directory, self.keep_best)] if step}
        for step in steps:
            if step not in wanted:
                checkpoints.remove(self.directory.checkpoint(step))


def best_step(directory: RunDirectory, metric: str) -> int | None:
    """The step of the best checkpoint by a metric of the log; the earliest of equals.

    Args:
        directory: of the run.
        metric: `NAME` or `NAME:min` where less is better, `NAME:max` where more is.
    """
    name, _, direction = metric.partition(":")
    sign = -1 if direction == "max" else 1
    values = []
    for step in directory.checkpoint_steps():
        try:
            metrics = checkpoints.read_manifest(directory.checkpoint(step)).metrics
        except GanzooError:  # a damaged one is not the best, and is not to stop a run
            continue
        if name in metrics:
            values.append((sign * metrics[name], step))
    return min(values)[1] if values else None
