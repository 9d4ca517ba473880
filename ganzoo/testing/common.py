"""Promises of components of every kind: they are made from options, and described without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

from ganzoo.discovery import registry
from ganzoo.errors import PluginError
from ganzoo.interfaces.options import PenaltyOptions, describe
from ganzoo.testing.core import Bench, Broken, Promises, expect

promise = Promises(Bench)


@promise(
    mend="derive the class that `factory` names from the kind's interface, and give every "
    "option a default within its own bounds"
)
def made_from_options(bench: Bench) -> None:
    """Its factory makes a component of its kind from one validated options object."""
    if bench.component.spec.kind == "penalty":
        model = registry.options_model(bench.component)
        expect(
            issubclass(model, PenaltyOptions),
            f"its options are {model.__name__}, which has no weight and no interval",
            "derive them from ganzoo.PenaltyOptions and name them in the descriptor's `options`",
        )
    try:
        bench.create()
    except PluginError as error:
        raise Broken(str(error)) from None


@promise(mend='declare each as `width: int = Field(64, ge=1, description="…")`')
def options_explained(bench: Bench) -> None:
    """Each of its options has a description, which `ganzoo show` prints."""
    options = describe(registry.options_model(bench.component))
    undescribed = [option.name for option in options if not option.description.strip()]
    expect(not undescribed, f"no description: {', '.join(undescribed)}")


@promise(
    mend="keep hooks and options in modules of their own (plugin.py, options.py) that import "
    "no networks; ganzoo imports the factory's module when the component is first used"
)
def described_without_torch(bench: Bench) -> None:
    """Its plugin module and its options import no torch, which would slow `ganzoo --help`."""
    spec = bench.component.spec
    modules = [bench.component.plugin.value.partition(":")[0]]
    if spec.options:
        modules.append(spec.options.partition(":")[0])
    for module in modules:
        expect(not _imports_torch(module), f"importing {module} imports torch")


@cache
def _imports_torch(module: str) -> bool:
    """Import a module in a fresh interpreter and return whether torch is imported too."""
    code = f"import sys, {module}; print('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    result = subprocess.run(  # noqa: S603  # this interpreter and an installed module
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout.split()[-1] == "True"
