"""TensorBoard event files, a ganzoo plugin."""
