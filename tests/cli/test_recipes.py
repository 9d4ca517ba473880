"""Promises of recipes at the command line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import ganzoo

SMALL = (
    *("-o", "arch.base_channels=2", "--size", "16", "--batch-size", "4", "--sample-count", "4"),
    *("--steps", "2", "--device", "cpu"),
)


def test_a_recipe_trains_and_the_run_says_where_its_settings_came_from(ganzoo_cli):
    code, _, err = ganzoo_cli("train", "--recipe", "lsgan", *SMALL, "--run-dir", "run")
    assert code == 0, err
    run = ganzoo.Run("run")
    assert run.config.loss.options == {"a": 0.0, "b": 1.0, "c": 1.0}
    origin = f"the recipe 'lsgan' of gan-zoo {ganzoo.__version__}"
    assert f"betas = [0.5, 0.999] # from {origin}" in Path("run/config.toml").read_text()
    assert run.provenance["settings"] == f"-o, the command line, {origin}"
    assert origin in ganzoo_cli("show", "run", "run")[1]


def test_flags_and_files_go_before_a_recipe(ganzoo_cli):
    Path("mine.toml").write_text("[training]\nsteps = 9\nbatch_size = 7\n")
    command = ("train", "--recipe", "wgan", "--config", "mine.toml", "--steps", "5", "--dry-run")
    code, out, _ = ganzoo_cli(*command)
    assert code == 0
    assert "steps = 5 # from the command line" in out
    assert "batch_size = 7 # from mine.toml" in out
    assert "n_critic = 5 # from the recipe 'wgan' of gan-zoo" in out


def test_list_and_show_recipes(ganzoo_cli):
    code, out, _ = ganzoo_cli("list", "recipes")
    assert code == 0
    assert "\n  wgan-gp " in out
    code, out, _ = ganzoo_cli("show", "recipe", "wgan-gp")
    assert code == 0
    assert "# ganzoo train --recipe wgan-gp\n" in out
    assert "Gulrajani et al. 2017" in out
    assert tomllib.loads(out)["training"]["n_critic"] == 5


def test_an_unknown_recipe_gets_a_suggestion(ganzoo_cli):
    for command in (("train", "--recipe", "wgangp"), ("show", "recipe", "wgangp")):
        code, _, err = ganzoo_cli(*command)
        assert code == 2
        assert "no recipe named 'wgangp'. Did you mean 'wgan-gp'? `ganzoo list recipes`" in err
