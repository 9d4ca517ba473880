"""Wasserstein GANs for ganzoo: weight clipping and gradient penalty (2017)."""
