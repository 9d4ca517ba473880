"""FastGAN for ganzoo: skip-layer excitation, self-supervised discriminator (Liu et al. 2021)."""
