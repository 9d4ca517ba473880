"""The mode seeking regularizer for ganzoo (Mao et al. 2019)."""
