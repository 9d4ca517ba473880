"""Differentiable augmentation for ganzoo (DiffAugment, Zhao et al. 2020)."""
