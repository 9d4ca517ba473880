"""Promises of journals and logs from strangers: every command that reads them answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.cases import JSON, TEXTS, VALUES, as_json, command, damaged, fewer, fuzzed
from hypothesis import example, given
from hypothesis import strategies as st

import ganzoo

pytestmark = pytest.mark.slow

FILES = ["events.jsonl", "metrics.jsonl", "evaluations.jsonl"]

KNOWN = """event time step message marked error trace config provenance versions kind name value
scores/real diversity/fake discriminator/real images seed reference extractor"""
KEYS = st.one_of(st.sampled_from(KNOWN.split()), TEXTS)
NAMES = st.sampled_from(["started", "resumed", "checkpoint", "warning", "finished", "failed"])
TIMES = st.sampled_from(["2026-11-26T20:00:00+00:00", "2026-11-26", "yesterday", "", "\x1b[31m"])
FACTS = st.dictionaries(KEYS, VALUES, max_size=4)
OBJECTS = st.one_of(
    FACTS,
    st.builds(
        lambda facts, name, time: {"event": name, "time": time, **facts}, FACTS, NAMES, TIMES
    ),
    st.builds(
        lambda facts, step, value: {"step": step, "name": "fid", "value": value, **facts},
        FACTS,
        st.integers(0, 5),
        st.floats(),
    ),
)
LINES = st.one_of(OBJECTS.map(as_json), JSON)


@pytest.fixture(scope="module")
def copy(run) -> Path:
    """A copy of the run beside a whole one, in a folder of runs."""
    shutil.copytree(run, run.parent / "runs" / "00001-whole")
    return Path(shutil.copytree(run, run.parent / "runs" / "00002-copy"))


def use(copy: Path) -> None:
    """Let each command read the run that was damaged."""
    for words in (["show", "run", copy], ["doctor", copy]):
        command(*words)
    code, out, _ = command("runs", copy.parent)
    assert code == 0
    assert "00001-whole" in out
    assert "finished" in out
    code, out, _ = command("runs", copy.parent, "--json")
    assert code == 0
    assert [json.loads(line)["run"] for line in out.splitlines()] == sorted(
        map(str, copy.parent.iterdir())
    )
    code, out, err = command("compare", copy.parent, "--json")
    assert "00001-whole" in out if code == 0 else copy.name in err


@fuzzed
@given(file=st.sampled_from(FILES), lines=st.lists(LINES, max_size=5), end=st.sampled_from("\n "))
@example(file="events.jsonl", lines=['{"event": "started"}'], end="\n")
@example(file="events.jsonl", lines=["x"] * 2000, end="\n")
@example(file="metrics.jsonl", lines=["x" * 2**21, '{"step": true}'], end="")
def test_any_lines(run, copy, file, lines, end):
    text = "\n".join(lines) + end
    (copy / file).write_text(text, encoding="utf-8", errors="surrogatepass")
    use(copy)


@fuzzed
@given(file=st.sampled_from(FILES), lines=st.lists(OBJECTS.map(as_json), max_size=4))
def test_lines_after_those_of_a_run(run, copy, file, lines):
    whole = (run / file).read_text() if (run / file).exists() else ""
    (copy / file).write_text(whole + "\n".join(lines), encoding="utf-8", errors="surrogatepass")
    use(copy)


@fuzzed
@given(file=st.sampled_from(FILES[:2]), data=st.data())
def test_damaged_lines(run, copy, file, data):
    (copy / file).write_bytes(data.draw(damaged((run / file).read_bytes())))
    use(copy)
    ganzoo.Run(copy).versions()


@pytest.fixture(scope="module")
def place(run) -> Iterator[Path]:
    """A place for copies that are trained on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ganzoo.reporting.page.POINTS", 20)  # of the map of classes
        yield run.parent


@fewer
@given(
    file=st.sampled_from(FILES), lines=st.lists(LINES, min_size=1, max_size=4), whole=st.booleans()
)
@example(file="events.jsonl", lines=["x"], whole=False)
@example(file="events.jsonl", lines=['{"event": "started"}'], whole=False)
def test_a_run_with_any_lines_is_reported_and_resumed(run, place, file, lines, whole):
    """Or refused in a line: `command` wants one or the other."""
    copy = place / "resumed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(run, copy)
    before = (run / file).read_text() if whole and (run / file).exists() else ""
    text = before + "\n".join(lines) + "\n"
    (copy / file).write_text(text, encoding="utf-8", errors="surrogatepass")
    page = place / "report.html"
    for words in (["report", copy, "--out", page], ["compare", copy], ["resume", copy]):
        command(*words)
    code, _, err = command("resume", copy, "--steps", 3)
    assert code == 0, err
    assert ganzoo.Run(copy).steps[-1] == 3
