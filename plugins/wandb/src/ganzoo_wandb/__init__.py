"""A Weights & Biases logger for ganzoo."""
