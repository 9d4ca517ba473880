"""Good constraints, and one that breaks each promise."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

import ganzoo


class Good(ganzoo.Constraint):
    """Clamps trained weights."""

    def after_update(self, network):
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.clamp_(-0.1, 0.1)


class GoodWrapper(ganzoo.Constraint):
    """Spectral normalization of convolutions."""

    def wrap(self, network):
        for layer in list(network.modules()):
            if isinstance(layer, nn.Conv2d) and layer.weight.requires_grad:
                parametrizations.spectral_norm(layer)


class GoodPenalty(ganzoo.Constraint):
    """The sum of squares of trained weights."""

    def penalty(self, network):
        return sum(p.square().sum() for p in network.parameters() if p.requires_grad)


class WrapsFrozenLayers(GoodWrapper):
    def wrap(self, network):
        for layer in list(network.modules()):
            if isinstance(layer, nn.Conv2d):
                parametrizations.spectral_norm(layer)


class ClampsFrozenLayers(Good):
    def after_update(self, network):
        for parameter in network.parameters():
            parameter.clamp_(-0.1, 0.1)


class Scaled(nn.Module):
    """Divides by a norm that it has seen once."""

    def __init__(self, norm):
        super().__init__()
        self.norm = norm

    def forward(self, weight):
        return weight / self.norm


class RemembersANorm(ganzoo.Constraint):
    """Its norms are no buffers."""

    def wrap(self, network):
        layer = network.score
        norm = 1 + torch.rand(()).item()
        parametrize.register_parametrization(layer, "weight", Scaled(norm))


class PinsTheWeights(ganzoo.Constraint):
    """Puts one parameter into every copy."""

    class Shared(nn.Module):
        def __init__(self, of):
            super().__init__()
            self.of = [of]

        def forward(self, weight):
            return weight * self.of[0].detach().mean()

        def __deepcopy__(self, memo):
            return type(self)(self.of[0])

    def wrap(self, network):
        parametrize.register_parametrization(
            network.score, "weight", self.Shared(network.first.weight)
        )


class SettlesTheOriginal(GoodWrapper):
    """Keeps the layers that it has wrapped."""

    def wrap(self, network):
        super().wrap(network)
        self.layer = network.score

    def settle(self, generator):
        self.layer.weight.mul_(0.5)


class Shrinks(ganzoo.Constraint):
    def after_update(self, network):
        for parameter in network.parameters():
            if parameter.requires_grad:
                parameter.mul_(0.9)


class ARewardForLargeWeights(ganzoo.Constraint):
    def penalty(self, network):
        return -sum(p.square().sum() for p in network.parameters() if p.requires_grad)


class DoesNothing(ganzoo.Constraint):
    pass
