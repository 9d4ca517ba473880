"""StyleGAN2 for ganzoo: mapping and synthesis networks, residual discriminator (2020)."""
