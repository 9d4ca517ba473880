"""What conditions the layers of a generator: parts of z, and the embedding of the class."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Codes(nn.Module):
    """z `(N, latent_dim)` and labels `(N,)` to a vector for each layer, the linear layer first.

    Attributes:
        lengths: of the vectors.
    """

    lengths: list[int]

    def __init__(self, classes: int, embedding_dim: int) -> None:
        super().__init__()
        self.shared = nn.Embedding(classes, embedding_dim) if classes else None

    def joined(self, code: Tensor, labels: Tensor | None) -> Tensor:
        """A vector `(N, length)` and the class embedding, if the generator is conditional."""
        if self.shared is None:
            return code
        assert labels is not None, "this generator was built to be conditional: give it labels"
        return torch.cat([code, self.shared(labels)], 1)


class HierarchicalCodes(Codes):
    """BigGAN: a chunk of z for each layer, joined with the class embedding in every block.

    Chunks are equally long; if z cannot be divided so, the first ones are one longer.

    Args:
        latent_dim: length of z.
        blocks: of the generator.
        classes: 0 for an unconditional generator, where a block's vector is its chunk alone.
        embedding_dim: length of the class embedding.
    """

    def __init__(self, latent_dim: int, blocks: int, classes: int, embedding_dim: int) -> None:
        super().__init__(classes, embedding_dim)
        each, longer = divmod(latent_dim, blocks + 1)
        first, *others = (each + (k < longer) for k in range(blocks + 1))  # as tensor_split does
        joined = embedding_dim if classes else 0
        self.lengths = [first, *(chunk + joined for chunk in others)]

    def forward(self, z: Tensor, labels: Tensor | None) -> list[Tensor]:
        """See the class."""
        first, *others = z.tensor_split(len(self.lengths), 1)
        return [first, *(self.joined(chunk, labels) for chunk in others)]


class WholeCodes(Codes):
    """BigGAN-deep: all of z joined with the class embedding, for every layer.

    Args:
        latent_dim: length of z.
        blocks: of the generator.
        classes: 0 for an unconditional generator, where the vector is z alone.
        embedding_dim: length of the class embedding.
    """

    def __init__(self, latent_dim: int, blocks: int, classes: int, embedding_dim: int) -> None:
        super().__init__(classes, embedding_dim)
        self.lengths = [latent_dim + (embedding_dim if classes else 0)] * (blocks + 1)

    def forward(self, z: Tensor, labels: Tensor | None) -> list[Tensor]:
        """See the class."""
        return [self.joined(z, labels)] * len(self.lengths)
