"""Noto emoji for ganzoo: 1,911 coloured pictures that need no download."""
