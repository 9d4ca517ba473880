"""A GAN for ganzoo whose discriminator stands on a frozen network."""
