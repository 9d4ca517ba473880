"""The discriminator: random mixing of frozen feature maps, and a head for each of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo_projected.options import ProjectedOptions

KERNEL = 4
"""Side of the convolutions of a head."""


class RandomMixing(nn.Module):
    """Mixes feature maps across channels and scales by random convolutions, never trained.

    Across channels (CCM), a 1x1 convolution of each map: z_l = C_l(x_l). Across scales (CSM), from
    coarse to fine: h_l = up(S_l(z_l + h_(l+1))). Biases and weights are torch's initial ones. They
    are parameters that require no gradient, so a checkpoint holds them and no optimizer does.

    Args:
        widths: channels of the maps, from fine to coarse.
        channels: of z_0; each coarser z has twice as many.
        kernel: side of the convolutions S.
    """

    def __init__(self, widths: Sequence[int], channels: int, kernel: int) -> None:
        super().__init__()
        mixed = [channels << k for k in range(len(widths))]
        self.widths = [channels, *mixed[:-1]]
        """Channels of the results h, from fine to coarse."""
        self.across_channels = nn.ModuleList(
            nn.Conv2d(width, out, 1) for width, out in zip(widths, mixed, strict=True)
        )
        self.across_scales = nn.ModuleList(
            nn.Conv2d(width, out, kernel, padding=kernel // 2)
            for width, out in zip(mixed, self.widths, strict=True)
        )
        self.requires_grad_(False)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps `(N, C_l, H_l, W_l)` from fine to coarse to as many of twice their sides."""
        mixed = [layer(x) for layer, x in zip(self.across_channels, maps, strict=True)]
        results: list[Tensor] = []
        for k in reversed(range(len(maps))):
            x = mixed[k] + results[-1] if results else mixed[k]

            # Doubled sides: those of the next map, which need not be exactly twice as long.
            height, width = mixed[k - 1].shape[2:] if k else (2 * side for side in x.shape[2:])
            x = self.across_scales[k](x)
            results.append(F.interpolate(x, (height, width), mode="bilinear", align_corners=True))
        return results[::-1]


class Head(nn.Module):
    """One discriminator on a map: blocks that halve it, then a convolution to raw scores.

    Args:
        inputs: channels of the map.
        side: of the map; no block makes it smaller than 4, where the last convolution ends.
        most_blocks: the number of blocks on a large map: 4 on the finest, 1 on the coarsest of 4.
        width: channels after the last block.
        scores: channels of the result.
        layer_norm: in place of batch norm.
    """

    def __init__(
        self, inputs: int, side: int, most_blocks: int, width: int, scores: int, *, layer_norm: bool
    ) -> None:
        super().__init__()
        blocks = min(most_blocks, max(0, (side // KERNEL).bit_length() - 1))
        layers: list[nn.Module] = []
        for k in reversed(range(blocks)):
            outputs = max(1, width >> k)
            norm = nn.GroupNorm(1, outputs) if layer_norm else nn.BatchNorm2d(outputs)
            convolution = nn.Conv2d(inputs, outputs, KERNEL, stride=2, padding=1, bias=False)
            layers += [convolution, norm, nn.LeakyReLU(0.2)]
            inputs = outputs
        self.features = inputs
        """Channels of the last map."""
        self.body = nn.Sequential(*layers)
        self.score = nn.Conv2d(inputs, scores, min(KERNEL, side), bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """A map to the head's last map `(N, features, h, w)` and scores `(N, scores, h', w')`."""
        hidden = self.body(x)
        return hidden, self.score(hidden)


class Discriminator(nn.Module):
    """Images `(N, C, H, W)` to raw scores `(N, P)` of all positions of all heads.

    A conditional score is the inner product of a position's vector with the class embedding,
    divided by the root of its length. Demanded outputs are of the heads' last maps, averaged over
    positions.

    Args:
        extractor: a plain attribute, no layer of this network: it is in no optimizer, checkpoint
            or average, and `train()` does not reach it.
        mixing: of its maps.
        sides: of the mixed maps.
        options: of the architecture.
        image: of the images.
        demands: as given to `build`.
    """

    def __init__(
        self,
        extractor: ganzoo.Extractor,
        mixing: RandomMixing,
        sides: Sequence[int],
        options: ProjectedOptions,
        image: ganzoo.ImageSpec,
        demands: ganzoo.Demands,
    ) -> None:
        super().__init__()
        self.extractor, self.mixing = extractor, mixing
        self.mean_score = options.scores == "mean"

        # A head for each map.
        conditional = demands.labels and not demands.unconditional_scores
        self.embedding = nn.Embedding(image.num_classes, options.class_dim) if conditional else None
        heads = [
            Head(
                width,
                side,
                len(sides) - k,
                options.head_width,
                options.class_dim if conditional else 1,
                layer_norm=demands.forbids_batch_statistics,
            )
            for k, (width, side) in enumerate(zip(mixing.widths, sides, strict=True))
        ]
        self.heads = nn.ModuleList(heads)

        # Demanded outputs.
        features = sum(head.features for head in heads)
        self.outputs = ganzoo.nn.OutputHeads(features, demands.outputs, image.num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor | dict[str, Tensor]:
        """See the class; `(N,)` with `scores = "mean"`."""
        # Heads.
        maps = self.mixing(self.extractor.maps(images))
        hidden, of_heads = zip(
            *(head(x) for head, x in zip(self.heads, maps, strict=True)), strict=True
        )

        # Scores of all positions.
        vectors = torch.cat([each.flatten(2) for each in of_heads], 2)
        if self.embedding is not None:
            assert labels is not None, "this discriminator was built to be conditional"
            embedded = self.embedding(labels)
            scores = (vectors * embedded[..., None]).sum(1) / embedded.shape[1] ** 0.5
        else:
            scores = vectors[:, 0]
        scores = scores.mean(1) if self.mean_score else scores.squeeze(1)

        # Demanded outputs.
        outputs = self.outputs(torch.cat([x.mean((2, 3)) for x in hidden], 1), labels)
        return {"scores": scores, **outputs} if outputs else scores
