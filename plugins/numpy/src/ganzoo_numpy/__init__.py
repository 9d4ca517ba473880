"""Images in NumPy files for ganzoo."""
