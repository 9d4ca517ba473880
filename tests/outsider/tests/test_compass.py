"""Promises of the compass loss."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from nocturne_gan.compass import WAYS, Compass, mirrored, way_loss
from nocturne_gan.options import CompassOptions

import ganzoo

ARROWS = torch.arange(4.0).view(1, 1, 2, 2).expand(WAYS, 1, 2, 2)


class Knowing:
    """A critic that knows the ways of arrows, with a certainty."""

    def __init__(self, certainty: float) -> None:
        self.certainty = certainty

    def __call__(self, batch: ganzoo.Batch) -> torch.Tensor:
        return self.outputs(batch)["scores"]

    def outputs(self, batch: ganzoo.Batch) -> dict[str, torch.Tensor]:
        """The corner that 0 is in tells the way."""
        ways = batch.images.flatten(1).argmin(1)
        way = self.certainty * F.one_hot(ways, WAYS).float()
        return {"scores": torch.zeros(len(batch)), "way": way}


def test_each_way_mirrors_its_image():
    images = mirrored(ARROWS, torch.arange(WAYS)).flatten(1)
    expected = [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]]
    assert images.tolist() == expected


@pytest.mark.parametrize("certainty", [0.0, 2.0, 20.0])
def test_the_way_costs_its_cross_entropy(certainty):
    value = way_loss(Knowing(certainty), ganzoo.Batch(ARROWS)).item()
    assert value == pytest.approx(math.log(1 + (WAYS - 1) * math.exp(-certainty)), abs=1e-6)


def test_both_networks_learn_the_ways_with_their_own_weight():
    loss = Compass(CompassOptions(discriminator_weight=3, generator_weight=0.5))
    batch = ganzoo.Batch(ARROWS)
    terms = loss.discriminator_loss(Knowing(0), batch, batch)
    assert terms["way"].item() == pytest.approx(3 * math.log(4))
    assert terms["real"].item() == terms["fake"].item() == pytest.approx(math.log(2))
    terms = loss.generator_loss(Knowing(0), batch, batch)
    assert terms["way"].item() == pytest.approx(0.5 * math.log(4))


@pytest.mark.parametrize("arch", ["nocturne", "vanilla", "dcgan"])
def test_every_architecture_builds_the_output_that_it_demands(arch):
    networks = ganzoo.create("architecture", arch).build(
        ganzoo.ImageSpec(3, 16, 16), Compass().demands()
    )
    outputs = networks.discriminator(torch.zeros(2, 3, 16, 16))
    assert outputs["way"].shape == (2, WAYS)
    assert outputs["scores"].shape == (2,)
