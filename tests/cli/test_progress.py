"""Promises of the progress of training: step, total and time left are whole at any width."""

from __future__ import annotations

import io
import re
import shlex
import time

import pytest
from rich.console import Console

import ganzoo
from ganzoo.cli.progress import Progress, what_next
from ganzoo.run.directory import RunDirectory


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


class Waits(ganzoo.Observer):
    """Makes a step take as long."""

    def step(self, trainer, terms):
        time.sleep(0.05)


def test_with_a_time_budget_the_step_that_it_will_reach_is_shown(make_trainer):
    progress = Progress(Console(file=io.StringIO(), width=80, force_terminal=True))
    progress.minutes, lines = 2 / 60, []

    class Reads(ganzoo.Observer):
        def step(self, trainer, terms):
            lines.extend(drawn(progress, 80))

    trainer = make_trainer()
    trainer.fit(10**6, [Waits(), progress, Reads()], minutes=2 / 60)
    shown = [int(total) for line in lines for total in re.findall(r"\b\d+/(\d+)", line)]
    halfway = shown[len(shown) // 2]
    assert trainer.step / 2 < halfway < 2 * trainer.step
    (line,) = drawn(progress, 80)
    assert f" {trainer.step}/{trainer.step} " in line


def test_lines_say_the_step_that_it_will_reach(make_trainer, monkeypatch, capsys):
    monkeypatch.setattr("ganzoo.cli.progress.LINE_EVERY", 0.5)
    progress = Progress(Console(file=io.StringIO(), width=80))
    progress.minutes = 2 / 60
    trainer = make_trainer()
    trainer.fit(10**6, [Waits(), progress], minutes=2 / 60)
    lines = re.findall(r"step (\d+)/about (\d+)  (\d) s left", capsys.readouterr().err)
    assert len(lines) >= 2
    for step, total, left in lines:
        assert int(step) <= int(total)
        assert trainer.step / 2 < int(total) < 2 * trainer.step
        assert int(left) <= 2


def test_what_next_names_the_latest_picture_and_commands_for_this_run(tmp_path):
    directory = RunDirectory(tmp_path / "my run")
    directory.samples.mkdir(parents=True)
    for step in (0, 999_999, 1_000_000):
        (directory.samples / f"{step:06d}.png").touch()
    done, samples, heading, *commands = what_next(directory)
    assert done == f"Done: {directory.path}"
    assert samples == f"Samples: {directory.samples / '1000000.png'}"
    assert heading == "Next:"
    for line, name in zip(commands, ("sample", "report", "evaluate"), strict=True):
        assert shlex.split(line)[:3] == ["ganzoo", name, str(directory.path)]


def test_what_next_names_the_folder_if_all_pictures_are_gone(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    assert what_next(directory)[1] == f"Samples: {directory.samples}"


def test_a_command_that_lacks_its_extra_is_not_advised(tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.cli.progress.find_spec", lambda name: None)
    *_, sample, evaluate = what_next(RunDirectory(tmp_path / "run"))
    assert ("ganzoo sample" in sample, "ganzoo evaluate" in evaluate) == (True, True)
