"""Image-to-image translation for ganzoo: pix2pix (Isola et al. 2017)."""
