"""Promises of `ganzoo report` that need no browser."""

from __future__ import annotations

import base64
import html
import io
import re
import shutil
import sys
from itertools import pairwise

import pytest
from PIL import Image

import ganzoo
from ganzoo.reporting import images
from ganzoo.reporting.charts import log_charts
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


def text_of(page: str) -> str:
    """What a reader sees: without scripts, styles and tags."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page.split("<body>")[1], flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "", body))


def test_commands_in_messages_are_code_and_have_no_backticks(runs, tmp_path):
    """A killed run, which its advice resumes, and an evaluation that is missing."""
    journal = runs[0] / "events.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    page = written(*runs, out=tmp_path / "page.html")
    assert f"<code>ganzoo resume {runs[0]}</code> resumes it" in page
    assert "<code>ganzoo evaluate RUN</code> measures it" in page
    assert "`" not in text_of(page)


def test_a_single_backtick_stays_and_no_tag_is_left_open(runs, tmp_path):
    with (runs[0] / "events.jsonl").open("a") as file:
        file.write('{"event": "failed", "time": "x", "message": "an odd ` in <b>"}\n')
    page = written(runs[0], out=tmp_path / "page.html")
    assert "an odd ` in &lt;b&gt;" in page
    assert page.count("<code>") == page.count("</code>")


def test_a_page_says_that_a_short_log_cannot_be_judged(runs, tmp_path):
    page = text_of(written(runs[0], out=tmp_path / "page.html"))
    assert "There is too little to judge its training by" in page
    assert "found nothing wrong" not in page


def test_a_damaged_checkpoint_is_named_in_the_page(runs, tmp_path):
    (runs[0] / "checkpoints/000006/ema.safetensors").write_bytes(b"")
    page = text_of(written(runs[0], out=tmp_path / "page.html"))
    assert "ema.safetensors: its checksum differs" in page


def test_each_curve_of_a_chart_has_a_name_of_its_own(runs):
    logs = {run.name: ganzoo.Run(run).metrics() for run in runs}
    for shown in ({"seed-0": logs["seed-0"]}, logs):
        figures = {figure["title"]: figure["data"] for figure in log_charts(shown)}
        for curves in figures.values():
            names = [curve["name"] for curve in curves]
            assert len(set(names)) == len(names)
        norms = [curve["name"].split(": ")[-1] for curve in figures["Gradient norms"]]
        assert norms == ["discriminator", "generator"] * len(shown)


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


@pytest.mark.parametrize("write", [ganzoo.report, ganzoo.leaderboard])
def test_where_a_page_cannot_be_written_is_told_before_it_is_made(
    runs, tmp_path, write, monkeypatch
):
    (tmp_path / "folder.html").mkdir()
    monkeypatch.setattr(sys.modules[write.__module__], "renderer", None)  # the first step
    with pytest.raises(ganzoo.UsageError, match="folder.html: it is a folder; name a new or a reg"):
        write(runs[0], out=tmp_path / "folder.html")


def test_a_timeline_has_the_grids_without_their_enlarging(runs):
    """The page enlarges them; four pixels for one would be four times as many bytes."""
    run = ganzoo.Run(runs[0])
    frame = images.timeline(run).frames[-1]
    with Image.open(run.directory.samples / "000006.png") as large:
        small = large.resize((large.width // 4, large.height // 4), Image.Resampling.NEAREST)
    with Image.open(io.BytesIO(base64.b64decode(frame.uri.split(",")[1]))) as shown:
        assert shown.size == small.size == (10 * (8 + 2) + 2, 8 + 4)
        assert shown.convert("RGB").tobytes() == small.tobytes()
