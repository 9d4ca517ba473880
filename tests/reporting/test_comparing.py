"""Promises of `ganzoo compare`."""

from __future__ import annotations

import json
import shutil

import pytest

import ganzoo


def evaluated(run, value, **more):
    number = {"name": "Some-FD", "value": value, "std": 0.5, "floor": 1.0, "better": "lower",
              "n": 100, "step": 6}  # fmt: skip
    with (run / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps(number | more) + "\n")


def test_runs_that_differ_only_in_the_seed_are_one_row_with_mean_and_deviation(runs):
    evaluated(runs[0], 10.0)
    evaluated(runs[1], 14.0)
    (row,) = ganzoo.compare(*runs).rows
    score = row.metrics["Some-FD"]
    assert row.seeds == (0, 1)
    assert (score.value, score.n, score.floor) == (12.0, 2, 1.0)
    assert score.std == pytest.approx(8**0.5)  # two values at 2 from their mean, n - 1 = 1
    assert "n = 2" in ganzoo.compare(*runs).to_markdown()


def test_runs_with_the_same_seed_and_settings_count_as_one_seed_and_that_is_said(runs, tmp_path):
    evaluated(runs[0], 10.0)
    evaluated(runs[1], 14.0)
    again = shutil.copytree(runs[0], tmp_path / "again")
    evaluated(again, 12.0)
    done = ganzoo.compare(*runs, again)
    (row,) = done.rows
    assert (row.seeds, row.metrics["Some-FD"].n) == ((0, 1), 2)
    assert row.metrics["Some-FD"].value == 12.0  # of 10 and 14: the first run of a seed counts
    assert "other seeds (n = 2)" in row.title
    said = f"{again} has the settings and the seed of {runs[0]}: they count as one seed"
    assert done.remarks[0] == said
    alone = ganzoo.compare(runs[0], again).rows[0]
    assert alone.title.endswith(", repeated")
    assert alone.metrics["Some-FD"].std == 0.5  # the metric's own: there is one seed


def test_what_could_not_be_measured_is_said_with_the_reason_until_it_is_measured(runs):
    evaluated(runs[0], 10.0, metric="acme/frechet")
    with (runs[1] / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps({"metric": "frechet", "not_measured": "too few images"}) + "\n")
    evaluated(runs[1], 1.0, name="other", metric="acme/other")
    remarks = ganzoo.compare(*runs).remarks
    assert f"{runs[1]}: not measured: frechet: too few images" in remarks
    assert not any("not evaluated for Some-FD" in remark for remark in remarks)
    evaluated(runs[1], 14.0, metric="acme/frechet")
    assert not any("too few images" in remark for remark in ganzoo.compare(*runs).remarks)


def test_the_settings_that_differ_are_shown_and_no_others(runs):
    config = runs[1] / "config.toml"
    config.write_text(config.read_text().replace("batch_size = 4", "batch_size = 8"))
    done = ganzoo.compare(*runs)
    assert done.settings == ("training.batch_size",)
    assert [row.settings["training.batch_size"] for row in done.rows] == [4, 8]


def test_the_latest_number_of_a_name_counts(runs):
    evaluated(runs[0], 10.0)
    evaluated(runs[0], 7.0)
    assert ganzoo.compare(runs[0]).rows[0].metrics["Some-FD"].value == 7.0


def test_what_was_not_measured_is_missing_and_the_command_is_named(runs):
    config = runs[1] / "config.toml"
    config.write_text(config.read_text().replace("batch_size = 4", "batch_size = 8"))
    evaluated(runs[0], 10.0)
    text = ganzoo.compare(*runs).to_markdown()
    assert "missing" in text
    assert f"ganzoo evaluate {runs[1]}" in text


def test_runs_that_lack_the_same_metrics_share_one_remark(runs, tmp_path):
    copies = [shutil.copytree(runs[0], tmp_path / f"copy {k}") for k in range(9)]
    evaluated(runs[0], 10.0)
    (remark,) = ganzoo.compare(*runs, *copies).remarks[-1:]
    assert "10 runs (" in remark
    assert all(str(run) in remark for run in (runs[1], *copies))
    assert "not evaluated for any metric: `ganzoo evaluate RUN` measures it" in remark
    assert len(ganzoo.compare(*runs, *copies).remarks) == 2  # and one that the copies are copies


def test_numbers_measured_in_different_ways_are_called_incomparable(runs):
    evaluated(runs[0], 10.0)
    evaluated(runs[1], 14.0, n=50)
    assert any("cannot be compared" in remark for remark in ganzoo.compare(*runs).remarks)


def test_a_damaged_run_stays_in_the_table(runs):
    (runs[1] / "config.toml").write_text("arch = [")
    done = ganzoo.compare(*runs)
    assert [row.state for row in done.rows] == ["finished", "damaged"]


def test_markdown_cells_hold_no_html(runs):
    evaluated(runs[0], 1.0, name="<script>|x")
    text = ganzoo.compare(runs[0]).to_markdown()
    assert "<script>" not in text
    assert "&lt;script>\\|x" in text


def test_json_is_json(runs):
    assert len(json.loads(ganzoo.compare(*runs).to_json())["rows"][0]["runs"]) == 2


@pytest.mark.parametrize("twice", [True, False])
def test_nonsense_is_refused(runs, twice):
    with pytest.raises(ganzoo.UsageError, match="twice" if twice else "no run directory"):
        ganzoo.compare(runs[0], runs[0] if twice else runs[0] / "samples")


def test_a_metric_that_no_run_has_is_refused(runs):
    evaluated(runs[0], 10.0)
    with pytest.raises(ganzoo.UsageError, match="no run has the metric 'FID'; they have: Some-FD"):
        ganzoo.compare(*runs).better("FID")


def test_runs_are_given_one_by_one(runs):
    swept = ganzoo.Sweep(runs[0].parent, {}, {}, {})
    for wrong in (list(runs), swept, None):
        for function in (ganzoo.compare, ganzoo.report, ganzoo.leaderboard):
            with pytest.raises(ganzoo.UsageError, match=r"one by one, compare\(\*runs\), and a sw"):
                function(wrong)


def test_a_device_that_is_not_there_is_refused_before_a_page_without_pictures(runs, tmp_path):
    for function in (ganzoo.report, ganzoo.leaderboard):
        with pytest.raises(ganzoo.UsageError, match="no device named 'gpu'"):
            function(*runs, out=tmp_path / "page.html", device="gpu")
    assert not (tmp_path / "page.html").exists()
