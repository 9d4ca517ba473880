"""Pairs of your own images for ganzoo: a picture, and the image to make of it."""
