"""The relativistic pairing loss with R1 and R2 for ganzoo (Huang et al. 2024)."""
