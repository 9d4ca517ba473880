"""The time budget: ends a training after some minutes, at a step that all processes agree on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from torch import Tensor

from ganzoo.config import TrainingConfig
from ganzoo.config.run_config import STEP_LENGTHS
from ganzoo.config.schema import MOST_STEPS
from ganzoo.errors import UsageError, setting
from ganzoo.interfaces.observer import Observer, TrainerState


class TimeBudget(Observer):
    """Ends a training after the first step at which its time has passed.

    Args:
        minutes: from the start of `fit`; infinite for no limit.
        stop: the trainer's: `fit` then ends in all processes after the same step.
    """

    def __init__(self, minutes: float, stop: Callable[[], None]) -> None:
        super().__init__()
        self._minutes, self._stop = minutes, stop

    def started(self, trainer: TrainerState, steps: int) -> None:
        """Start the clock."""
        self._end = time.perf_counter() + 60 * self._minutes

    def step(self, trainer: TrainerState, terms: Mapping[str, Tensor]) -> None:
        """Stop if the time has passed."""
        if time.perf_counter() >= self._end:
            self._stop()


def length(
    training: TrainingConfig, image_count: int, steps: int | None, minutes: float | None
) -> tuple[int, float]:
    """The steps and the minutes after which `fit` ends, whichever comes first.

    Args:
        training: the settings; they count if both arguments are None.
        image_count: images of the dataset.
        steps: an argument of `fit`.
        minutes: an argument of `fit`.

    Raises:
        UsageError: the minutes are not positive.
    """
    # The settings; minutes alone leave the steps open.
    if steps is None and minutes is None:
        minutes = training.minutes
        if minutes is None or training.model_fields_set.intersection(STEP_LENGTHS):
            steps = length_in_steps(training, image_count)

    # What is left open ends nothing.
    if minutes is not None and not minutes > 0:
        raise UsageError(f"{setting('minutes', minutes)} should be greater than 0")
    return MOST_STEPS if steps is None else steps, math.inf if minutes is None else minutes


def length_in_steps(training: TrainingConfig, image_count: int) -> int:
    """The number of steps to train: that of `steps`, or of `kimg` or `epochs` rounded up.

    Args:
        training: the settings.
        image_count: images of the dataset, one epoch.
    """
    if training.kimg is not None:
        images = 1000 * training.kimg
    elif training.epochs is not None:
        images = training.epochs * image_count
    else:
        return training.steps
    return math.ceil(images / training.images_per_step)
