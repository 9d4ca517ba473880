"""Layers that several architectures share, for authors of architectures: `ganzoo.nn`.

They are part of the core and not of a plugin, because a plugin imports `ganzoo` and no other
plugin.
"""

from ganzoo.nn.attention import SelfAttention2d as SelfAttention2d
from ganzoo.nn.heads import DiscriminatorHeads as DiscriminatorHeads
from ganzoo.nn.heads import OutputHeads as OutputHeads
from ganzoo.nn.normalization import ClassBatchNorm2d as ClassBatchNorm2d
from ganzoo.nn.normalization import ConditionalBatchNorm2d as ConditionalBatchNorm2d
from ganzoo.nn.statistics import standing_statistics as standing_statistics

__all__ = [
    "ClassBatchNorm2d",
    "ConditionalBatchNorm2d",
    "DiscriminatorHeads",
    "OutputHeads",
    "SelfAttention2d",
    "standing_statistics",
]
