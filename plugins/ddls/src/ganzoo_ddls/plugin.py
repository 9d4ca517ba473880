"""What this plugin provides. Read at every start of ganzoo, so it imports no torch."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo


@ganzoo.hookimpl
def ganzoo_commands() -> Iterator[ganzoo.CommandSpec]:
    """Sampling with the discriminator."""
    yield ganzoo.CommandSpec(
        name="ddls",
        factory="ganzoo_ddls.command:ddls",
        summary="Sample images whose z the discriminator improves (DDLS).",
        reference="Che et al. 2020, Your GAN is Secretly an Energy-based Model and You Should use "
        "Discriminator Driven Latent Sampling, arXiv:2003.06060",
    )
