"""The promise of losses and architectures about the training settings they recommend."""

from __future__ import annotations

from ganzoo.config import TrainingConfig
from ganzoo.errors import UsageError
from ganzoo.interfaces.options import validated
from ganzoo.interfaces.settings import Settings
from ganzoo.testing.core import Bench, Broken, Promises, expect

promise = Promises(Bench)


@promise(
    mend="return only keys of ganzoo.Settings, within the ranges of ganzoo.config.TrainingConfig"
)
def training_settings(bench: Bench) -> None:
    """The settings it recommends are valid."""
    settings, allowed = bench.make().settings(), Settings.__annotations__
    for key in settings:
        expect(key in allowed, f"'{key}' is none of {', '.join(allowed)}")
    try:
        validated(TrainingConfig, settings)
    except UsageError as error:
        raise Broken(str(error)) from None
