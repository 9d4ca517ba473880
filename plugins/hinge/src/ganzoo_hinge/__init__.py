"""The hinge loss, a ganzoo plugin."""
