"""The ResNets of SNGAN and WGAN-GP for ganzoo (Miyato et al. 2018, Gulrajani et al. 2017)."""
