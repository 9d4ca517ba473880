"""ganzoo: a GAN zoo whose animals are plugins.

    import ganzoo

    run = ganzoo.train(arch="dcgan", loss="bce", steps=500)
    images = run.sample(64)

Every public name is imported on first use: `import ganzoo` costs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.config import RunConfig as RunConfig
    from ganzoo.data.cache import cache_dir as cache_dir
    from ganzoo.data.loading import Images as Images
    from ganzoo.data.store import ImageStore as ImageStore
    from ganzoo.data.stream import ImageStream as ImageStream
    from ganzoo.engine.trainer import Trainer as Trainer
    from ganzoo.errors import DataError as DataError
    from ganzoo.errors import Diverged as Diverged
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.errors import PluginError as PluginError
    from ganzoo.errors import Unsupported as Unsupported
    from ganzoo.errors import UsageError as UsageError
    from ganzoo.evaluation import Evaluation as Evaluation
    from ganzoo.evaluation import evaluate as evaluate
    from ganzoo.exporting import export as export
    from ganzoo.hookspecs import hookimpl as hookimpl
    from ganzoo.host import PluginHost as PluginHost
    from ganzoo.host import default_host as default_host
    from ganzoo.interfaces.architecture import Architecture as Architecture
    from ganzoo.interfaces.architecture import Networks as Networks
    from ganzoo.interfaces.dataset import Dataset as Dataset
    from ganzoo.interfaces.extractor import Classifier as Classifier
    from ganzoo.interfaces.extractor import Extractor as Extractor
    from ganzoo.interfaces.latent import Latent as Latent
    from ganzoo.interfaces.latent import NormalLatent as NormalLatent
    from ganzoo.interfaces.latent import UniformLatent as UniformLatent
    from ganzoo.interfaces.loss import Loss as Loss
    from ganzoo.interfaces.metric import Measured as Measured
    from ganzoo.interfaces.metric import Metric as Metric
    from ganzoo.interfaces.metric import Score as Score
    from ganzoo.interfaces.observer import Observer as Observer
    from ganzoo.interfaces.options import NoOptions as NoOptions
    from ganzoo.interfaces.options import Options as Options
    from ganzoo.interfaces.options import PenaltyOptions as PenaltyOptions
    from ganzoo.interfaces.penalty import GeneratorPenalty as GeneratorPenalty
    from ganzoo.interfaces.penalty import Penalty as Penalty
    from ganzoo.interfaces.penalty import image_gradient as image_gradient
    from ganzoo.interfaces.values import Batch as Batch
    from ganzoo.interfaces.values import Critic as Critic
    from ganzoo.interfaces.values import Demands as Demands
    from ganzoo.interfaces.values import ImageSet as ImageSet
    from ganzoo.interfaces.values import ImageSource as ImageSource
    from ganzoo.interfaces.values import ImageSpec as ImageSpec
    from ganzoo.interfaces.values import Settings as Settings
    from ganzoo.registry import create as create
    from ganzoo.registry import names as names
    from ganzoo.reporting import Comparison as Comparison
    from ganzoo.reporting import compare as compare
    from ganzoo.reporting import report as report
    from ganzoo.run import Run as Run
    from ganzoo.run import resume as resume
    from ganzoo.run import train as train
    from ganzoo.run.pictures import save_grid as save_grid
    from ganzoo.specs import ArchitectureSpec as ArchitectureSpec
    from ganzoo.specs import CommandSpec as CommandSpec
    from ganzoo.specs import DatasetSpec as DatasetSpec
    from ganzoo.specs import ExtractorSpec as ExtractorSpec
    from ganzoo.specs import LossSpec as LossSpec
    from ganzoo.specs import MetricSpec as MetricSpec
    from ganzoo.specs import ObserverSpec as ObserverSpec
    from ganzoo.specs import PenaltySpec as PenaltySpec
    from ganzoo.specs import RecipeSpec as RecipeSpec

_HOME = {
    "ganzoo.config": ("RunConfig",),
    "ganzoo.data.cache": ("cache_dir",),
    "ganzoo.data.loading": ("Images",),
    "ganzoo.data.store": ("ImageStore",),
    "ganzoo.data.stream": ("ImageStream",),
    "ganzoo.engine.trainer": ("Trainer",),
    "ganzoo.errors": (
        "DataError",
        "Diverged",
        "GanzooError",
        "PluginError",
        "Unsupported",
        "UsageError",
    ),
    "ganzoo.evaluation": ("Evaluation", "evaluate"),
    "ganzoo.exporting": ("export",),
    "ganzoo.hookspecs": ("hookimpl",),
    "ganzoo.host": ("PluginHost", "default_host"),
    "ganzoo.interfaces.architecture": ("Architecture", "Networks"),
    "ganzoo.interfaces.dataset": ("Dataset",),
    "ganzoo.interfaces.extractor": ("Classifier", "Extractor"),
    "ganzoo.interfaces.latent": ("Latent", "NormalLatent", "UniformLatent"),
    "ganzoo.interfaces.loss": ("Loss",),
    "ganzoo.interfaces.metric": ("Measured", "Metric", "Score"),
    "ganzoo.interfaces.observer": ("Observer",),
    "ganzoo.interfaces.options": ("NoOptions", "Options", "PenaltyOptions"),
    "ganzoo.interfaces.penalty": ("GeneratorPenalty", "Penalty", "image_gradient"),
    "ganzoo.interfaces.values": (
        "Batch",
        "Critic",
        "Demands",
        "ImageSet",
        "ImageSource",
        "ImageSpec",
        "Settings",
    ),
    "ganzoo.registry": ("create", "names"),
    "ganzoo.reporting": ("Comparison", "compare", "report"),
    "ganzoo.run": ("Run", "resume", "train"),
    "ganzoo.run.pictures": ("save_grid",),
    "ganzoo.specs": (
        "ArchitectureSpec",
        "CommandSpec",
        "DatasetSpec",
        "ExtractorSpec",
        "LossSpec",
        "MetricSpec",
        "ObserverSpec",
        "PenaltySpec",
        "RecipeSpec",
    ),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("gan-zoo")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, "__version__"})
