"""The plugin contract: the hooks a plugin package may implement.

A plugin is a module named by an entry point in the group `ganzoo`:

    # pyproject.toml
    [project.entry-points.ganzoo]
    acme = "acme_gan.plugin"

    # acme_gan/plugin.py  (imported by `ganzoo --help` too, so it must not import torch)
    import ganzoo

    @ganzoo.hookimpl
    def ganzoo_losses():
        yield ganzoo.LossSpec(
            name="acme",
            factory="acme_gan.loss:AcmeLoss",
            options="acme_gan.options:AcmeOptions",
            summary="The loss of Acme et al.",
        )
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ganzoo.discovery.specs import (
    ArchitectureSpec,
    AugmentationSpec,
    CommandSpec,
    ConstraintSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    MetricSpec,
    ObserverSpec,
    PenaltySpec,
    RecipeSpec,
)

PROJECT = "ganzoo"
"""Name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin module as the implementation of the hook of the same name.

An installed ganzoo that does not have the hook refuses the plugin; with
`@ganzoo.hookimpl(optionalhook=True)` it ignores the function.
"""


@hookspec
def ganzoo_architectures() -> Iterable[ArchitectureSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each architecture: a generator and a discriminator.

    `factory` names a subclass of `ganzoo.Architecture`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_architectures():
            yield ganzoo.ArchitectureSpec(
                name="acme",
                factory="acme_gan.architecture:Acme",
                options="acme_gan.options:AcmeOptions",
                summary="The residual networks of Acme et al.",
                reference="Acme et al. 2026, Residual GANs, arXiv:2601.00001",
            )
    """


@hookspec
def ganzoo_losses() -> Iterable[LossSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each loss.

    `factory` names a subclass of `ganzoo.Loss`; without options of its own, leave `options` out:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_losses():
            yield ganzoo.LossSpec(
                name="acme",
                factory="acme_gan.loss:AcmeLoss",
                options="acme_gan.options:AcmeLossOptions",
                summary="The loss of Acme et al.",
            )
    """


@hookspec
def ganzoo_penalties() -> Iterable[PenaltySpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each penalty, a regularizer that works with any loss.

    `factory` names a subclass of `ganzoo.Penalty` or `ganzoo.GeneratorPenalty`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_penalties():
            yield ganzoo.PenaltySpec(
                name="acme-penalty",
                factory="acme_gan.penalty:AcmePenalty",
                options="acme_gan.options:AcmePenaltyOptions",
                summary="The gradient penalty of Acme et al.",
            )
    """


@hookspec
def ganzoo_augmentations() -> Iterable[AugmentationSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each augmentation of what the discriminator sees.

    `factory` names a subclass of `ganzoo.Augmentation`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_augmentations():
            yield ganzoo.AugmentationSpec(
                name="acme-noise",
                factory="acme_gan.augmentation:Noise",
                options="acme_gan.options:NoiseOptions",
                summary="Adds Gaussian noise to real and generated images.",
            )
    """


@hookspec
def ganzoo_constraints() -> Iterable[ConstraintSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each constraint on the weights of networks.

    `factory` names a subclass of `ganzoo.Constraint`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_constraints():
            yield ganzoo.ConstraintSpec(
                name="acme-norm",
                factory="acme_gan.constraint:UnitNorm",
                options="acme_gan.options:UnitNormOptions",
                summary="Scales every filter of a network to norm 1 after each update.",
            )
    """


@hookspec
def ganzoo_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each dataset.

    `factory` names a subclass of `ganzoo.Dataset`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_datasets():
            yield ganzoo.DatasetSpec(
                name="acme-products",
                factory="acme_gan.dataset:Products",
                options="acme_gan.options:ProductsOptions",
                summary="Colour photographs of products, 64 px, 12 classes.",
            )
    """


@hookspec
def ganzoo_observers() -> Iterable[ObserverSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each observer of runs, such as a logger.

    `factory` names a subclass of `ganzoo.Observer`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_observers():
            yield ganzoo.ObserverSpec(
                name="acme-logger",
                factory="acme_gan.observer:AcmeLogger",
                summary="Writes the metrics of a run to the Acme dashboard.",
            )
    """


@hookspec
def ganzoo_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each metric, which compares generated with real images.

    `factory` names a subclass of `ganzoo.Metric`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_metrics():
            yield ganzoo.MetricSpec(
                name="acme-distance",
                factory="acme_gan.metric:AcmeDistance",
                summary="Distance between the colour histograms of two sets of images.",
            )
    """


@hookspec
def ganzoo_extractors() -> Iterable[ExtractorSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each feature extractor, which metrics compare images with.

    `factory` names a subclass of `ganzoo.Extractor`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_extractors():
            yield ganzoo.ExtractorSpec(
                name="acme-net",
                factory="acme_gan.extractor:AcmeNet",
                options="acme_gan.options:AcmeNetOptions",
                summary="512 features of AcmeNet, trained on photographs of products.",
            )
    """


@hookspec
def ganzoo_recipes() -> Iterable[RecipeSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each recipe, a config file with the settings of a paper.

    `file` names a TOML file inside the package:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_recipes():
            yield ganzoo.RecipeSpec(
                name="acme",
                file="acme_gan:recipes/acme.toml",
                summary="Acme GAN as in the paper, at 64 pixels.",
            )
    """


@hookspec
def ganzoo_commands() -> Iterable[CommandSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each subcommand that the plugin adds to `ganzoo`.

    `factory` names a `click.Command` or `click.Group`:

        import ganzoo

        @ganzoo.hookimpl
        def ganzoo_commands():
            yield ganzoo.CommandSpec(
                name="acme-upload",
                factory="acme_gan.command:upload",
                summary="Upload a run to the Acme dashboard.",
            )
    """
