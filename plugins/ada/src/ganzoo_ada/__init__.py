"""Adaptive discriminator augmentation for ganzoo (ADA, Karras et al. 2020)."""
