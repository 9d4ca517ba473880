"""Night skies for ganzoo: an architecture, a loss, a dataset, an observer and a command."""
