"""Path length regularization (Karras et al. 2020, arXiv:1912.04958, section 3.2, appendix B)."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

import ganzoo
from ganzoo_path_length.options import PathLengthOptions


class PathLength(ganzoo.GeneratorPenalty):
    """E[(||J_w^T y||_2 - a)^2], J_w = dg(w)/dw, w = f(z), y ~ N(0, I).

    f is the mapping and g the synthesis network. It is smallest where J_w is orthogonal up to a
    factor: then a step of given length in w changes the image by as much, in whichever direction
    (appendix C). a is the running mean of the lengths ||J_w^T y||, which starts at 0.

    As in the authors' code, y is divided by the root of the number of pixels; with a w for each of
    L layers, the length is the root of the mean over layers of their squared lengths; every second
    image of the batch is used.
    """

    mean: Tensor
    """a, `()`."""

    options: PathLengthOptions

    def __init__(self, options: PathLengthOptions | None = None) -> None:
        super().__init__(options or PathLengthOptions())
        self.register_buffer("mean", torch.zeros(()))

    def demands(self) -> ganzoo.Demands:
        """A generator with a mapping and a synthesis network."""
        return ganzoo.Demands(style_generator=True)

    def penalty(
        self, generator: nn.Module, critic: ganzoo.Critic, fake: ganzoo.Fakes, real: ganzoo.Batch
    ) -> Tensor:
        """Scalar; zero where all paths have the length of the running mean."""
        # y for the whole batch, then every n-th row: the same of micro-batches of a multiple of n.
        noise = torch.randn_like(fake.images)
        rows = slice(None, None, self.options.batch_shrink)
        some, style_generator = fake[rows], cast(ganzoo.StyleGenerator, generator)

        lengths = path_lengths(style_generator, some.z, some.labels, noise[rows])
        value = (lengths - self.mean).square().mean()
        with torch.no_grad():
            self.mean.lerp_(lengths.mean(), self.options.decay)
        return value


def path_lengths(
    generator: ganzoo.StyleGenerator, z: Tensor, labels: Tensor | None, noise: Tensor
) -> Tensor:
    """||J_w^T y|| of each image `(N,)`, with a graph to the generator's parameters.

    Args:
        generator: the style generator.
        z: `(N, latent_dim)`.
        labels: `(N, …)` of a conditional generator.
        noise: y of unit variance, `(N, C, H, W)`.
    """
    # Images of w, which needs a gradient even where the mapping has no parameters.
    w = generator.mapping(z, labels)
    w = w if w.requires_grad else w.detach().requires_grad_()
    images = generator.synthesis(w)

    # J_w^T y.
    y = noise / math.sqrt(images.shape[2] * images.shape[3])
    (gradient,) = torch.autograd.grad((images * y).sum(), w, create_graph=True)

    # Length over all layers; the norm's derivative at 0 is 0, so a constant image gives no NaN.
    gradient = gradient.to(torch.promote_types(gradient.dtype, torch.float32))
    lengths: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return lengths / math.sqrt(w.shape[1])
