"""Promises of the advice on what a run misses; real runs are in tests/packaging."""

from __future__ import annotations

from importlib.metadata import version

import pytest

import ganzoo
from ganzoo.run import journal
from ganzoo.run.missing import explain, missing_explained

OURS = {"gan-zoo": version("gan-zoo"), "torch": version("torch")}


def test_a_missing_distribution_is_named_with_the_version_of_the_run():
    assert explain(OURS | {"no-such-gan": "1.2"}) == (
        "no-such-gan 1.2, which is not installed. If you trust it: pip install no-such-gan==1.2"
    )


def test_all_missing_distributions_are_in_one_command():
    message = explain(OURS | {"no-such-gan": "1.2", "nor-this-gan": "3.0"})
    assert "no-such-gan 1.2 and nor-this-gan 3.0, which are not installed" in message
    assert message.endswith("If you trust them: pip install no-such-gan==1.2 nor-this-gan==3.0")


def test_another_version_is_named():
    assert explain(OURS | {"gan-zoo": "0.0.9"}) == (
        f"gan-zoo 0.0.9, and {version('gan-zoo')} is installed now"
    )


def test_where_all_is_as_it_was_there_is_nothing_to_tell():
    assert explain(OURS) == ""
    assert explain(OURS | {"torch": "2.0"}) == ""


@pytest.mark.parametrize(
    ("distribution", "number"),
    [("x; rm -rf ~", "1.0"), ("no-such-gan", "1.0 && curl evil"), ("\x1b[2J", "1.0"), ("a", None)],
)
def test_nothing_a_strangers_run_says_gets_into_a_command_unless_it_is_a_name(distribution, number):
    assert explain({distribution: number}) == ""


def test_a_run_without_a_checkpoint_is_known_by_its_journal(tmp_path):
    (tmp_path / "config.toml").write_text("")
    run = ganzoo.Run(tmp_path)
    provenance = {"versions": OURS | {"no-such-gan": "1.2"}}
    journal.append(run.directory.journal, "started", provenance=provenance)
    with (
        pytest.raises(ganzoo.UsageError, match="no-such-gan==1.2$"),
        missing_explained(run.path, run.versions),
    ):
        ganzoo.create("loss", "nebula")


def test_a_run_without_versions_leaves_the_error_as_it_is(tmp_path):
    (tmp_path / "config.toml").write_text("")
    run = ganzoo.Run(tmp_path)
    with (
        pytest.raises(ganzoo.UsageError, match=r"^no loss named 'nebula'\..* shows all \d+\.$"),
        missing_explained(run.path, run.versions),
    ):
        ganzoo.create("loss", "nebula")
