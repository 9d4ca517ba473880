"""Two-dimensional Gaussian mixtures for ganzoo, to measure mode collapse."""
