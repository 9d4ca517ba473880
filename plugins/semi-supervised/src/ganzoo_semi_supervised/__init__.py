"""The semi-supervised K + 1 class loss for ganzoo (Salimans et al. 2016)."""
