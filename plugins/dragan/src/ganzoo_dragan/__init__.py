"""The DRAGAN gradient penalty for ganzoo (Kodali et al. 2017)."""
