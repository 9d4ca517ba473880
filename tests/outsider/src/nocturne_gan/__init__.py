"""Night skies for ganzoo: an architecture, a loss and a dataset."""
