"""The mapping network: z, and the class, to the style w of each layer.

Style mixing and the running mean of w, to which truncation moves, are part of it (Karras et al.
2019, arXiv:1812.04948, section 3.1 and appendix B).
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo_stylegan2.layers import EqualizedLinear, activate, normalize_second_moment


class Mapping(nn.Module):
    """Fully connected layers of normalized z, of the normalized condition, or of both joined.

    Args:
        latent_dim: length of z; 0 for none.
        condition: number of classes, or length of a condition vector; 0 for none.
        width: of the layers and the result.
        depth: number of layers.
        lr_multiplier: of the layers' learning rate.
    """

    def __init__(
        self, latent_dim: int, condition: int, width: int, depth: int, lr_multiplier: float
    ) -> None:
        super().__init__()
        self.condition = condition
        self.embed = EqualizedLinear(condition, width) if condition else None
        widths = [latent_dim + (width if condition else 0), *[width] * depth]
        self.layers = nn.ModuleList(
            EqualizedLinear(before, after, lr_multiplier=lr_multiplier)
            for before, after in pairwise(widths)
        )

    def forward(self, z: Tensor | None, labels: Tensor | None = None) -> Tensor:
        """z `(N, latent_dim)` and labels `(N,)` or vectors `(N, condition)` to `(N, width)`."""
        parts = [] if z is None else [normalize_second_moment(z)]
        if self.embed is not None:
            assert labels is not None, "this network was built to be conditional: give it labels"
            vector = labels if labels.is_floating_point() else F.one_hot(labels, self.condition)
            own = self.embed(vector.to(self.embed.weight.dtype))
            parts.append(normalize_second_moment(own))
        x = torch.cat(parts, 1)
        for layer in self.layers:
            x = activate(layer(x))
        return x


class StyleMapping(nn.Module):
    """z `(N, latent_dim)` to w `(N, L, style_dim)`: a style for each of L layers.

    In training the styles from a random layer on are those of a second z, with a given probability
    for the whole batch; and `w_avg` moves towards the mean of w.

    Args:
        network: z and labels to w `(N, style_dim)`.
        style_dim: length of w.
        num_layers: L.
        style_mixing: probability of mixing.
        decay: of the running mean of w.
    """

    w_avg: Tensor
    """Running mean of w, `(style_dim,)`; the first batch's at first, and zero before."""

    def __init__(
        self, network: Mapping, style_dim: int, num_layers: int, style_mixing: float, decay: float
    ) -> None:
        super().__init__()
        self.network = network
        self.num_layers = num_layers
        self.style_mixing = style_mixing
        self.decay = decay
        self.register_buffer("w_avg", torch.zeros(style_dim))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        w = self.network(z, labels)
        if self.training:
            mean = w.detach().mean(0).to(self.w_avg.dtype)
            # From zero it would take a thousand steps to arrive. Without a branch, for graphs.
            share = torch.where(self.w_avg.any(), 1 - self.decay, 1.0)
            self.w_avg.lerp_(mean, share.to(mean.dtype))
        styles: Tensor = w[:, None].expand(-1, self.num_layers, -1)
        if self.training and self.style_mixing:
            styles = self.mixed(styles, self.network(torch.randn_like(z), labels))
        return styles

    def mixed(self, styles: Tensor, other: Tensor) -> Tensor:
        """Styles `(N, L, D)`, from a random layer on those of the other w `(N, D)`, at random.

        Both numbers stay on the device, so that a graph can capture them.
        """
        device, layers = styles.device, self.num_layers
        start = torch.randint(1, layers, (), device=device)
        start = torch.where(torch.rand((), device=device) < self.style_mixing, start, layers)
        from_other = torch.arange(layers, device=device)[:, None] >= start
        return torch.where(from_other, other[:, None], styles)
