"""Promises of `ganzoo compare` and `ganzoo report` at the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.mark.usefixtures("small_map")
def test_a_report_is_written_and_named(ganzoo_cli, trained):
    code, out, _ = ganzoo_cli("report", trained, "-o", "page.html", "--device", "cpu")
    assert code == 0
    assert "page.html" in out
    assert Path("page.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_a_comparison_has_three_forms(ganzoo_cli, trained, form):
    code, out, _ = ganzoo_cli("compare", trained, "--format", form)
    assert code == 0
    assert trained.name in out
    if form == "json":
        assert json.loads(out)["rows"][0]["state"] == "finished"


def test_a_folder_that_is_no_run_is_refused_in_words(ganzoo_cli):
    for command in ("compare", "report"):
        code, _, err = ganzoo_cli(command, ".")
        assert code == 2
        assert "no run directory" in err
