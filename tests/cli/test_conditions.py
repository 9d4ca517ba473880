"""Promises of the command line about runs that are conditioned on pictures."""

from __future__ import annotations

import pytest
from PIL import Image

TRAIN = [
    "train", "--arch", "pix2pix", "-o", "arch.base_channels=2", "-o", "arch.patch=16",
    "--loss", "pix2pix", "--data", "emoji", "-o", "data.condition=grey",
    "--batch-size", "4", "--sample-count", "4", "--device", "cpu",
]  # fmt: skip


@pytest.fixture
def run(ganzoo_cli, tmp_path):
    code, _, err = ganzoo_cli(*TRAIN, "--steps", "1", "--run-dir", str(tmp_path / "run"))
    assert code == 0, err
    return tmp_path / "run"


def test_a_run_is_sampled_from_the_pictures_it_keeps(ganzoo_cli, run, tmp_path):
    """Each beside its picture: two columns of 64 x 32 pixels, with gaps of two."""
    out = tmp_path / "grid.png"
    code, _, err = ganzoo_cli(
        "sample", str(run), "--n", "4", "--columns", "2", "--scale", "1", "--out", str(out)
    )
    assert code == 0, err
    with Image.open(out) as picture:
        assert picture.size == (2 + 2 * 66, 2 + 2 * 34)


def test_single_images_stand_alone(ganzoo_cli, run, tmp_path):
    code, _, err = ganzoo_cli("sample", str(run), "--n", "2", "--singles", str(tmp_path / "out"))
    assert code == 0, err
    with Image.open(tmp_path / "out" / "00001.png") as picture:
        assert picture.size == (32, 32)


@pytest.mark.parametrize("command", ["sample", "interpolate"])
@pytest.mark.parametrize("name", ["3", "Flags"])
def test_a_class_is_refused_with_what_is_used_in_its_place(ganzoo_cli, run, command, name):
    code, _, err = ganzoo_cli(command, str(run), "--class", name)
    assert code == 2
    assert f"{run} is conditioned on pictures, not on classes: without --class it uses" in err


def test_a_walk_is_refused_where_z_does_nothing(ganzoo_cli, run):
    code, _, err = ganzoo_cli("interpolate", str(run), "--n", "2", "--frames", "2")
    assert code == 2
    assert "do not depend on z, so there is nothing to interpolate" in err


def test_a_dry_run_names_the_condition_and_draws_both_networks(ganzoo_cli):
    code, out, err = ganzoo_cli(*TRAIN, "--dry-run")
    assert code == 0, err
    assert "1,911 images of 3x32x32, each with a picture of 1x32x32" in out
    assert "conditional = true" in out
    assert "the architecture 'pix2pix'" in out.split("conditional = true")[1].split("\n")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("architecture", "pix2pix"), "It is conditioned on pictures."),
        (("architecture", "dcgan"), "It is conditioned on classes."),
        (("dataset", "emoji"), "condition  Picture to make the emoji of"),
    ],
)
def test_show_names_the_condition(ganzoo_cli, arguments, words):
    code, out, err = ganzoo_cli("show", *arguments)
    assert code == 0, err
    assert words in out


def test_a_report_says_why_there_is_no_walk(ganzoo_cli, run):
    pytest.importorskip("jinja2")
    code, _, err = ganzoo_cli("report", str(run), "--out", str(run / "report.html"))
    assert code == 0, err
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "do not depend on z, so there is nothing to interpolate" in page
