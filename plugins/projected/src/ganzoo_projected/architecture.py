"""Projected GAN (Sauer et al. 2021, arXiv:2111.01007).

The discriminator sees feature maps of a pretrained network, which stays frozen, mixed by random
convolutions, which stay frozen too. The generator is that of any other architecture.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

import ganzoo
from ganzoo_projected.discriminator import Discriminator, RandomMixing
from ganzoo_projected.options import ProjectedOptions


class Projected(ganzoo.Architecture):
    """Another architecture's generator, against heads on an extractor's mixed feature maps."""

    options: ProjectedOptions

    def __init__(self, options: ProjectedOptions | None = None) -> None:
        super().__init__(options or ProjectedOptions())
        given = self.options.generator
        choice = {"name": given} if isinstance(given, str) else dict(given)
        self.generator_name = str(choice.pop("name"))
        self.of_generator: ganzoo.Architecture = ganzoo.create(
            "architecture", self.generator_name, **choice
        )

    @property
    def latent(self) -> ganzoo.Latent:
        """The generator's."""
        return self.of_generator.latent

    def settings(self) -> ganzoo.Settings:
        """The authors' optimizer with the generator of FastGAN."""
        return {
            "optimizer": "adam",
            "generator_lr": 2e-4,
            "discriminator_lr": 2e-4,
            "betas": (0.0, 0.99),
        }

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """The generator's; the discriminator takes any size."""
        return self.of_generator.natural_size(height, width)

    def default_constraints(self) -> Mapping[str, Mapping[str, Any]]:
        """Spectral normalization of the heads, and what the generator's architecture brings."""
        of_generator = {
            name: {**options, "networks": "generator"}
            for name, options in self.of_generator.default_constraints().items()
            if options.get("networks") in ("generator", "both")
        }
        name = "spectral-norm"
        networks = "both" if name in of_generator else "discriminator"
        own = {"embeddings": False, **of_generator.get(name, {}), "networks": networks}
        return of_generator | {name: own}

    def build(self, image: ganzoo.ImageSpec, demands: ganzoo.Demands) -> ganzoo.Networks:
        """Networks for any images that the generator's architecture builds."""
        # The generator.
        if image.condition_kind not in self.of_generator.conditions and demands.labels:
            raise ganzoo.Unsupported(
                f"the generator of {self.generator_name} is not conditioned on "
                f"{image.condition_kind}; choose another with the option arch.generator"
            )
        of_generator = ganzoo.Demands(
            labels=demands.labels, style_generator=demands.style_generator
        )
        generator = self.of_generator.build(image, of_generator).generator

        # The pretrained network: making it leaves the random weights of the others as they are.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            extractor = self._extractor()
            shapes = [each.shape[1:] for each in extractor.maps(torch.zeros(1, *image.shape))]

        # The discriminator: each map is enlarged to the size of the next finer one.
        options, smallest = self.options, [min(shape[1:]) for shape in shapes]
        widths, sides = [shape[0] for shape in shapes], [2 * smallest[0], *smallest[:-1]]
        mixing = RandomMixing(widths, options.mixing_channels, options.scale_kernel)
        discriminator = Discriminator(extractor, mixing, sides, options, image, demands)
        return ganzoo.Networks(generator, discriminator)

    def _extractor(self) -> ganzoo.Extractor:
        name, size = self.options.extractor, self.options.feature_size
        made: ganzoo.Extractor = (
            ganzoo.create("extractor", name, size=size)
            if size
            else ganzoo.create("extractor", name)
        )
        return made

    def settle(self, generator: nn.Module, draw: ganzoo.Draw) -> None:
        """As the generator's architecture does."""
        self.of_generator.settle(generator, draw)
