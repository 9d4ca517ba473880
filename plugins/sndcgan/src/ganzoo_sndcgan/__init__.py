"""The SNDCGAN architecture for ganzoo (Miyato et al. 2018)."""
