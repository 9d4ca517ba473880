"""A folder of one's own images for ganzoo."""
