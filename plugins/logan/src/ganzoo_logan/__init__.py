"""Latent optimization for ganzoo (LOGAN; Wu et al. 2019)."""
