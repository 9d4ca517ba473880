"""What this plugin provides. Imported whenever ganzoo starts, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """A coordinate network."""
    yield ganzoo.ArchitectureSpec(
        name="nocturne",
        factory="nocturne_gan.architecture:Nocturne",
        options="nocturne_gan.options:NocturneOptions",
        summary="Coordinate network: maps pixel positions and z to colours, at any image size.",
        reference="after Skorokhodov et al. 2021, Adversarial Generation of Continuous Images, "
        "arXiv:2011.12026",
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """A loss on scores and images."""
    yield ganzoo.LossSpec(
        name="twilight",
        factory="nocturne_gan.loss:Twilight",
        options="nocturne_gan.options:TwilightOptions",
        summary="Non-saturating loss with consistency regularization and moment matching.",
        reference="Zhang et al. 2020, Consistency Regularization for GANs, arXiv:1910.12027",
    )


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Procedural night skies."""
    yield ganzoo.DatasetSpec(
        name="night-sky",
        factory="nocturne_gan.dataset:NightSky",
        options="nocturne_gan.options:NightSkyOptions",
        summary="Procedural colour images of stars and a moon in one of eight phases.",
    )


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """A logger."""
    yield ganzoo.ObserverSpec(
        name="night-watch",
        factory="nocturne_gan.logger:NightWatch",
        options="nocturne_gan.options:NightWatchOptions",
        summary="Writes the events and samples of a run to a Markdown page.",
    )


@ganzoo.hookimpl
def ganzoo_commands() -> Iterator[ganzoo.CommandSpec]:
    """A subcommand of ganzoo."""
    yield ganzoo.CommandSpec(
        name="night-log",
        factory="nocturne_gan.command:night_log",
        summary="Print what the night-watch wrote about a run.",
    )
