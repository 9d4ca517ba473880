"""Options of the broken components."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

import ganzoo


class SilentOptions(ganzoo.Options):
    margin: float = 1.0


class PathOptions(ganzoo.Options):
    path: Path | None = Field(None, description="Where the images are.")
