"""The data-to-data cross-entropy loss for ganzoo (ReACGAN, Kang et al. 2021)."""
