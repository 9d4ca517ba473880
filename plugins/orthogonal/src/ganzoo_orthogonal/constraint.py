"""Orthogonal regularization (Brock et al. 2017, arXiv:1609.07093; 2019, arXiv:1809.11096)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_orthogonal.options import OrthogonalOptions

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED, nn.Linear)


class Orthogonal(ganzoo.Constraint):
    """beta ||W W^T * (1 - I)||_F^2, summed over the trained layers (equation 3 of BigGAN).

    The rows of W are the filters of a layer, one for each output channel: their pairwise dot
    products are penalized, their lengths are not. The variant `identity` is
    beta ||W W^T - I||_F^2 (equation 2). The paper of 2017 sums absolute values instead of squares.

    W is what the optimizer trains: below a spectral normalization, the weight before it. BigGAN's
    code adds half the gradient of equation 3, so its 1e-4 is 5e-5 here.
    """

    options: OrthogonalOptions

    def __init__(self, options: OrthogonalOptions | None = None) -> None:
        super().__init__(options or OrthogonalOptions())

    def wrap(self, network: nn.Module) -> None:
        """Check that there is something to penalize.

        Raises:
            Unsupported: no layer has filters that are trained.
        """
        if not list(self._matrices(network)):
            raise ganzoo.Unsupported(
                "orthogonal needs a convolution or linear layer that is trained, and "
                f"{type(network).__name__} has none. Leave orthogonal out, or choose another of "
                "its networks: discriminator or generator"
            )

    def penalty(self, network: nn.Module) -> Tensor | None:
        """The sum over layers, times beta; None if beta is 0."""
        if not self.options.weight:
            return None
        terms = [self._deviation(matrix) for matrix in self._matrices(network)]
        return self.options.weight * torch.stack(terms).sum()

    def _deviation(self, matrix: Tensor) -> Tensor:
        """Of one layer."""
        # Dot products of different filters.
        count, length = matrix.shape
        squared_lengths = matrix.square().sum(1)
        if count <= length:
            products = matrix @ matrix.T
            value = (products * (1 - torch.eye(count, device=matrix.device))).square().sum()
        else:  # ||W W^T|| = ||W^T W||, and a wide layer's W W^T may not fit into memory
            squares = (matrix.T @ matrix).square().sum()
            value = (squares - squared_lengths.square().sum()).clamp(min=0)  # it may round below

        # Their lengths.
        if self.options.variant == "identity":
            value = value + (squared_lengths - 1).square().sum()
        return value

    def _matrices(self, network: nn.Module) -> Iterator[Tensor]:
        """The filters of each trained layer, as rows."""
        kinds = (*LAYERS, nn.Embedding) if self.options.embeddings else LAYERS
        for layer in network.modules():
            if isinstance(layer, kinds):
                weight = _trained_weight(layer)
                if isinstance(layer, TRANSPOSED):  # (in, out / groups, …)
                    weight = torch.cat(weight.chunk(layer.groups), 1).transpose(0, 1)
                if weight.requires_grad:
                    yield weight.flatten(1)


def _trained_weight(layer: nn.Module) -> Tensor:
    """The parameter below a function of one tensor, such as spectral normalization."""
    parameters = dict(layer.named_parameters())
    for name in ("parametrizations.weight.original", "weight_orig", "weight"):
        if name in parameters:
            return parameters[name]
    weight = layer.weight  # a function of several
    assert isinstance(weight, Tensor)
    return weight
