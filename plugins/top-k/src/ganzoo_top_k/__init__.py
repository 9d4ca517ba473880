"""Top-k training for ganzoo (Sinha et al. 2020)."""
