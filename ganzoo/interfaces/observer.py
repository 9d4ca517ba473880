"""Observer: watches a run as it goes on, to log, draw or report it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor


class Observer:
    """Watches a run: override what interests you. Watching never changes the training.

        class Notes(ganzoo.Observer):
            def metrics(self, step, values):
                print(step, values["generator/adversarial"])

    Every argument named `trainer` is the `ganzoo.Trainer`: `trainer.step` counts the steps done,
    and `trainer.sample(16)` draws images without moving the training. An event that is not
    overridden costs nothing. `Trainer.fit` alone tells of `started`, `step`, `finished` and
    `failed`; the others come from a run, which writes something down.

    An observer that a plugin provides is constructed with one argument, its validated options.
    Where one raises, it is switched off with a warning and the training goes on.
    """

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """A run is about to be trained or resumed.

        Args:
            run_dir: its directory; what an observer keeps belongs into a folder of its own there.
            settings: the resolved config, section by section, as in `config.toml`.
        """

    def started(self, trainer: Any, steps: int) -> None:
        """Training is about to go on from `trainer.step` to step `steps`."""

    def step(self, trainer: Any, terms: Mapping[str, Tensor]) -> None:
        """A step is done. `terms` are scalars on the device; reading one waits for it."""

    def measure(self, trainer: Any) -> Mapping[str, float]:
        """A line of the log is about to be written: numbers of one's own for it, by name.

        `--keep-best NAME` can name them, if they are there in the first line too. Return none
        where there is nothing new, and make it depend on `trainer.step` alone, so that a resumed
        run writes the same.
        """
        return {}

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """A line of the log was written: means of the loss terms, and what `ganzoo doctor` reads.

        The loss may have been logged at fewer steps than a resumed run does again: after
        `started` at step n, lines of steps above n come again with the same values.
        """

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """A sample grid was written to `path`: uint8 `(3, H, W)`."""

    def checkpoint(self, step: int, path: Path) -> None:
        """A checkpoint is on the disk, whole, in the folder `path`."""

    def finished(self, trainer: Any) -> None:
        """All steps are done, and everything is written."""

    def failed(self, trainer: Any, error: BaseException) -> None:
        """Training stopped at an exception, which goes on to the caller (Ctrl-C too)."""
