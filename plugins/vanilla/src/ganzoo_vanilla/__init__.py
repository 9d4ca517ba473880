"""The original GAN for ganzoo: MLP networks and both forms of its loss (Goodfellow et al. 2014)."""
