"""Observer: callbacks of a run, to log, draw or report it."""

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
        """Images `(n, C, H, W)` in [-1, 1] of the averaged generator: see `ganzoo.Run.sample`."""
        ...


class Observer:
    """Callbacks of a run: override those you need. An observer never changes the training.

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
        """Called before a run is trained or resumed.

        Args:
            run_dir: its directory; an observer writes into a folder of its own there.
            settings: the resolved config, section by section, as in `config.toml`.
        """

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Called before training starts or resumes at `trainer.step`; it ends at step `steps`."""

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Called after each step. `terms` are scalars on the device; reading one waits for it."""

    def measure(self, trainer: TrainerState) -> Mapping[str, float]:
        """Called before a line of the log is written: return numbers to add to it, by name.

        `keep_best` can name them if they are in the first line too. Return the same names each
        time, or an empty dict if there is nothing new. Depend on the trainer alone, so that a
        resumed run, which makes a new observer, writes the same.
        """
        return {}

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Called after a line of the log is written: means of the loss terms and diagnostics.

        Lines may have different names: an evaluation is not in every line.

        A resumed run repeats the steps after its checkpoint: after `started` at step n, lines of
        steps above n come again with the same values.
        """

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """Called after a sample grid is written, enlarged; `picture`, uint8 `(3, H, W)`, is not."""

    def checkpoint(self, step: int, path: Path) -> None:
        """Called when a whole checkpoint is on the disk, in the folder `path`."""

    def finished(self, trainer: TrainerState) -> None:
        """Called when all steps are done and everything is written."""

    def failed(self, trainer: TrainerState, error: BaseException) -> None:
        """Called when training ends by an exception, which the caller then gets (Ctrl-C too)."""
