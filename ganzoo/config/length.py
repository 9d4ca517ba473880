"""The length of a training: steps and minutes, of whatever settings give them."""

from __future__ import annotations

import math

from ganzoo.config import TrainingConfig
from ganzoo.config.run_config import STEP_LENGTHS
from ganzoo.config.schema import MOST_STEPS
from ganzoo.errors import UsageError, setting


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
