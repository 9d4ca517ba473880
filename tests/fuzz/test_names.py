"""Promises of names from strangers: of classes, runs and files, and of torchrun's variables."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fuzz.cases import TEXTS, command, fewer, fuzzed, only_for_people
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ganzoo.errors import command as advised
from ganzoo.execution import torchrun

pytestmark = pytest.mark.slow

ENDINGS = st.sampled_from(["", ".png", ".gif", ".webp", ".jpg", ".tiff", ".PNG", ".exe", ".npy"])


@pytest.fixture(scope="module")
def manifest(run) -> Path:
    return run / "checkpoints" / "000002" / "manifest.json"


@fuzzed
@given(names=st.lists(TEXTS, min_size=10, max_size=10), data=st.data())
def test_any_class_name(run, manifest, tmp_path_factory, names, data):
    out = tmp_path_factory.getbasetemp() / "class.png"
    about = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(about | {"class_names": names}))
    chosen = data.draw(st.sampled_from(names) | TEXTS)
    assume("\0" not in chosen)  # no shell can pass it
    command("sample", run, "--n", 1, "--class", chosen, "--out", out, "--device", "cpu")


@fuzzed
@given(name=st.text(max_size=20), ending=ENDINGS, verb=st.sampled_from(["sample", "interpolate"]))
@example(name="x" * 300, ending=".png", verb="sample")
@example(name="a\x1b[31mb", ending=".png", verb="sample")
@example(name="\udce4", ending=".gif", verb="interpolate")
def test_any_name_of_a_file_to_write(run, tmp_path_factory, name, ending, verb):
    assume("\0" not in name)
    folder = tmp_path_factory.mktemp("out")
    out = Path(os.path.normpath(folder / f"./{name}{ending}"))
    assume(out.is_relative_to(folder))  # nowhere else
    arguments = [verb, run, "--n", 1, "--out", out, "--device", "cpu"]
    arguments += ["--stops", 2, "--frames", 2] if verb == "interpolate" else []
    code, _, _ = command(*arguments)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert written == ([out] if code == 0 else [])
    shutil.rmtree(folder)


@fewer
@given(name=st.text(max_size=20))
@example(name="a b; rm -rf x")
@example(name="\x1b[31mred")
@example(name="\udce4")
def test_any_name_of_a_run(run, tmp_path_factory, name):
    assume("\0" not in name)
    folder = tmp_path_factory.mktemp("runs")
    path = Path(os.path.normpath(folder / f"./{name}"))
    assume(path.is_relative_to(folder))
    assume(path != folder)
    path.mkdir(parents=True)
    shutil.copy(run / "config.toml", path)
    for words in (
        *(["runs", path.parent], ["runs", path], ["doctor", path], ["show", "run", path]),
        *(["compare", path], ["compare", path, "--format", "markdown"]),
        ["evaluate", path, "--against", path],
    ):
        command(*words)
    command("sample", path, "--out", folder / "grid.png", "--device", "cpu")
    shutil.rmtree(folder)


@fuzzed
@given(words=st.lists(st.text(st.characters(exclude_characters="\0"), max_size=9), max_size=3))
def test_an_advised_command_is_what_a_shell_reads(words):
    import shlex

    assert shlex.split(advised(*words)) == ["ganzoo", *words]


@pytest.fixture
def launched_by():
    """Sets the variables of torchrun to a rank and a number of processes."""

    @contextmanager
    def launched_by(rank: str, count: str) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in zip(torchrun.VARIABLES, (rank, count, "localhost"), strict=True):
                patch.setenv(name, value)
            yield

    return launched_by


RANKS = (TEXTS | st.integers().map(str)).filter(lambda text: "\0" not in text)


@fuzzed
@given(rank=RANKS, count=RANKS)
@example(rank="0", count="9" * 5000)
@example(rank="²", count="3")
def test_any_environment(launched_by, rank, count):
    with launched_by(rank, count):
        launched = only_for_people(torchrun.launched, "RANK")
        assert launched is None or 0 <= launched[0] < launched[1]
        assert (torchrun.rank(), torchrun.world_size()) == (0, 1)


@fewer
@given(rank=RANKS, count=RANKS)
@example(rank="0", count="9" * 5000)
@example(rank="²", count="3")
def test_a_command_in_any_environment(launched_by, rank, count):
    with launched_by(rank, count):
        code, out, _ = command("list", "losses")
    assert code == 0
    assert "wgan-gp" in out
