"""Two-dimensional Gaussian mixtures for ganzoo, to count modes with."""
