"""The conditional contrastive loss for ganzoo (ContraGAN, Kang & Park 2020)."""
