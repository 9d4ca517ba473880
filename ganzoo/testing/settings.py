"""Training settings that a loss or an architecture recommends: valid ones only."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.config import TrainingConfig
from ganzoo.errors import UsageError
from ganzoo.interfaces.options import validated
from ganzoo.interfaces.settings import Settings
from ganzoo.testing.core import Broken, expect

MEND = "return only keys of ganzoo.Settings, within the ranges of ganzoo.config.TrainingConfig"


def expect_valid(settings: Mapping[str, object]) -> None:
    """Expect that each key may be recommended, and each value is in its range."""
    allowed = Settings.__annotations__
    for key in settings:
        expect(key in allowed, f"'{key}' is none of {', '.join(allowed)}")
    try:
        validated(TrainingConfig, settings)
    except UsageError as error:
        raise Broken(str(error)) from None
