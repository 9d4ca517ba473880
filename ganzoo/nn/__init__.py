"""Layers that several architectures share, for authors of architectures: `ganzoo.nn`.

They are part of the core and not of a plugin, because a plugin imports `ganzoo` and no other
plugin.
"""

from ganzoo.nn.attention import SelfAttention2d as SelfAttention2d
from ganzoo.nn.heads import DiscriminatorHeads as DiscriminatorHeads
from ganzoo.nn.heads import OutputHeads as OutputHeads
from ganzoo.nn.initialization import initialize as initialize
from ganzoo.nn.normalization import ClassBatchNorm2d as ClassBatchNorm2d
from ganzoo.nn.normalization import ConditionalBatchNorm2d as ConditionalBatchNorm2d
from ganzoo.nn.resampling import Blur as Blur
from ganzoo.nn.resampling import Downsample as Downsample
from ganzoo.nn.resampling import Upsample as Upsample
from ganzoo.nn.residual import DiscriminatorBlock as DiscriminatorBlock
from ganzoo.nn.statistics import standing_statistics as standing_statistics

__all__ = [
    "Blur",
    "ClassBatchNorm2d",
    "ConditionalBatchNorm2d",
    "DiscriminatorBlock",
    "DiscriminatorHeads",
    "Downsample",
    "OutputHeads",
    "SelfAttention2d",
    "Upsample",
    "initialize",
    "standing_statistics",
]
