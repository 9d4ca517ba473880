"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_architectures() -> Iterator[ganzoo.ArchitectureSpec]:
    """DCGAN."""
    yield ganzoo.ArchitectureSpec(
        name="dcgan",
        factory="ganzoo_dcgan.architecture:DCGAN",
        options="ganzoo_dcgan.options:DCGANOptions",
        summary="Strided convolutions for images of 16 to 128 pixels; class-conditional if asked.",
        reference="Radford et al. 2015, Unsupervised Representation Learning with Deep "
        "Convolutional Generative Adversarial Networks, arXiv:1511.06434",
    )
