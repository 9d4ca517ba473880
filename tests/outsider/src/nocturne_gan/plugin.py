"""What this package adds to the zoo. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """A generator that paints pixel by pixel."""
    yield ganzoo.ArchitectureSpec(
        name="nocturne",
        factory="nocturne_gan.architecture:Nocturne",
        options="nocturne_gan.options:NocturneOptions",
        summary="Each pixel is painted from its place and z, at any image size.",
        reference="after Skorokhodov et al. 2021, Adversarial Generation of Continuous Images, "
        "arXiv:2011.12026",
    )


@ganzoo.hookimpl
def ganzoo_losses() -> Iterator[ganzoo.LossSpec]:
    """A loss that looks at images as well as scores."""
    yield ganzoo.LossSpec(
        name="twilight",
        factory="nocturne_gan.loss:Twilight",
        options="nocturne_gan.options:TwilightOptions",
        summary="Non-saturating, with a critic blind to small shifts, and the light of real data.",
        reference="consistency after Zhang et al. 2020, Consistency Regularization for GANs, "
        "arXiv:1910.12027",
    )


@ganzoo.hookimpl
def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
    """Skies by formula."""
    yield ganzoo.DatasetSpec(
        name="night-sky",
        factory="nocturne_gan.dataset:NightSky",
        options="nocturne_gan.options:NightSkyOptions",
        summary="Stars and a moon in one of eight phases, in colour, drawn when asked for.",
    )


@ganzoo.hookimpl
def ganzoo_observers() -> Iterator[ganzoo.ObserverSpec]:
    """A logger."""
    yield ganzoo.ObserverSpec(
        name="night-watch",
        factory="nocturne_gan.logger:NightWatch",
        options="nocturne_gan.options:NightWatchOptions",
        summary="What happens to a run, and its pictures, as a page of Markdown.",
    )


@ganzoo.hookimpl
def ganzoo_commands() -> Iterator[ganzoo.CommandSpec]:
    """A subcommand of ganzoo."""
    yield ganzoo.CommandSpec(
        name="night-log",
        factory="nocturne_gan.command:night_log",
        summary="Print what the night-watch wrote of a run.",
    )
