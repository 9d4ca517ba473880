"""Spectral normalization for ganzoo (Miyato et al. 2018)."""
