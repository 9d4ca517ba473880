"""Promises of notebooks: what runs and results show there, and that nothing breaks a cell."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

import ganzoo
from ganzoo.cli.app import app
from ganzoo.evaluation.results import Result
from ganzoo.run.pictures import reduced
from ganzoo.run.progress_bar import Bar, progress_shown

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": "emoji",
    "size": 8,
    "batch_size": 4,
    "sample_count": 9,
    "device": "cpu",
}

EVIL = "<script>alert(1)</script>&\"'\x1b[31m"


class Page(HTMLParser):
    """The text and the elements of HTML, whose tags must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.tags, self.images, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def picture_of(attributes: dict[str, str]) -> Image.Image:
    kind, _, data = attributes["src"].partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data, validate=True)))


def train(run_dir: Path, **settings) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, **(TINY | {"steps": 4} | settings))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> ganzoo.Run:
    return train(tmp_path_factory.mktemp("runs") / "one")


@pytest.fixture
def run(trained, tmp_path) -> ganzoo.Run:
    """A copy of its own, to be damaged."""
    shutil.copytree(trained.path, tmp_path / "one")
    return ganzoo.Run(tmp_path / "one")


# --- Runs


def test_a_run_shows_what_it_is_and_its_latest_samples(trained):
    page = Page(trained._repr_html_())
    (line,) = page.words
    for fact in ("vanilla + bce on emoji at 8 px", "step 4 of 4", "finished", "D real 0."):
        assert fact in line
    (image,) = page.images
    assert "image-rendering: pixelated" in image["style"]
    saved = Image.open(trained.path / "samples" / "000004.png").convert("RGB")
    shown = picture_of(image)
    assert shown.width < saved.width == int(image["width"])  # the page enlarges it
    assert shown.resize(saved.size, Image.Resampling.NEAREST).tobytes() == saved.tobytes()


def test_without_html_a_run_shows_its_latest_samples(trained):
    saved = Image.open(trained.path / "samples" / "000004.png").convert("RGB")
    assert Image.open(io.BytesIO(trained._repr_png_())).tobytes() == saved.tobytes()
    assert repr(trained) == f"Run({str(trained.path)!r})"


def test_a_run_without_samples_shows_a_line(run):
    shutil.rmtree(run.path / "samples")
    page = Page(run._repr_html_())
    assert "step 4 of 4" in page.words[0]
    assert page.images == []
    assert run._repr_png_() is None


def test_the_latest_samples_are_those_of_the_highest_step(run):
    white = Image.new("RGB", (4, 4), "white")
    white.save(run.path / "samples" / "1000000.png")
    white.save(run.path / "samples" / "notes.png")
    white.save(run.path / "samples" / "999999.png")
    assert [file.name for file in run.directory.sample_grids()][-2:] == [
        "999999.png",
        "1000000.png",
    ]
    assert Image.open(io.BytesIO(run._repr_png_())).size == (4, 4)


def test_a_large_grid_is_shown_smaller(run):
    Image.effect_noise((1500, 750), 50).save(run.path / "samples" / "000005.png")
    assert Image.open(io.BytesIO(run._repr_png_())).size == (1024, 512)
    assert picture_of(Page(run._repr_html_()).images[0]).size == (1024, 512)


def test_showing_a_run_needs_neither_its_plugin_nor_its_weights(run):
    shutil.rmtree(run.path / "checkpoints")
    config = run.path / "config.toml"
    text = config.read_text(encoding="utf-8").replace('name = "vanilla"', 'name = "nowhere"')
    config.write_text(text, encoding="utf-8")
    page = Page(ganzoo.Run(run.path)._repr_html_())
    assert "nowhere + bce" in page.words[0]
    assert "step 4 of 4" in page.words[0]


DAMAGES = {
    "config.toml": b"[arch\n\xff",
    "events.jsonl": b"\xff\x00" * 5000,
    "metrics.jsonl": b'{"step": "no"}\n[1]\n{"step": 3, "x": NaN, "\\u202e": 1}\n',
    "samples/000004.png": b"no picture",
    "checkpoints/000004/manifest.json": b"",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_shown_too(run, name):
    (run.path / name).write_bytes(DAMAGES[name])
    (line,) = Page(run._repr_html_()).words
    assert "\n" not in line
    assert ("damaged: cannot read" in line) == (name == "config.toml")
    assert (run._repr_png_() is None) == (name == "samples/000004.png")


@pytest.mark.parametrize("name", ["config.toml", "events.jsonl", "metrics.jsonl", "samples", ""])
def test_a_run_that_has_lost_a_file_is_shown_too(run, name):
    path = run.path / name
    (shutil.rmtree if path.is_dir() else Path.unlink)(path)
    (line,) = Page(run._repr_html_()).words
    assert ("damaged: cannot read" in line) == (name in ("config.toml", ""))
    if name not in ("samples", ""):
        path.mkdir()  # a folder in its place cannot be read either
        (line,) = Page(run._repr_html_()).words
        assert "damaged: cannot read" in line


def test_names_are_text_and_not_html(run, tmp_path):
    folder = tmp_path / EVIL.replace("/", "")
    run.path.rename(folder)
    page = Page(ganzoo.Run(folder)._repr_html_())
    assert page.tags == ["div", "img"]
    assert "<script>alert(1)<script>&\"'\\x1b[31m" in page.words[0]


# --- Pictures of a run


def test_show_draws_what_the_command_writes(trained, tmp_path):
    shown = trained.show(5, seed=3)
    arguments = ["sample", trained.path, "--n", 5, "--seed", 3, "--out", tmp_path / "grid.png"]
    app([*map(str, arguments)], standalone_mode=False)
    written = Image.open(tmp_path / "grid.png").convert("RGB")
    assert (shown.size, shown.tobytes()) == (written.size, written.tobytes())
    assert trained.show(5, seed=4).tobytes() != shown.tobytes()


def test_show_gives_classes_a_column_each_unless_some_are_chosen(tmp_path, photos):
    run = train(tmp_path / "run", data=photos, conditional=True, steps=1)
    gap, cell = 2, 8 + 2
    assert reduced(run.show(6)).size == (3 * cell + gap, 2 * cell + gap)
    assert reduced(run.show(4, labels=1)).size == (2 * cell + gap, 2 * cell + gap)
    with pytest.raises(ganzoo.UsageError):
        run.show(4, labels=3)


# --- Tables


def cells(html: str) -> list[str]:
    page = Page(html)
    assert page.images == []
    assert set(page.tags) <= {"table", "tr", "th", "td", "div", "details", "summary"}
    return page.words


def test_a_comparison_shows_its_table_and_remarks(trained, run):
    comparison = ganzoo.compare(trained, run)
    words = cells(comparison._repr_html_())
    heads, rows = comparison.table()
    shown = [text for line in (heads, *rows) for text in line if text]
    assert words == shown + list(comparison.remarks)
    assert any("was not evaluated" in w or "were not evaluated" in w for w in words)


def test_an_evaluation_shows_numbers_beside_their_floors_and_what_they_depend_on():
    result = Result(
        name=EVIL, value=1.23456, std=0.1, floor=0.5, floor_std=None, better="lower",
        metric="x/y", blind_to="", extractor="x/z", extractor_hash="0123456789abcdef",
        resizing="none", sample="a", reference="b", reference_split="train", held_out="half of b",
        n=1000, n_reference=1000, seed=7, shape=(3, 8, 8), step=4,
    )  # fmt: skip
    skipped = {"modes": f"needs points; see {ganzoo.setting('metrics')}"}
    words = cells(ganzoo.Evaluation((result,), skipped, ("a remark",))._repr_html_())
    assert words[:8] == [
        "value", "floor", "better", "blind to",
        EVIL.replace("\x1b", "\\x1b"), "1.235 ± 0.1", "0.5", "lower",
    ]  # fmt: skip
    assert words[8:] == [
        "a against b; n = 1,000, seed 7",
        "floor: half of b",
        "x/z 0123456789ab: none",
        "a remark",
        "not measured: modes: needs points; see metrics",
    ]
    assert cells(ganzoo.Evaluation((), {"modes": "why"})._repr_html_())[-1].endswith("modes: why")


def test_a_sweep_shows_how_each_cell_ended(trained):
    swept = ganzoo.Sweep(Path("x"), {"a": trained}, {"b": "no <b>"}, {"c": "died"})
    assert cells(swept._repr_html_()) == [
        *("run", "state", "reason"),
        *("a", "finished", "b", "refused", "no <b>", "c", "failed", "died"),
    ]


# --- Progress


@contextmanager
def terminal() -> Iterator[list[str]]:
    """Standard error as a real terminal of 120 columns; its text is there afterwards."""
    pty = pytest.importorskip("pty")
    main, side = pty.openpty()
    seen, text = bytearray(), list[str]()

    def read() -> None:
        with suppress(OSError):  # when the other side is closed
            while data := os.read(main, 4096):
                seen.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "120")
        with os.fdopen(side, "w", encoding="utf-8") as stream:
            patch.setattr(sys, "stderr", stream)
            yield text
    reader.join()
    os.close(main)
    text.append(seen.decode())


def test_a_terminal_shows_progress(tmp_path):
    with terminal() as text:
        train(tmp_path / "run")
    assert "4/4" in text[0]
    assert "G adversarial 0." in text[0]


def test_a_terminal_shows_nothing_if_none_is_wanted(tmp_path):
    with terminal() as text:
        train(tmp_path / "run", progress=False)
    assert text == [""]


def test_a_script_whose_output_is_a_file_is_quiet_unless_asked(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as many CI services do
    run = train(tmp_path / "run")
    ganzoo.resume(run.path, steps=5)
    assert capfd.readouterr() == ("", "")
    ganzoo.resume(run.path, steps=6, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "6/6" in err


def test_what_a_program_prints_to_a_file_goes_there_while_the_bar_is_drawn(capfd):
    """In the test, standard output is a file, and the bar is drawn as at a terminal."""
    with Bar(Console(file=io.StringIO(), force_terminal=True)):
        print("a line of an observer")
    assert capfd.readouterr().out == "a line of an observer\n"


def test_a_bar_of_ones_own_is_the_only_one():
    own = ganzoo.ProgressBar(Console(file=io.StringIO()))
    with terminal():
        with progress_shown(None, [own]) as (observers, decoding):
            assert (observers, decoding) == ([own], None)
        with progress_shown(None, []) as (observers, decoding):
            (bar,) = observers
            assert isinstance(bar, ganzoo.ProgressBar)
            assert decoding == bar.decoding


def test_a_bar_ends_with_an_error_before_the_first_step():
    def fail() -> None:
        with progress_shown(True, []) as (_, decoding):
            decoding(1, 2)
            raise ArithmeticError

    with terminal() as text, pytest.raises(ArithmeticError):
        fail()
    assert "decoding" in text[0]
    assert text[0].endswith("\x1b[?25h")  # the cursor is there again


# --- Notebooks


def outputs(book, number: int) -> list[dict]:
    return [cell for cell in book.cells if cell.cell_type == "code"][number].outputs


@pytest.mark.slow
def test_the_notebook_of_the_docs_runs_and_updates_its_progress_in_place(tmp_path):
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    from notebooks import NOTEBOOKS, executed

    (file,) = NOTEBOOKS
    book = executed(file, tmp_path, steps=6)

    # Training: a bar and a grid, each as it was shown last; no warning, no other output.
    bar, grid = outputs(book, 0)
    assert {bar.output_type, grid.output_type} == {"display_data"}
    assert "6/6" in bar.data["text/html"]
    assert grid.data["text/plain"] == "samples of step 6"
    (image,) = Page(grid.data["text/html"]).images

    # The run, and a picture of it.
    (run,) = outputs(book, 1)
    assert Page(run.data["text/html"]).images == [image]
    assert "step 6 of 6" in run.data["text/html"]
    (shown,) = outputs(book, 3)
    Image.open(io.BytesIO(base64.b64decode(shown.data["image/png"]))).verify()

    # A training that is to be quiet.
    assert [output.output_type for output in outputs(book, 7)] == ["execute_result"]


def test_the_notebook_of_the_docs_is_small_and_holds_all_outputs_but_no_path_of_a_machine():
    (file,) = (Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb")
    assert file.stat().st_size < 300_000
    book = json.loads(file.read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] and cell["outputs"] for cell in code)
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert kinds == {"display_data", "execute_result", "stream"}
    said = "".join(
        "".join(output.get("text", output.get("data", {}).get(kind, "")))
        for cell in code
        for output in cell["outputs"]
        for kind in ("text/plain", "text/html")
    )
    said = re.sub(r'base64,[^"]*', "", said)
    for word in ("/home/", "/tmp/", "/work/", "/usr/", "site-packages", "\x1b", "0x", "Warning"):
        assert word not in said, word
