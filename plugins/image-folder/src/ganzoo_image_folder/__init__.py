"""A folder of your own images for ganzoo."""
