"""Every promise that ganzoo relies on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

import ganzoo.testing

SAVED = Path(__file__).parent / "files" / "saved"
"""A DatasetDict of six and four images, written by `save_to_disk`."""

pytestmark = pytest.mark.skipif(find_spec("datasets") is None, reason="needs the package datasets")


@ganzoo.testing.conformance(
    "ganzoo_huggingface.plugin", options={"huggingface": {"path": str(SAVED)}}
)
def test_conformance(check):
    check()
