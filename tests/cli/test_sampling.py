"""Promises of `ganzoo sample` and `interpolate`: which classes, which files, which size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

import ganzoo


@pytest.fixture
def with_classes(trained, tmp_path):
    """The trained run, as if its ten classes had other names."""

    def rename(*names: str) -> Path:
        run = Path(shutil.copytree(trained, tmp_path / "renamed"))
        manifest = ganzoo.Run(run).checkpoint / "manifest.json"
        old = ganzoo.Run(run).manifest.class_names
        text = manifest.read_text()
        for before, after in zip(old, names, strict=False):
            text = text.replace(f'"{before}"', f'"{after}"')
        manifest.write_text(text)
        assert ganzoo.Run(run).manifest.class_names == (*names, *old[len(names) :])
        return run

    return rename


def sampled(ganzoo_cli, run: Path, class_: str) -> int:
    """The class that `--class` has chosen, by its images."""
    code, _, err = ganzoo_cli("sample", run, "--n", "2", "--class", class_, "--singles", "found")
    assert code == 0, err
    found = {path.read_bytes() for path in Path("found").iterdir()}
    for number in range(10):
        images = ganzoo.Run(run, device="cpu").sample(2, labels=number)
        ganzoo.run.pictures.save_singles(images, Path("expected"))
        if found == {path.read_bytes() for path in Path("expected").iterdir()}:
            return number
    raise AssertionError("no class has these images")


def test_a_class_is_chosen_by_its_name_before_its_number(ganzoo_cli, with_classes):
    run = with_classes("3", "2", "1", *map(str, range(10, 17)))
    assert sampled(ganzoo_cli, run, "1") == 2


@pytest.mark.parametrize("number", ["1", "0", "-1", "٣", "²", "9" * 5000])
def test_a_number_is_no_class_if_names_are_numbers(number, ganzoo_cli, with_classes):
    run = with_classes(*(f"{k:02d}" for k in range(1, 11)))
    code, out, err = ganzoo_cli("sample", run, "--class", number)
    assert (code, out) == (2, "")
    assert f"no class named '{number}'; there are 01, 02, 03" in err
    assert not Path("grid.png").exists()


def test_upper_and_lower_case_count_where_they_distinguish_classes(ganzoo_cli, with_classes):
    run = with_classes("Cat", "cat", "Dog")
    assert sampled(ganzoo_cli, run, "cat") == 1
    assert sampled(ganzoo_cli, run, "dog") == 2
    code, _, err = ganzoo_cli("sample", run, "--class", "CAT")
    assert (code, "there are Cat, cat, Dog" in err) == (2, True)


def test_a_number_stands_for_a_class_whose_name_is_none(ganzoo_cli, trained):
    assert sampled(ganzoo_cli, trained, "3") == 3
    code, _, err = ganzoo_cli("sample", trained, "--class", "10")
    assert (code, "class 10 does not exist; this run has 0 to 9" in err) == (2, True)


def test_grids_and_animations_are_enlarged_and_by_how_much_can_be_said(ganzoo_cli, trained):
    assert ganzoo_cli("sample", trained, "--n", "20", "--out", "a.png")[0] == 0
    assert ganzoo_cli("sample", trained, "--n", "20", "--scale", "1", "--out", "b.png")[0] == 0
    few = ["--n", "4", "--stops", "2", "--frames", "2"]
    assert ganzoo_cli("interpolate", trained, *few, "--out", "c.webp")[0] == 0
    assert ganzoo_cli("interpolate", trained, *few, "--scale", "2", "--out", "d.png")[0] == 0
    sizes = {}
    for name in ("a.png", "b.png", "c.webp", "d.png"):
        with Image.open(name) as picture:
            sizes[name] = picture.size
    assert sizes["b.png"] == (10 * 10 + 2, 2 * 10 + 2)
    assert sizes["a.png"] == tuple(4 * side for side in sizes["b.png"])
    assert sizes["c.webp"] == (4 * 22, 4 * 22)
    assert sizes["d.png"] == (2 * 22, 2 * 22)


def test_an_animation_has_the_format_of_its_ending(ganzoo_cli, trained):
    few = ["--n", "1", "--stops", "2", "--frames", "2", "--scale", "1", "--fps", "60"]
    for name, expected in (("w.png", "PNG"), ("w.webp", "WEBP")):
        assert ganzoo_cli("interpolate", trained, *few, "--out", name)[0] == 0
        with Image.open(name) as picture:
            assert (picture.format, picture.n_frames) == (expected, 4)
            last = torch.from_numpy(ganzoo.run.pictures.to_rgb(walk(trained)[0])[0].numpy())
            pixels = torch.tensor([*picture.convert("RGB").get_flattened_data()])
            assert torch.equal(pixels.T.reshape(3, 8, 8), last)
    for name, reason in (("w.avi", "end the name in .gif"), ("w.gif", "got --fps 60; end the")):
        code, _, err = ganzoo_cli("interpolate", trained, *few, "--out", name)
        assert (code, reason in err, Path(name).exists()) == (2, True, False), err


def test_an_interpolation_is_a_video_too(ganzoo_cli, trained):
    av = pytest.importorskip("av", reason="needs the extra `video`")
    few = ["--n", "4", "--stops", "2", "--frames", "3", "--fps", "60"]
    code, out, err = ganzoo_cli("interpolate", trained, *few, "--out", "w.mp4")
    assert (code, out) == (0, "w.mp4\n"), err
    with av.open("w.mp4") as container:
        seen = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    assert len(seen) == 6
    assert seen[0].shape == (4 * 22, 4 * 22, 3)


def walk(run: Path) -> torch.Tensor:
    return ganzoo.Run(run, device="cpu").interpolate(1, stops=2, frames=2)


def test_singles_of_an_earlier_sample_are_not_taken_for_this_one(ganzoo_cli, trained):
    assert ganzoo_cli("sample", trained, "--n", "5", "--singles", "out")[0] == 0
    code, _, err = ganzoo_cli("sample", trained, "--n", "3", "--singles", "out")
    assert (code, "out has 2 more images of an earlier sample, such as 00003.png" in err) == (
        2,
        True,
    )
    assert ganzoo_cli("sample", trained, "--n", "6", "--singles", "out")[0] == 0
    assert len(list(Path("out").iterdir())) == 6


@pytest.mark.parametrize("option", ["--scale", "--columns"])
def test_options_of_a_grid_are_refused_where_there_is_none(option, ganzoo_cli, trained):
    code, _, err = ganzoo_cli("sample", trained, "--singles", "out", option, "2")
    assert (code, "are for grids" in err, Path("out").exists()) == (2, True, False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("command", ["sample", "interpolate", "report"])
@pytest.mark.usefixtures("small_map")
def test_output_goes_to_regular_files_behind_links_and_nowhere_else(command, ganzoo_cli, trained):
    suffix = {"sample": ".png", "interpolate": ".gif", "report": ".html"}[command]
    few = ["--n", "1", "--stops", "2", "--frames", "1"] if command == "interpolate" else []
    pipe, link, target = (Path(name + suffix) for name in ("pipe", "link", "target"))
    os.mkfifo(pipe)
    link.symlink_to(target)
    code, _, err = ganzoo_cli(command, trained, *few, "--out", pipe)
    assert (code, f"cannot write {pipe}: it is a pipe" in err, pipe.is_fifo()) == (2, True, True)
    code, out, _ = ganzoo_cli(command, trained, *few, "--out", link)
    assert (code, str(link) in out) == (0, True)
    assert link.is_symlink()
    assert target.stat().st_size > 0
