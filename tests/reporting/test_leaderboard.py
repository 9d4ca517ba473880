"""Promises of the leaderboard: folders of runs, ranking, and the page."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from browser import browser, missing, open_page

import ganzoo
from ganzoo.sweeping.record import Outcome, SweepDirectory

VALUES = [10.0, 30.0, 20.0, 5.0, 40.0, 25.0, 15.0]


@pytest.fixture
def folder(runs, tmp_path) -> Path:
    """Seven runs that differ in the batch size; the last has no metric."""
    folder = tmp_path / "zoo"
    for number, value in enumerate([*VALUES, None]):
        run = shutil.copytree(runs[0], folder / f"run-{number}")
        config = run / "config.toml"
        config.write_text(
            config.read_text().replace("batch_size = 4", f"batch_size = {number + 1}")
        )
        if value is not None:
            line = {"name": "Some-FD", "value": value, "floor": 1.0, "better": "lower", "step": 6}
            (run / "evaluations.jsonl").write_text(json.dumps(line) + "\n")
    return folder


def test_a_folder_of_runs_is_all_of_them(folder, runs):
    done = ganzoo.compare(folder)
    assert [Path(row.runs[0]).name for row in done.rows] == [f"run-{k}" for k in range(8)]
    more = ganzoo.compare(folder, runs[1])
    assert sum(len(row.runs) for row in more.rows) == 9


def test_a_sweeps_refused_and_failed_cells_are_remarks_each_reason_once(folder):
    sweep = SweepDirectory(folder)
    sweep.cells.mkdir()
    sweep.write("a-seed=0", Outcome("refused", "it cannot be"))
    sweep.write("a-seed=1", Outcome("refused", "it cannot be"))
    sweep.write("b", Outcome("failed", "choose another ⟦batch_size=8⟧"))
    sweep.write("run-0", Outcome("finished"))
    assert ganzoo.compare(folder).remarks[-2:] == (
        "refused: a-seed=0, a-seed=1: it cannot be",
        "failed: b: choose another batch_size=8",
    )


def test_many_runs_are_a_row_each_the_best_first_and_settings_stand_below(folder):
    done = ganzoo.compare(folder)
    heads, rows = done.table()
    assert heads == ["run", "Some-FD", "time", "images/s", "state", "steps"]
    best_first = sorted(range(7), key=lambda k: VALUES[k])
    assert [row[0] for row in rows] == [f"run-{k}" for k in (*best_first, 7)]
    assert rows[-1][1] == "missing"
    heads, rows = done.settings_table()
    assert heads == ["run", "settings that differ"]
    assert rows[0] == ["run-3", "training.batch_size = 4"]
    text = done.to_markdown()
    assert text.index("| run-3 |") < text.index("<details>") < text.index("training.batch_size")


def test_metrics_of_checkpoints_of_different_steps_are_one_remark(folder):
    for number in (0, 1):
        lines = [
            {"name": name, "value": 1.0, "floor": 1.0, "better": "lower", "step": 5 + number}
            for name in ("A-FD", "B-FD")
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"run-{number}" / "evaluations.jsonl").write_text(text)
    remarks = ganzoo.compare(folder / "run-0", folder / "run-1").remarks
    assert remarks == ("The values of A-FD, B-FD are of checkpoints of different steps",)


def test_higher_is_ranked_first_where_higher_is_better(folder):
    for file in folder.glob("*/evaluations.jsonl"):
        file.write_text(file.read_text().replace('"lower"', '"higher"'))
    assert [Path(row.runs[0]).name for row in ganzoo.compare(folder).ranked()][:2] == [
        "run-4",
        "run-1",
    ]


def test_a_few_runs_keep_one_table_with_metrics_before_settings(folder):
    done = ganzoo.compare(folder / "run-0", folder / "run-1")
    heads, rows = done.table()  # transposed: fewer runs than facts
    assert heads == ["run", "run-0", "run-1"]
    assert rows[0][0] == "Some-FD"
    assert rows[-1] == ["training.batch_size", "1", "2"]
    assert done.settings_table() is None


def test_the_page_has_pictures_of_every_run_that_can_be_drawn_and_reasons_of_others(folder):
    shutil.rmtree(folder / "run-1" / "checkpoints")
    text = ganzoo.leaderboard(folder, out=folder / "page.html", device="cpu").read_text()
    assert text.count('src="data:image/webp') == 7
    assert "has no checkpoint yet" in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_a_page_that_is_no_html_file_is_refused(folder):
    with pytest.raises(ganzoo.UsageError, match="end its name in .html"):
        ganzoo.leaderboard(folder, out="page.pdf")


ORDER = "return [...document.querySelectorAll('.board tbody th')].map(t => t.textContent)"


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_in_a_browser_rows_are_sorted_by_a_click_and_the_head_stays_in_sight(folder):
    page = ganzoo.leaderboard(folder, out=folder / "page.html", device="cpu")
    with browser(1280, 300) as driver:
        open_page(driver, page)
        best_first = [f"run-{k}" for k in sorted(range(7), key=lambda k: VALUES[k])]
        assert driver.execute_script(ORDER) == [*best_first, "run-7"]
        click = "document.querySelector('th[aria-sort] button').click()"
        driver.execute_script(click)
        assert driver.execute_script(ORDER) == [*reversed(best_first), "run-7"]
        driver.execute_script("document.querySelector('.board th button').click()")
        assert driver.execute_script(ORDER) == [f"run-{k}" for k in range(8)]

        # Scrolled down, the head is at the top of the window.
        driver.execute_script(
            "document.querySelector('.board tbody tr:last-child').scrollIntoView(false)"
        )
        top = "return document.querySelector('.board thead th').getBoundingClientRect().top"
        assert driver.execute_script("return scrollY") > 200
        assert driver.execute_script(top) == 0
        assert [e for e in driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")] == []


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_on_a_phone_nothing_is_wider_than_the_window_and_rows_can_be_sorted(folder):
    page = ganzoo.leaderboard(folder, out=folder / "page.html", device="cpu")
    with browser(375, 800) as driver:
        open_page(driver, page)
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert wide == 375
        driver.execute_script(
            "const s = document.querySelector('select'); s.value = '0';"
            "s.dispatchEvent(new Event('change'))"
        )
        assert driver.execute_script(ORDER) == [f"run-{k}" for k in range(8)]
        size = driver.execute_script(
            "const i = document.querySelector('.strip img'); return [i.naturalWidth, i.clientWidth]"
        )
        assert size[0] > 0
        assert 300 < size[1] <= 375
