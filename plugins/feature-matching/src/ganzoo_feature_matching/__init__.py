"""Feature matching for ganzoo (Salimans et al. 2016)."""
