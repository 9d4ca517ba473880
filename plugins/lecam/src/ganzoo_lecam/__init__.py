"""The LeCam regularizer for ganzoo (Tseng et al. 2021)."""
