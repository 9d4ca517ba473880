"""Noto emoji for ganzoo: 1,911 colour images, included."""
