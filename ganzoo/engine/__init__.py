"""The training step and what it is composed of. Never imports `ganzoo.cli`."""
