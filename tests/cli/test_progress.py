"""Promises of the progress of training: step, total and time left are whole at any width."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ganzoo.cli.progress import Progress


def drawn(progress: Progress, width: int) -> list[str]:
    """The lines of the bar."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(progress.bar.get_renderable())
    return console.file.getvalue().splitlines()


@pytest.fixture
def trained(make_trainer, request):
    """The progress after six steps, in a terminal of this width."""
    console = Console(file=io.StringIO(), width=request.param, force_terminal=True)
    progress = Progress(console)
    make_trainer().fit(6, observers=[progress])
    return progress


WIDTHS = pytest.mark.parametrize(
    ("trained", "width"), [(w, w) for w in (40, 80, 120)], indirect=["trained"]
)


@WIDTHS
def test_step_total_and_time_left_are_shown_in_one_line(trained, width):
    (line,) = drawn(trained, width)
    assert len(line) <= width
    assert re.search(r"\b6/6 .*left 0:00:00 \d", line)
    assert ("training" in line, "\u2501" in line) == (width >= 80, width >= 80)
    assert "D real" in line


@WIDTHS
def test_large_numbers_are_whole_too_and_the_losses_are_cut(trained, width):
    trained.bar.update(trained.task, total=1_000_000, completed=123_456)
    (line,) = drawn(trained, width)
    assert len(line) <= width
    assert re.search(r"\b123456/1000000 .*left [-\d:]+ ", line)
    assert line.rstrip().endswith("…")


def test_a_terminal_that_is_resized_gets_another_layout(make_trainer):
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    progress = Progress(console)
    make_trainer().fit(2, observers=[progress])
    assert "training" in drawn(progress, 120)[0]
    console.width = 40
    assert re.match(r" *2/2 left", drawn(progress, 40)[0])


def test_the_name_of_a_term_is_text_and_no_markup(make_trainer):
    progress = Progress(Console(file=io.StringIO(), width=120, force_terminal=True))
    make_trainer().fit(1, observers=[progress])
    progress.bar.update(progress.task, note="D [bold]x 1.0")
    assert "D [bold]x 1.0" in drawn(progress, 120)[0]
