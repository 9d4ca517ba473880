"""The least-squares loss for ganzoo (Mao et al. 2017)."""
