"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_penalties() -> Iterator[ganzoo.PenaltySpec]:
    """Path length regularization."""
    yield ganzoo.PenaltySpec(
        name="path-length",
        family="the generator's",
        factory="ganzoo_path_length.penalty:PathLength",
        options="ganzoo_path_length.options:PathLengthOptions",
        summary="A step in w changes the image equally much everywhere; for style generators.",
        reference="Karras et al. 2020, Analyzing and Improving the Image Quality of StyleGAN, "
        "arXiv:1912.04958, section 3.2",
    )
