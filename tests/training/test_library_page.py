"""The page "ganzoo as a library" is true: its snippets run, one after the other, as one program."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked import run_snippet

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)

pytestmark = pytest.mark.slow


def test_its_snippets_are_one_program(tmp_path):
    own = [snippet for snippet in SNIPPETS if "accelerate" not in snippet]
    assert len(own) == len(SNIPPETS) - 1 == 7
    code, out, err = run_snippet("\n".join(own), tmp_path)
    assert code == 0, out + err
    assert "ImageStore(256 images of 1x16x16, 2 classes)" in out
    assert (tmp_path / "runs" / "own" / "exports").is_dir()


def test_its_snippet_of_accelerate_continues_the_loop(tmp_path):
    if find_spec("accelerate") is None:
        pytest.skip("accelerate is not installed")
    wanted = [SNIPPETS[0], *SNIPPETS[-2:]]
    code, out, err = run_snippet("\n".join(wanted), tmp_path)
    assert code == 0, out + err
