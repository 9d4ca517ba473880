"""The cache directory, for decoded images and downloads. Safe to delete."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Return `GANZOO_CACHE_DIR`, or the user's cache directory for ganzoo; it may not exist yet."""
    return Path(os.environ.get("GANZOO_CACHE_DIR") or platformdirs.user_cache_dir("ganzoo"))


def cache_name(identity: str) -> str:
    """Name a cache entry by a hash of everything that determines its content: 32 hex digits."""
    return hashlib.sha256(identity.encode()).hexdigest()[:32]
