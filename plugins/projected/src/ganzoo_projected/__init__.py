"""Projected GAN for ganzoo (Sauer et al. 2021)."""
