"""The DCGAN architecture for ganzoo (Radford et al. 2015)."""
