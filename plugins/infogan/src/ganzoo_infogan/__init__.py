"""The InfoGAN loss for ganzoo: codes in z that images show (Chen et al. 2016)."""
