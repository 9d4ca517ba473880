"""What components of every kind promise: to be made from their options, lightly described."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

from ganzoo.discovery import registry
from ganzoo.interfaces.architecture import Architecture
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.extractor import Extractor
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.metric import Metric
from ganzoo.interfaces.observer import Observer
from ganzoo.interfaces.options import PenaltyOptions, describe
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.testing.core import Bench, Promises, expect

INTERFACES: dict[str, tuple[type, ...]] = {
    "architecture": (Architecture,),
    "loss": (Loss,),
    "penalty": (Penalty, GeneratorPenalty),
    "dataset": (Dataset,),
    "observer": (Observer,),
    "metric": (Metric,),
    "extractor": (Extractor,),
}

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
    made = bench.make()
    expected = INTERFACES[bench.component.spec.kind]
    names = " or ".join(f"ganzoo.{interface.__name__}" for interface in expected)
    expect(isinstance(made, expected), f"it made a {type(made).__name__}, which is no {names}")


@promise(mend='declare each as `width: int = Field(64, ge=1, description="…")`')
def options_explained(bench: Bench) -> None:
    """Each of its options has a description, which `ganzoo show` prints."""
    options = describe(registry.options_model(bench.component))
    silent = [option.name for option in options if not option.description.strip()]
    expect(not silent, f"no description: {', '.join(silent)}")


@promise(
    mend="keep hooks and options in modules of their own (plugin.py, options.py) that import "
    "no networks; ganzoo imports the factory's module when the component is first used"
)
def described_without_torch(bench: Bench) -> None:
    """Its plugin module and its options import no torch, which would slow `ganzoo --help`."""
    spec = bench.component.spec
    modules = [bench.component.plugin.value.partition(":")[0]]
    modules += [spec.options.partition(":")[0]] if spec.options else []
    for module in modules:
        expect(not _imports_torch(module), f"importing {module} imports torch")


@cache
def _imports_torch(module: str) -> bool:
    """Whether a fresh interpreter that imports a module holds torch afterwards."""
    code = f"import sys, {module}; print('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    result = subprocess.run(  # noqa: S603  # our own interpreter, a module that is installed
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout.split()[-1] == "True"
