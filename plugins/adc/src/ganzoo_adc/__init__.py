"""The auxiliary discriminative classifier loss for ganzoo (Hou et al. 2022)."""
