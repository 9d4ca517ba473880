"""The map is true: what docs/architecture.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_test_it_names_exists():
    sources = [
        p.read_text(encoding="utf-8")
        for d in ("tests", "plugins")
        for p in (ROOT / d).rglob("test_*.py")
    ]
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) >= 15
    for name in named:
        assert any(f"def {name}(" in source for source in sources), name


def test_every_file_it_names_exists():
    for name in re.findall(r"`((?:ganzoo|engine|tests|plugins)/[\w/*]+(?:\.py|/))`", TEXT):
        name = name if not name.startswith("engine/") else f"ganzoo/{name}"
        if "evaluation" not in name:
            assert list(ROOT.glob(name.rstrip("/"))), name
