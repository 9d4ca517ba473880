"""Orthogonal regularization for ganzoo (Brock et al. 2017 and 2019)."""
