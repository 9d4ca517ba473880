"""Promises about numbers that are too large: one line, before memory is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from toys import TINY_COMMAND

import ganzoo

HUGE = 10**12


def refused(answer: tuple[int, str, str]) -> str:
    """The one line of a command that is refused for its images."""
    code, _, err = answer
    assert code == 2
    assert err.count("\n") == 1
    assert "images of 3x8x8" in err
    assert "GiB of memory that this machine has: draw fewer at a time" in err
    return err


@pytest.mark.parametrize(
    ("command", "options", "images"),
    [("interpolate", ["--n", 100_000_000], 6_400_000_000), ("sample", ["--n", HUGE], HUGE),
     ("directions", ["--n", 2, "--columns", HUGE], 2 * HUGE),
     ("ddls", ["--n", HUGE, "--device", "cpu"], HUGE)],
    ids=["interpolate", "sample", "directions", "ddls"],
)  # fmt: skip
def test_more_images_than_memory_holds_are_refused(command, options, images, ganzoo_cli, trained):
    line = refused(ganzoo_cli(command, trained, *options))
    assert line.startswith(f"Error: {images} images of")
    assert not list(Path().iterdir())


@pytest.mark.parametrize("flag", ["--rows", "--columns"])
def test_a_larger_sheet_of_styles_than_memory_holds_is_refused(flag, ganzoo_cli, styled):
    refused(ganzoo_cli("mix", styled, flag, HUGE))


@pytest.mark.parametrize("number", ["100000000", "1" + "0" * 400])
def test_a_batch_out_of_range_is_refused(number, ganzoo_cli):
    code, _, err = ganzoo_cli(*TINY_COMMAND, "--batch-size", number, "--run-dir", "run")
    assert code == 2
    assert "batch_size" in err
    assert "1000000" in err.splitlines()[-1]
    assert not Path("run").exists()


def test_a_trainer_refuses_them_too(make_trainer):
    trainer = make_trainer()
    for live in (False, True):
        with pytest.raises(ganzoo.UsageError, match="1000000000000 images of 1x8x8 take more"):
            trainer.sample(HUGE, live=live)
    z = torch.zeros(1, 8).expand(HUGE, 8)  # takes no memory
    with pytest.raises(ganzoo.UsageError, match="images of 1x8x8 take more"):
        trainer.decode(z)
    with pytest.raises(ganzoo.UsageError, match="a number of 1329 bits images"):
        trainer.sample(10**400)
