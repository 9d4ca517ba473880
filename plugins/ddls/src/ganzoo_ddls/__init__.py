"""Discriminator driven latent sampling for ganzoo (Che et al. 2020)."""
