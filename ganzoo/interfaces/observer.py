"""Observer: watches a run as it goes on, to log, draw or report it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn

from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.options import NoOptions, Options

if TYPE_CHECKING:
    import torch


class TrainerState(Protocol):
    """The trainer as an observer sees it.

    Attributes:
        step: generator updates done so far.
        device: where the networks are.
        generator: with its latest weights; called as `generator(z)` or `generator(z, labels)`.
        discriminator: with its latest weights.
        conditional: whether both are given labels.
        image: shape of the images and number of classes.
    """

    step: int
    device: torch.device
    generator: nn.Module
    discriminator: nn.Module
    conditional: bool
    image: ImageSpec

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Images `(n, C, H, W)` of the averaged generator; does not change the training."""
        ...


class Observer:
    """Watches a run: override what interests you. Watching never changes the training.

        class Notes(ganzoo.Observer):
            def metrics(self, step, values):
                print(step, values["generator/adversarial"])

    Every argument named `trainer` is the `ganzoo.Trainer`: `trainer.step` counts the steps done,
    and `trainer.sample(16)` draws images without changing the training. A method that is not
    overridden costs nothing. `Trainer.fit` alone calls `started`, `step`, `finished` and `failed`;
    the others are called by a run that writes a run directory.

    A plugin's observer is constructed with one argument, its validated options. If one raises, it
    is switched off with a warning and the training continues.
    """

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        self.options = NoOptions() if options is None else options

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """A run is about to be trained or resumed.

        Args:
            run_dir: its directory; what an observer keeps belongs into a folder of its own there.
            settings: the resolved config, section by section, as in `config.toml`.
        """

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Training is about to go on from `trainer.step` to step `steps`."""

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """A step is done. `terms` are scalars on the device; reading one waits for it."""

    def measure(self, trainer: TrainerState) -> Mapping[str, float]:
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

    def finished(self, trainer: TrainerState) -> None:
        """All steps are done, and everything is written."""

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """Training stopped at an exception, which goes on to the caller (Ctrl-C too)."""
