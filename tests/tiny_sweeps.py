"""Tiny sweeps: networks of width 8 on emoji of 8 pixels."""

from __future__ import annotations

from typing import Any

TINY: dict[str, Any] = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "data": "emoji",
    "size": 8,
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 1,
    "device": "cpu",
}
"""Settings of all runs."""

STYLES = "path-length"
"""A penalty that needs a style generator, which the networks of these tests are not."""
