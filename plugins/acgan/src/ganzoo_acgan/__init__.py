"""The auxiliary classifier loss for ganzoo (Odena et al. 2017)."""
