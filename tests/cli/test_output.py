"""Promises of output that breaks: a full disk, a closed pipe, a closed descriptor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from forked import run_snippet
from toys import TINY_COMMAND

import ganzoo
from ganzoo.cli import output

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")

BREAKS = {
    "full": "os.dup2(os.open('/dev/full', os.O_WRONLY), number)",
    "no reader": "ends = os.pipe(); os.close(ends[0]); os.dup2(ends[1], number)",
    "closed": "os.close(number)",
    "no room": "os.dup2(full_pipe(), number)",
}
"""How a descriptor breaks, as Python code: `> /dev/full`, `| true`, `>&-`, a reader that waits."""

FULL_PIPE = """
def full_pipe():
    end = os.pipe()[1]
    os.set_blocking(end, False)
    try:
        while True:
            os.write(end, bytes(4096))
    except BlockingIOError:
        return end
"""


def run_broken(how: str, numbers: list[int], *command: str) -> tuple[int, str, str]:
    """Run `ganzoo` with broken standard output (1) or error (2), or both."""
    lines = ["import os, sys", FULL_PIPE]
    for number in numbers:
        stream = "None" if how == "closed" else f"open({number}, 'w')"  # as Python begins
        name = {1: "stdout", 2: "stderr"}[number]
        lines += [f"number = {number}", BREAKS[how], f"sys.{name} = sys.__{name}__ = {stream}"]
    lines += ["from ganzoo.cli import main", f"main({[*command]})"]
    cache = os.environ["GANZOO_CACHE_DIR"]
    return run_snippet("\n".join(lines), Path.cwd(), GANZOO_CACHE_DIR=cache)


@pytest.mark.parametrize("numbers", [[1], [2], [1, 2]])
@pytest.mark.parametrize("how", BREAKS)
def test_training_goes_on_without_its_output(how, numbers):
    """It has a warning to print too: a batch that is split is not compiled."""
    options = ["--compile", "on", "--grad-accum-steps", "2", "--log-every", "1"]
    code, out, err = run_broken(how, numbers, *TINY_COMMAND, *options, "--run-dir", "run")
    assert code == 0, err
    run = ganzoo.Run("run")
    assert (run.state, run.steps) == ("finished", [3])
    assert [line["step"] for line in run.metrics()] == [1, 2, 3]
    assert ("Done: run" in out) == (1 not in numbers)
    assert ("Warning: --compile on" in err, "step 3/3" in err) == (2 not in numbers,) * 2
    assert "Error" not in err
    assert "Exception" not in err


def test_a_reader_that_has_read_enough_ends_a_command_quietly():
    assert run_broken("no reader", [1], "list") == (0, "", "")
    assert run_broken("no reader", [1, 2], "list", "losses") == (0, "", "")


@pytest.mark.parametrize("command", [["list"], [*TINY_COMMAND, "--dry-run"]])
@pytest.mark.parametrize("how", ["full", "no room"])
def test_a_result_that_is_lost_is_an_error(how, command):
    reason = {"full": "No space left on device", "no room": "Resource temporarily unavailable"}
    code, _, err = run_broken(how, [1], *command)
    assert (code, err) == (1, f"Error: cannot write the output: {reason[how]}\n")


@pytest.mark.parametrize("how", BREAKS)
def test_a_lost_message_keeps_its_exit_code(how):
    assert run_broken(how, [1, 2], "list", "nonsense") == (2, "", "")


def test_files_do_not_get_the_numbers_of_closed_descriptors():
    """Else what torch prints to descriptor 2 would go into the first file that is opened."""
    code = "import os\nos.close(2)\nfrom ganzoo.cli import main\ntry:\n    main(['list'])\n"
    code += "finally:\n    print(os.open('.', os.O_RDONLY) > 2)"
    assert run_snippet(code, Path.cwd())[1].endswith("True\n")


def test_a_name_that_the_terminal_cannot_show_is_escaped():
    code = "import sys\nsys.stdout.reconfigure(encoding='latin-1')\n"
    code += "from ganzoo.cli import main\nmain(['runs', 'жук'])"
    Path("жук").mkdir()
    code, out, err = run_snippet(code, Path.cwd())
    assert (code, out, err) == (0, r"There are no runs in \u0436\u0443\u043a." + "\n", "")


def test_every_command_prints_by_the_function_that_escapes_names():
    """`output.say`; cells of tables are made by `output.cells`."""
    folder = Path(output.__file__).parent
    files = [file for file in folder.glob("*.py") if file.name != "output.py"]
    for what in ("click.echo(", "Text("):
        assert [file.name for file in files if what in file.read_text(encoding="utf-8")] == []
