"""Path length regularization for ganzoo (StyleGAN2, Karras et al. 2020)."""
