"""The SAGAN architecture for ganzoo (Zhang et al. 2019)."""
