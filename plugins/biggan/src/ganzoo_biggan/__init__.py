"""The BigGAN architectures for ganzoo (Brock et al. 2019)."""
