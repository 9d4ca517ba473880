"""Energy-based GAN for ganzoo (Zhao et al. 2017)."""
