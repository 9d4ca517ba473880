"""The cache directory: where decoded images and downloads are kept. Safe to delete."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """`GANZOO_CACHE_DIR`, or the user's cache directory for ganzoo; it need not exist yet."""
    return Path(os.environ.get("GANZOO_CACHE_DIR") or platformdirs.user_cache_dir("ganzoo"))
