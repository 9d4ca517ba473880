"""How checks are found, run and told of: in pytest, in Python and at the shell."""

from __future__ import annotations

import subprocess
import sys
from unittest import SkipTest

import pytest
import torch
from forked import run_pytest
from testing.broken_plugin import BROKEN

import ganzoo
from ganzoo.cli import main
from ganzoo.testing import CheckFailed, checks, conformance

HINGE = "ganzoo_hinge.plugin"


def find(host, id_: str):
    return next(check for check in checks("broken", host=host) if check.id == id_)


def test_a_message_says_what_was_promised_what_was_seen_and_how_to_mend_it(installed):
    check = find(None, "architecture-ends-in-tanh-scores_are_unbounded")
    with pytest.raises(CheckFailed) as failure:
        check()
    assert str(failure.value).splitlines() == [
        "scores_are_unbounded does not hold for the architecture 'ends-in-tanh' of acme-broken 1.2",
        "  promised: " + check.promise,
        "  seen: scores stay within [-10, 10], with images up to 1000 and weights up to 4096 times "
        "as large",
        "  mend: take the sigmoid, tanh or other activation from the discriminator's end: losses "
        "want raw scores, and apply their own",
    ]


def test_what_a_plugin_raises_is_the_cause_of_the_failure(host):
    with pytest.raises(
        CheckFailed, match="seen: it raised UnknownComponent: no penalty named"
    ) as failure:
        find(host, "loss-penalty-that-is-not-there-default_penalties_exist")()
    assert isinstance(failure.value.__cause__, ganzoo.UsageError)


def test_a_check_that_does_not_concern_a_component_is_skipped_with_the_reason(host):
    with pytest.raises(SkipTest, match="it demands no class logits"):
        find(host, "loss-good-class_logits_are_used")()


def test_a_check_leaves_the_callers_random_state_as_it_was(host):
    before = torch.get_rng_state()
    find(host, "architecture-good-any_batch_size")()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["hinge", HINGE, "Hinge"])
def test_a_plugin_is_called_by_its_entry_point_or_its_module(name):
    assert {check.component.spec.name for check in checks(name)} == {"hinge"}


def test_a_distribution_is_all_of_its_plugins():
    names = {check.component.spec.name for check in checks("gan-zoo")}
    assert {"hinge", "r1", "emoji"} <= names


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"plugin": "hingee"}, r"called 'hingee'\. Did you mean 'hinge'\?"),
        ({"plugin": "dcgan", "options": {"dcgn": {}}}, r"for 'dcgn', .* Did you mean 'dcgan'\?"),
        ({"plugin": "dcgan", "options": {"dcgan": {"width": 8}}}, "no option 'arch.width'"),
        ({"plugin": "dcgan", "expected_failures": {"shape": "x"}}, "Did you mean 'shapes'"),
    ],
)
def test_what_is_not_there_is_told_while_tests_are_collected(arguments, match):
    with pytest.raises(ganzoo.UsageError, match=match):
        conformance(**arguments)


def test_a_plugin_that_cannot_be_loaded_says_why(tmp_path, monkeypatch):
    from importlib.metadata import EntryPoint

    broken = ganzoo.PluginHost([EntryPoint("lost", "no_such_module_at_all", "ganzoo")])
    with pytest.raises(ganzoo.PluginError, match="lost could not be loaded: ModuleNotFoundError"):
        checks("lost", host=broken)


@conformance(HINGE)
def test_the_decorator_runs_a_test_for_each_check(check):
    check()


def test_pytest_shows_failures_skips_and_what_was_expected_to_fail(installed, tmp_path):
    """As an author sees it, in a project of their own."""
    (tmp_path / "test_conformance.py").write_text(
        "import ganzoo.testing\n\n"
        f"@ganzoo.testing.conformance({installed!r}, expected_failures={{\n"
        '    "loss-one-term-an-image-scalar_terms": "known",\n'
        '    "loss-good-scalar_terms": "has been mended",\n'
        "})\n"
        "def test_conformance(check):\n    check()\n"
    )
    selected = "loss-good-class or scalar_terms or loss-reals-and-fakes-exchanged-disc"
    code, out, err = run_pytest(["-rA", "-p", "no:cacheprovider", "-k", selected], tmp_path)
    assert code == 1, out + err
    test = "test_conformance.py::test_conformance"
    assert f"XFAIL {test}[loss-one-term-an-image-scalar_terms] - known" in out
    assert "\n[XPASS(strict)] has been mended\n" in out
    assert f"FAILED {test}[loss-reals-and-fakes-exchanged-discriminator_parts_real" in out
    assert "it demands no class logits" in out
    assert "  mend: turn a sign" in out
    assert "core.py" not in out.split("short test summary")[0]


def test_the_kit_imports_no_pytest():
    code = "import sys, ganzoo.testing as t; t.checks('hinge'); assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def ganzoo_cli(capsys, monkeypatch):
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "")  # the command writes to it

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            main(list(arguments))
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        ganzoo.default_host.cache_clear()
        return (code, *capsys.readouterr())

    return run


def test_at_the_shell_a_plugin_that_keeps_its_promises_exits_with_0(ganzoo_cli):
    code, out, _ = ganzoo_cli("plugins", "check", "hinge")
    assert code == 0
    assert "ok       loss-hinge-scalar_terms\n" in out
    assert "skipped  loss-hinge-class_logits_are_used: it demands no class logits\n" in out
    assert out.endswith("13 checks ran, 0 failed; 3 skipped\n")


def test_at_the_shell_one_that_breaks_any_exits_with_1(ganzoo_cli, installed, monkeypatch):
    import testing.broken_plugin as plugin

    few = {kind: {} for kind in BROKEN} | {"penalty": {"Reward": "non_negative"}}
    monkeypatch.setattr(plugin, "BROKEN", few)
    monkeypatch.setattr(plugin, "GOOD", {kind: [] for kind in BROKEN})
    code, out, _ = ganzoo_cli("plugins", "check", installed)
    assert code == 1
    assert "FAILED   penalty-reward-non_negative: non_negative does not hold for" in out
    assert "  mend: penalize a square or a norm" in out
    assert "1 failed" in out


def test_at_the_shell_options_reach_the_component_they_name(ganzoo_cli):
    code, _, err = ganzoo_cli("plugins", "check", "dcgan", "-o", "dcgan.base_channels=0")
    assert code == 2
    assert "'arch.base_channels' is 0" in err
    code, _, err = ganzoo_cli("plugins", "check", "dcgan", "-o", "dcgan.a.b=1")
    assert code == 2
    assert "is not of the form COMPONENT.KEY=VALUE" in err


def test_at_the_shell_plugins_alone_still_lists_them(ganzoo_cli):
    code, out, _ = ganzoo_cli("plugins")
    assert code == 0
    assert "hinge  (gan-zoo" in out
