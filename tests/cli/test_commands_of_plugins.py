"""Promises of the hook that adds commands: found, isolated, and never in ganzoo's own way."""

from __future__ import annotations

import sys

import pytest

import ganzoo

MODULE = """
import click, ganzoo

@ganzoo.hookimpl
def ganzoo_commands():
    yield ganzoo.CommandSpec(name={name!r}, factory="{package}_cli:{target}", summary="Does it.")
"""
CLI = """
import click, sys

@click.command()
@click.argument("word", default="nothing")
def say(word):
    "Say WORD."
    click.echo("said " + word)

@click.command()
def fail():
    raise ZeroDivisionError("in the plugin")

no_command = print
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with one command on the path."""

    def put(distribution: str, name: str, target: str = "say", cli: str = CLI) -> None:
        package = distribution.replace("-", "_")
        (tmp_path / f"{package}.py").write_text(
            MODULE.format(name=name, package=package, target=target)
        )
        (tmp_path / f"{package}_cli.py").write_text(cli)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[ganzoo]\n{distribution} = {package}\n")
        ganzoo.default_host.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield put
    for module in set(sys.modules) - before:
        del sys.modules[module]
    ganzoo.default_host.cache_clear()


def test_a_command_is_listed_and_runs(install, ganzoo_cli):
    install("acme-say", "say")
    code, out, _ = ganzoo_cli("--help")
    assert code == 0
    listed = " ".join(out.split("Commands of plugins:")[1].split())
    assert listed.endswith("say Does it. [acme-say 1.0]")
    assert "acme_say_cli" not in sys.modules  # help shows descriptors
    assert ganzoo_cli("say", "hello") == (0, "said hello\n", "")
    assert "command say" in ganzoo_cli("plugins")[1]


def test_ganzoos_own_commands_cannot_be_replaced(install, ganzoo_cli):
    install("acme-list", "list")
    assert "architectures" in ganzoo_cli("list")[1]
    assert "acme-list" not in ganzoo_cli("--help")[1]


def test_of_two_that_claim_a_name_neither_wins(install, ganzoo_cli):
    install("acme-a", "say")
    install("acme-b", "say")
    code, _, err = ganzoo_cli("say")
    assert code == 2
    assert "acme-a 1.0 and acme-b 1.0 both provide a command named 'say'" in err
    assert ganzoo_cli("acme-b/say")[:2] == (0, "said nothing\n")


def test_a_plugin_that_is_switched_off_adds_none(install, ganzoo_cli):
    install("acme-say", "say")
    code, _, err = ganzoo_cli("-p", "no:acme-say", "say")
    assert code == 2
    assert "No such command 'say'" in err


def test_a_command_that_raises_is_the_plugins_fault(install, ganzoo_cli):
    install("acme-fail", "fail", "fail")
    code, _, err = ganzoo_cli("fail")
    assert code == 1
    assert "ZeroDivisionError: in the plugin" in err
    assert "acme-fail 1.0" in err


@pytest.mark.parametrize(
    ("target", "cli", "complaint"),
    [
        ("no_command", CLI, "should be a click.Command"),
        ("say", "import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_a_command_that_cannot_be_loaded_harms_no_other(
    install, ganzoo_cli, target, cli, complaint
):
    install("acme-bad", "bad", target, cli)
    assert ganzoo_cli("list")[0] == 0
    assert ganzoo_cli("--help")[0] == 0
    code, _, err = ganzoo_cli("bad")
    assert code == 1
    assert complaint in err
    assert "acme-bad 1.0" in err
