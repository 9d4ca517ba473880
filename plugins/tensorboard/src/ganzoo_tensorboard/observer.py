"""An observer that writes TensorBoard event files to the run directory."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

import ganzoo
from ganzoo_tensorboard.options import TensorBoardOptions

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

WITHOUT_RUN = (
    "the observer 'tensorboard' writes nothing without a run directory; train with `ganzoo.train`"
)


class TensorBoard(ganzoo.Observer):
    """Metrics as scalars, sample grids as images, settings as text.

    Raises:
        ganzoo.UsageError: the package `tensorboard` is not installed.
    """

    options: TensorBoardOptions

    def __init__(self, options: TensorBoardOptions | None = None) -> None:
        super().__init__(options or TensorBoardOptions())
        with ganzoo.importing("the observer 'tensorboard'", "gan-zoo[tensorboard]"):
            import torch.utils.tensorboard  # noqa: F401
        self._folder: Path | None = None
        self._settings: Mapping[str, Any] = {}
        self._writer: SummaryWriter | None = None

    def attached(self, run_dir: Path, settings: Mapping[str, Any]) -> None:
        """Keep the folder of the event files, and the settings."""
        self._folder, self._settings = run_dir / "tensorboard", settings

    def started(self, trainer: ganzoo.TrainerState, steps: int) -> None:
        """Open an event file; events after `trainer.step` are purged, as they are written again.

        Without a run directory (`Trainer.fit`) there is no place for it, and nothing to write.
        """
        if self._folder is None:
            warnings.warn(ganzoo.GanzooWarning(WITHOUT_RUN), stacklevel=2)
            return

        from torch.utils.tensorboard import SummaryWriter

        purge_step = trainer.step + 1 if trainer.step else None
        self._writer = SummaryWriter(str(self._folder), purge_step=purge_step)
        text = f"```json\n{json.dumps(self._settings, indent=2)}\n```"
        self._writer.add_text("settings", text, trainer.step)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Write each number of the log line as a scalar."""
        if self._writer is not None:
            for name, value in values.items():
                if name != "step":
                    self._writer.add_scalar(name, value, step)

    def samples(self, step: int, picture: Tensor, path: Path) -> None:
        """Write the sample grid as an image."""
        if self._writer is not None and self.options.images:
            self._writer.add_image("samples", picture, step)

    def finished(self, trainer: ganzoo.TrainerState) -> None:
        """Close the event file."""
        self._close()

    def failed(self, trainer: ganzoo.TrainerState, error: BaseException) -> None:
        """Close the event file; its content is kept."""
        self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
