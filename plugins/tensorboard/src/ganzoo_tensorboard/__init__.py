"""TensorBoard event files for ganzoo."""
