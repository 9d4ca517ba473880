"""The twin auxiliary classifier loss for ganzoo (Gong et al. 2019)."""
