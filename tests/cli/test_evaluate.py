"""Promises of `ganzoo evaluate`: what could not be measured is told, and decides the exit code."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures(tmp_path):
    """Folders of two and of five pictures."""
    noise = np.random.default_rng(0)
    for name, count in (("two", 2), ("five", 5)):
        (tmp_path / name).mkdir()
        for k in range(count):
            pixels = noise.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{k}.png")
    return tmp_path


METRICS = ["--metric", "copying", "--metric", "sliced-wasserstein", "--no-floor"]


def test_numbers_are_shown_and_what_was_not_measured_below_them(ganzoo_cli, pictures):
    code, out, _ = ganzoo_cli("evaluate", "two", "--against", "two", *METRICS)
    assert code == 0
    assert "SWD" in out
    assert out.splitlines()[-1].startswith("not measured: copying: copying needs at least three")


def test_json_has_the_numbers_and_the_reasons(ganzoo_cli, pictures):
    code, out, _ = ganzoo_cli("evaluate", "two", "--against", "two", *METRICS, "--json")
    assert code == 0
    printed = json.loads(out)
    assert [result["name"] for result in printed["results"]] == ["SWD"]
    assert list(printed["skipped"]) == ["copying"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_the_exit_code_is_one_if_nothing_was_measured(options, ganzoo_cli, pictures):
    only = ["--metric", "density-coverage", "--extractor", "classifier", "--no-floor"]
    code, out, err = ganzoo_cli("evaluate", "five", "--against", "five", *only, *options)
    assert code == 1
    assert "not measured: density-coverage: the extractor gan-zoo/classifier needs labels" in err
    if options:
        assert json.loads(out)["results"] == []
        assert "needs labels" in json.loads(out)["skipped"]["density-coverage"]


def test_every_option_that_a_message_advises_is_one_of_the_command(ganzoo_cli, pictures):
    (pictures / "five" / "bad.png").write_bytes(b"no picture")
    code, _, err = ganzoo_cli("evaluate", "two", "--against", "five", *METRICS)
    assert code == 1
    assert "--skip-bad-images leaves them out" in err
    options = [*METRICS, "--skip-bad-images"]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, out, err = ganzoo_cli("evaluate", "two", "--against", "five", *options)
    assert code == 0
    assert "Warning: 1 unreadable image" in err
    assert "copies" in out


def test_a_step_is_of_a_run(ganzoo_cli, pictures):
    """A checkpoint that is named by its folder has a step of its own."""
    code, _, err = ganzoo_cli("evaluate", "two", "--step", "7", "--against", "two", *METRICS)
    assert (code, "--step chooses a checkpoint of a run, and two is none" in err) == (2, True), err
