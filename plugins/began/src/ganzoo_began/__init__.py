"""Boundary equilibrium GAN for ganzoo (Berthelot et al. 2017)."""
