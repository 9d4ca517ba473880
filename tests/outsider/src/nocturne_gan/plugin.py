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
    """Losses on scores and images, on an output by name, and on patches."""
    yield ganzoo.LossSpec(
        name="twilight",
        factory="nocturne_gan.loss:Twilight",
        options="nocturne_gan.options:TwilightOptions",
        summary="Non-saturating loss with consistency regularization and moment matching.",
        reference="Zhang et al. 2020, Consistency Regularization for GANs, arXiv:1910.12027",
    )
    yield ganzoo.LossSpec(
        name="compass",
        factory="nocturne_gan.compass:Compass",
        options="nocturne_gan.options:CompassOptions",
        summary="Non-saturating loss; the discriminator also tells how an image was mirrored.",
        reference="after Chen et al. 2019, Self-Supervised GANs via Auxiliary Rotation Loss, "
        "arXiv:1811.11212",
    )
    yield ganzoo.LossSpec(
        name="mosaic",
        factory="nocturne_gan.mosaic:Mosaic",
        summary="Least-squares loss of every patch of an image.",
        reference="Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial "
        "Networks, arXiv:1611.07004",
    )


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """A penalty on fakes that are made again."""
    yield ganzoo.PenaltySpec(
        name="tide",
        factory="nocturne_gan.tide:Tide",
        options="nocturne_gan.options:TideOptions",
        summary="Penalizes the gradient of a fake's score by its z.",
        reference="after Wu et al. 2019, LOGAN: Latent Optimisation for GANs, arXiv:1912.00953",
    )


@ganzoo.hookimpl
def ganzoo_augmentations() -> Iterator[ganzoo.AugmentationSpec]:
    """Weather."""
    yield ganzoo.AugmentationSpec(
        name="clouds",
        factory="nocturne_gan.clouds:Clouds",
        options="nocturne_gan.options:CloudsOptions",
        summary="Veils each image by a cloud of random thickness.",
    )


@ganzoo.hookimpl
def ganzoo_constraints() -> Iterator[ganzoo.ConstraintSpec]:
    """Celestial mechanics."""
    yield ganzoo.ConstraintSpec(
        name="orbit",
        factory="nocturne_gan.orbit:Orbit",
        options="ganzoo:ConstraintOptions",
        summary="Keeps the norm of each weight matrix at most at its initial value.",
        reference="after Karras et al. 2024, Analyzing and Improving the Training Dynamics of "
        "Diffusion Models, arXiv:2312.02696",
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
