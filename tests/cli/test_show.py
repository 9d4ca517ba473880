"""Promises of `ganzoo list` and `ganzoo show`: what there is, and what it brings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ganzoo
from ganzoo.discovery.specs import KINDS, LISTED


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_distribution_is_named_once_and_not_in_each_line(ganzoo_cli):
    code, out, _ = ganzoo_cli("list")
    assert code == 0
    assert out.count("gan-zoo 0.1.0") == 1
    assert out.endswith("Provided by gan-zoo 0.1.0 where no other distribution is named.\n")


@pytest.mark.parametrize("command", ["list", "show"])
def test_the_help_names_every_kind(ganzoo_cli, command):
    code, out, _ = ganzoo_cli(command, "--help")
    assert code == 0
    for kind in LISTED.values() if command == "list" else KINDS.values():
        assert (kind.plural if command == "list" else kind.name) in out


def test_a_loss_shows_the_penalty_and_the_settings_that_it_brings(ganzoo_cli):
    """Two time scales and one critic update."""
    code, out, _ = ganzoo_cli("show", "loss", "wgan-gp")
    assert code == 0
    brought = words(out.split("brings (your own settings win):")[1])
    assert "penalty gradient-penalty weight 10.0" in brought
    assert "--optimizer adam" in brought
    assert "--generator-lr 0.0002 --discriminator-lr 0.0004 --betas 0.0 0.9" in brought
    assert "--n-critic 1" in brought


def test_the_settings_that_it_shows_are_flags_that_train_takes(ganzoo_cli):
    """Each with the value that a run without them has."""
    _, out, _ = ganzoo_cli("show", "wgan-gp")
    flags = words(out.split("settings  ")[1]).split()
    command = ["train", "--arch", "vanilla", "--loss", "wgan-gp", "--data", "emoji", "--size", "8"]
    code, given, _ = ganzoo_cli(*command, *flags, "--dry-run")
    assert code == 0
    _, without, _ = ganzoo_cli(*command, "--dry-run")
    values = [line.split(" # ")[0] for line in given.splitlines()]
    assert values == [line.split(" # ")[0] for line in without.splitlines()]


def test_an_architecture_shows_its_settings_and_a_penalty_brings_nothing(ganzoo_cli):
    _, out, _ = ganzoo_cli("show", "architecture", "dcgan")
    assert "--betas 0.5 0.999" in words(out.split("brings")[1])
    assert "brings" not in ganzoo_cli("show", "penalty", "r1")[1]


def test_a_name_that_one_kind_has_needs_no_kind(ganzoo_cli):
    """`dcgan` is a recipe too: components go first."""
    assert ganzoo_cli("show", "dcgan") == ganzoo_cli("show", "architecture", "dcgan")
    assert ganzoo_cli("show", "r1") == ganzoo_cli("show", "penalty", "r1")
    assert ganzoo_cli("show", "dcgan-quick") == ganzoo_cli("show", "recipe", "dcgan-quick")


def test_the_path_of_a_run_needs_no_kind(ganzoo_cli, trained):
    assert ganzoo_cli("show", trained) == ganzoo_cli("show", "run", trained)


def test_a_name_of_two_kinds_lists_both(ganzoo_cli, tmp_path, monkeypatch):
    (tmp_path / "both_gan.py").write_text(
        "import ganzoo\n"
        "@ganzoo.hookimpl\n"
        "def ganzoo_losses():\n"
        "    yield ganzoo.LossSpec(name='both', factory='both_gan:A', summary='A loss.')\n"
        "@ganzoo.hookimpl\n"
        "def ganzoo_penalties():\n"
        "    yield ganzoo.PenaltySpec(name='both', factory='both_gan:B', summary='A penalty.')\n"
    )
    info = tmp_path / "both_gan-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: both-gan\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nboth = both_gan\n")
    monkeypatch.syspath_prepend(tmp_path)
    ganzoo.default_host.cache_clear()
    code, _, err = ganzoo_cli("show", "both")
    assert code == 2
    assert "say `ganzoo show loss both` or `ganzoo show penalty both`" in err
    assert "A loss. [both-gan 1.0]" in ganzoo_cli("list", "losses")[1]
    code, out, _ = ganzoo_cli("show", "loss", "both")  # it has no class A
    assert code == 0
    assert "What else it brings is not known" in out


@pytest.mark.parametrize(
    ("name", "advice"),
    [("dcgann", "Did you mean 'dcgan'?"), ("losses", "`ganzoo list losses` shows their names"),
     ("nothing-like-it", "`ganzoo list` shows all names")],
)  # fmt: skip
def test_a_name_that_nothing_has_is_refused_with_advice(ganzoo_cli, name, advice):
    code, _, err = ganzoo_cli("show", name)
    assert code == 2
    assert advice in err


WATCHED = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("IMPORTS TORCH", file=sys.stderr, flush=True)
            os._exit(3)  # what comes later is the subject of other tests
sys.meta_path.insert(0, Watch())
sys.stdout = sys.stderr
from ganzoo.cli import main
main({arguments!r})
"""

FIRST = {
    "train": (["train", "--arch", "dcgan", "--loss", "hinge", "--data", "image-folder",
               "-o", "data.path=nowhere", "--size", "32", "--run-dir", "mine"],
              "Training dcgan + hinge on image-folder at 32 px in mine …"),
    "train, all by default": (
        ["train", "--recipe", "wgan", "-o", "arch.base_channels=1", "-o", "arch.latent_dim=0"],
        "Training dcgan + wasserstein on fashion-mnist in a new directory of runs/ …",
    ),
    "train, with more components": (
        ["train", "--arch", "vanilla", "--loss", "bce", "--data", "emoji", "--penalty", "r1",
         "--constraint", "weight-clipping", "--run-dir", "mine", "-o", "arch.width=0"],
        "Training vanilla + bce + r1 + weight-clipping on emoji in mine …",
    ),
    "resume": (["resume", "run", "--steps", "1"],
               "Resuming run: vanilla + bce on emoji at 8 px, conditional …"),
    "show": (["show", "loss", "wgan-gp"], "loss wgan-gp"),
}  # fmt: skip


@pytest.mark.parametrize("command", FIRST)
def test_what_is_done_is_said_before_torch_is_imported(command, trained):
    """Which takes seconds."""
    Path("run").symlink_to(trained)
    arguments, line = FIRST[command]
    code = WATCHED.format(arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    assert lines[0] == line
    assert "IMPORTS TORCH" in lines[1:]
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(["--loss", "wgn-gp"], "Did you mean 'wgan-gp'?"), (["--batch-size", "0"], "batch_size"),
     (["--arch", "dcgann"], "Did you mean 'dcgan'?"), (["--data", "emojis"], "'emoji'?")],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_name_or_setting_is_refused_before_torch_is_imported(wrong, message):
    given = ["train", "--arch", "dcgan", "--loss", "bce", *wrong]
    code = WATCHED.format(arguments=given)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "IMPORTS TORCH" not in done.stderr


def test_the_run_directory_is_told_before_the_first_step(ganzoo_cli):
    command = ["train", "--arch", "vanilla", "-o", "arch.width=8", "--loss", "wgan-gp"]
    command += ["--data", "emoji", "--size", "8", "--batch-size", "4", "--device", "cpu"]
    code, _, err = ganzoo_cli(*command, "--steps", "1")
    assert code == 0
    told = (
        "runs/00001-vanilla-wgan-gp-emoji: vanilla + wgan-gp + gradient-penalty on emoji at 8 px, "
        "1 steps with batches of 4 images on cpu"
    )
    assert told in err
    assert err.index(told) < err.index("step 1/1")
