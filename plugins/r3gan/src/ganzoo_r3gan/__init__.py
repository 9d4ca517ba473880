"""R3GAN for ganzoo: its networks, the relativistic pairing loss, R1 and R2 (Huang et al. 2024)."""
