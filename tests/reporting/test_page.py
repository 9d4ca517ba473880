"""Promises of `ganzoo report` that need no browser."""

from __future__ import annotations

import re
import shutil
import sys
from itertools import pairwise

import pytest

import ganzoo
from ganzoo.reporting.images import FRAMES, thinned


def written(*runs, out) -> str:
    """The page, without the charting library."""
    return ganzoo.report(*runs, out=out, device="cpu").read_text().replace(_plotly(), "")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


def test_a_page_has_every_part_and_refers_to_nothing_outside(runs, tmp_path):
    page = written(runs[0], out=tmp_path / "page.html")
    for part in ("Samples", "walk through", "Classes", "Nearest", "Health", "Curves", "Provenance"):
        assert part in page
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert "not shown" not in page.lower()


def test_a_name_or_an_error_with_a_script_in_it_is_text(runs, tmp_path):
    evil = tmp_path / "<script>alert(1)</script>".replace("/", "")
    shutil.copytree(runs[0], evil)
    with (evil / "events.jsonl").open("a") as file:
        file.write('{"event": "failed", "time": "x", "message": "<script>alert(2)</script>"}\n')
    with (evil / "evaluations.jsonl").open("w") as file:
        file.write('{"name": "</script><script>alert(3)", "value": 1.0, "step": 1}\n')
    page = written(evil, runs[0], out=tmp_path / "page.html")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(2)" in page


def test_without_a_checkpoint_the_page_says_so_and_shows_the_rest(runs, tmp_path):
    shutil.rmtree(runs[0] / "checkpoints")
    page = written(runs[0], out=tmp_path / "page.html")
    assert "there is no checkpoint yet" in page
    assert "Samples of" in page


def test_a_damaged_run_is_shown_as_far_as_it_goes(runs, tmp_path):
    (runs[0] / "config.toml").write_text("arch = [")
    (runs[0] / "samples" / "000004.png").write_bytes(b"no picture")
    page = written(runs[0], out=tmp_path / "page.html")
    assert "This run is damaged" in page
    assert "Samples of" in page


def test_an_empty_run_has_a_page(runs, tmp_path):
    for part in ("checkpoints", "samples"):
        shutil.rmtree(runs[0] / part)
    for file in ("metrics.jsonl", "events.jsonl"):
        (runs[0] / file).unlink()
    page = written(runs[0], out=tmp_path / "page.html")
    assert "No line of the log" in page


def test_a_timeline_is_thinned_evenly_with_its_ends():
    kept = thinned(range(1000), FRAMES)
    assert (len(kept), kept[0], kept[-1]) == (FRAMES, 0, 999)
    gaps = {b - a for a, b in pairwise(kept)}
    assert max(gaps) - min(gaps) <= 1


def test_without_the_extra_the_message_names_it(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ganzoo.GanzooError, match=r"gan-zoo\[report\]"):
        ganzoo.report(runs[0], out=tmp_path / "page.html")


def test_a_page_is_html(runs, tmp_path):
    with pytest.raises(ganzoo.UsageError, match=r"\.html"):
        ganzoo.report(runs[0], out=tmp_path / "page.pdf")
