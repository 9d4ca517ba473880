"""The sliced Wasserstein distance between images."""
