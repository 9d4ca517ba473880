"""The plugin contract: the hooks a plugin package may implement.

A plugin is a module named by an entry point in the group `ganzoo`:

    # pyproject.toml
    [project.entry-points.ganzoo]
    acme = "acme_gan.plugin"

    # acme_gan/plugin.py  (must not import torch: it is read for `ganzoo --help` too)
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
    CommandSpec,
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

With `@ganzoo.hookimpl(optionalhook=True)` a hook that the installed ganzoo does not have is passed
over rather than refused.
"""


@hookspec
def ganzoo_architectures() -> Iterable[ArchitectureSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each pair of networks the plugin provides."""


@hookspec
def ganzoo_losses() -> Iterable[LossSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each adversarial loss the plugin provides."""


@hookspec
def ganzoo_penalties() -> Iterable[PenaltySpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each penalty the plugin provides."""


@hookspec
def ganzoo_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each dataset the plugin provides."""


@hookspec
def ganzoo_observers() -> Iterable[ObserverSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each observer of runs (a logger, say) the plugin provides."""


@hookspec
def ganzoo_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each comparison of two sets of images the plugin provides."""


@hookspec
def ganzoo_extractors() -> Iterable[ExtractorSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each way from images to features the plugin provides."""


@hookspec
def ganzoo_recipes() -> Iterable[RecipeSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each file of settings (a paper's, say) the plugin provides."""


@hookspec
def ganzoo_commands() -> Iterable[CommandSpec]:  # type: ignore[empty-body]
    """Yield a descriptor for each subcommand the plugin adds to `ganzoo`."""
