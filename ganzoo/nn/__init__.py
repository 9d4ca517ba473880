"""Layers that several architectures share, for authors of architectures: `ganzoo.nn`.

They are part of the core and not of a plugin, because a plugin imports `ganzoo` and no other
plugin.
"""

from ganzoo.nn.heads import OutputHeads as OutputHeads

__all__ = ["OutputHeads"]
