"""The recorder: an observer that writes a run's log, sample grids and checkpoints."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TextIO

from torch import Tensor

from ganzoo.config import LoggingConfig
from ganzoo.engine.objectives import Terms
from ganzoo.engine.trainer import Observer, Trainer
from ganzoo.errors import GanzooError
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.values import Demands
from ganzoo.run import checkpoints
from ganzoo.run.checkpoints import Manifest
from ganzoo.run.directory import RunDirectory
from ganzoo.run.pictures import grid, save_picture

MAX_CLASS_COLUMNS = 16


class Recorder(Observer):
    """Writes what a run leaves behind, at the intervals its config sets.

    Args:
        directory: of the run.
        logging: the intervals.
        dataset: asked to render samples, where a grid would not show them.
        demands: noted in checkpoints.
        class_names: noted in checkpoints.
        versions: of the distributions that take part, noted in checkpoints.
    """

    def __init__(
        self,
        directory: RunDirectory,
        logging: LoggingConfig,
        dataset: Dataset,
        *,
        demands: Demands,
        class_names: tuple[str, ...],
        versions: dict[str, str],
    ) -> None:
        self.directory = directory
        self.logging = logging
        self.dataset = dataset
        self.demands = demands
        self.class_names = class_names
        self.versions = versions
        self._log: TextIO | None = None
        self._sums: dict[str, tuple[Tensor, int]] = {}

    def started(self, trainer: Trainer, steps: int) -> None:
        """Open the log; draw what untrained weights show."""
        self._log = self.directory.metrics.open("a", encoding="utf-8")
        self._since = (time.perf_counter(), trainer.step)
        if trainer.step == 0:
            self._draw(trainer)

    def go_on(self, folder: Path, trainer: Trainer) -> None:
        """Go on from a checkpoint: the trainer is put there, and the log cut off after it."""
        self._sums = checkpoints.restore(folder, trainer)
        self.cut_log(trainer.step)

    def cut_log(self, step: int) -> None:
        """Keep the whole windows up to a step: the rest will be written again."""
        kept = []
        if self.directory.metrics.exists():
            for line in self.directory.metrics.read_text(encoding="utf-8").splitlines():
                try:
                    reached = json.loads(line)["step"]
                except ValueError:  # cut short by a crash
                    break
                if reached <= step and reached % self.logging.log_every == 0:
                    kept.append(line + "\n")
        temporary = self.directory.metrics.with_suffix(".new")
        temporary.write_text("".join(kept), encoding="utf-8")
        temporary.replace(self.directory.metrics)

    def step(self, trainer: Trainer, terms: Terms) -> None:
        """Gather the terms; write what is due."""
        for name, value in terms.items():
            total, count = self._sums.get(name, (0, 0))
            self._sums[name] = (total + value, count + 1)  # on the device: no waiting for it
        if trainer.step % self.logging.log_every == 0:
            self._write_line(trainer)
        if trainer.step % self.logging.sample_every == 0:
            self._draw(trainer)
        if trainer.step % self.logging.checkpoint_every == 0:
            self._finite_means(trainer)  # what is not finite is not saved
            self.checkpoint(trainer)

    def finished(self, trainer: Trainer) -> None:
        """Write what the intervals left over; the checkpoint first, which may be gone on from."""
        self.checkpoint(trainer)
        if self._sums:
            self._write_line(trainer)
        if trainer.step % self.logging.sample_every:
            self._draw(trainer)
        self._close()

    def failed(self, trainer: Trainer, error: BaseException) -> None:
        """Keep what was reached: a Ctrl-C loses nothing."""
        try:
            if trainer.step and trainer.consistent and isinstance(error, KeyboardInterrupt):
                self.checkpoint(trainer)
        finally:
            self._close()

    def checkpoint(self, trainer: Trainer) -> None:
        """Write a checkpoint of this step, unless there is one."""
        folder = self.directory.checkpoint(trainer.step)
        if not folder.exists():
            manifest = Manifest(
                trainer.step, trainer.image, self.demands, self.class_names, self.versions
            )
            checkpoints.save(folder, trainer, manifest, log=self._sums)

    def _write_line(self, trainer: Trainer) -> None:
        now, (then, step) = time.perf_counter(), self._since
        speed = (trainer.step - step) * trainer.training.batch_size / max(now - then, 1e-9)
        means = self._finite_means(trainer)
        line = {"step": trainer.step, "images_per_second": round(speed, 1), **means}
        assert self._log is not None
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()
        self._sums = {}
        self._since = (now, trainer.step)

    def _finite_means(self, trainer: Trainer) -> dict[str, float]:
        """Means of the terms since the last line; stops a run that is lost rather than save it."""
        means = {name: float(total) / count for name, (total, count) in self._sums.items()}
        broken = [name for name, mean in means.items() if not math.isfinite(mean)]
        if broken:
            steps = self.directory.checkpoint_steps()
            kept = f"the last good checkpoint is of step {steps[-1]}" if steps else "none was saved"
            raise GanzooError(
                f"{', '.join(broken)} became {means[broken[0]]} shortly before step "
                f"{trainer.step}; {kept}. Try lower learning rates, a gradient penalty, or "
                "--precision fp32"
            )
        return means

    def _draw(self, trainer: Trainer) -> None:
        """The same z each time; a column for each class where there are classes."""
        count, columns = self.logging.sample_count, None
        if trainer.conditional:
            columns = min(trainer.image.num_classes, MAX_CLASS_COLUMNS)
            count = max(columns, count - count % columns)
        images = trainer.sample(count)
        picture = self.dataset.render(images)
        save_picture(
            grid(images, columns) if picture is None else picture,
            self.directory.samples / f"{trainer.step:06d}.png",
        )

    def _close(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None
