"""Every promise that ganzoo relies on."""

from __future__ import annotations

import ganzoo.testing

TINY = {
    "latent_dim": 4,
    "style_dim": 4,
    "mapping_layers": 2,
    "channel_base": 32,
    "channel_max": 4,
    "minibatch_group": 2,
}


@ganzoo.testing.conformance("ganzoo_stylegan2.plugin", options={"stylegan2": TINY})
def test_conformance(check):
    check()
