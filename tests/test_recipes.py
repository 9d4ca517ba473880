"""Promises of recipes: where they stand among other settings, and whose they are."""

from __future__ import annotations

import importlib.metadata

import pytest

import ganzoo
from ganzoo.config import Layer
from ganzoo.config.recipes import recipe_layer, recipe_text
from ganzoo.discovery import registry
from ganzoo.run.plan import compose

PLUGIN = """
import ganzoo

@ganzoo.hookimpl
def ganzoo_recipes():
    yield ganzoo.RecipeSpec(name="brew", file="{package}:recipes/brew.toml", summary="A brew.")
    yield ganzoo.RecipeSpec(name="gone", file="{package}:recipes/gone.toml", summary="Lost.")
    yield ganzoo.RecipeSpec(name="spoilt", file="{package}:spoilt.toml", summary="No TOML.")
"""


@pytest.fixture
def host(tmp_path, monkeypatch, request) -> ganzoo.PluginHost:
    """The installed plugins, and one that brings recipes."""
    package = "brewery"
    (tmp_path / package / "recipes").mkdir(parents=True)
    (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / package / "plugin.py").write_text(PLUGIN.format(package=package))
    (tmp_path / package / "recipes" / "brew.toml").write_text(
        'arch = "vanilla"\nloss = "hinge"\n[training]\nsteps = 77\nbatch_size = 5\n'
        "[penalty.r1]\nweight = 0.5\n"
    )
    (tmp_path / package / "spoilt.toml").write_text("steps = = 3")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, package, raising=False)
    entry_point = importlib.metadata.EntryPoint("brewery", f"{package}.plugin", "ganzoo")
    return ganzoo.PluginHost(
        [*importlib.metadata.entry_points(group="ganzoo"), entry_point], strict=True
    )


def test_a_strangers_recipe_is_found_read_and_named(host):
    assert "brew" in ganzoo.names("recipe", host=host)
    plan = compose([recipe_layer("brew", host)], host)
    assert plan.config.training.steps == 77
    assert list(plan.penalties) == ["r1"]
    assert plan.origins["training", "steps"].startswith("the recipe 'brew' of ")


def test_everything_else_goes_before_a_recipe(host):
    layers = [Layer("flags", {"loss": {"name": "bce"}, "training": {"steps": 3}})]
    plan = compose([*layers, recipe_layer("brew", host)], host)
    assert plan.config.loss.name == "bce"
    assert plan.config.training.steps == 3
    assert plan.config.training.batch_size == 5
    assert plan.sources == ("flags", recipe_layer("brew", host).origin)


def test_options_of_a_replaced_component_do_not_stay():
    chosen = {"arch": {"name": "vanilla"}, "data": {"name": "emoji"}}
    plan = compose([Layer("flags", chosen), recipe_layer("wgan-gp")])
    assert "base_channels" not in plan.config.arch.options


def test_a_recipe_whose_file_is_missing_is_its_plugins_fault(host):
    with pytest.raises(ganzoo.PluginError, match=r"the recipe 'gone' of .* cannot be read"):
        recipe_layer("gone", host)


def test_a_recipe_that_is_no_toml_says_so_with_the_line(host):
    with pytest.raises(
        ganzoo.UsageError, match=r"the recipe 'spoilt' of .* not valid TOML.*line 1"
    ):
        recipe_layer("spoilt", host)


def test_an_unknown_recipe_gets_a_suggestion():
    with pytest.raises(ganzoo.UsageError, match=r"'dcgan-quik'\. Did you mean 'dcgan-quick'\?"):
        ganzoo.train(recipe="dcgan-quik")


def test_a_wrong_value_in_a_recipe_is_refused_with_its_name(host, tmp_path):
    (tmp_path / "brewery" / "recipes" / "brew.toml").write_text(
        'arch = "vanilla"\nloss = "bce"\n[training]\nsteps = -1\nstepz = 3\n'
    )
    with pytest.raises(ganzoo.UsageError) as caught:
        compose([recipe_layer("brew", host)], host)
    assert "'training.steps' is -1 (from the recipe 'brew' of " in str(caught.value)
    assert "no setting 'training.stepz' (from the recipe 'brew' of " in str(caught.value)


@pytest.mark.parametrize(
    "file", ["", "brew.toml", "package:", "package:../x.toml", "package:/x.toml", "package:x.json"]
)
def test_a_malformed_file_is_refused(file):
    with pytest.raises(ValueError, match="must look like 'package:recipes/name.toml'"):
        ganzoo.RecipeSpec(name="brew", file=file, summary="A brew.")


def test_a_recipe_has_no_code():
    with pytest.raises(ValueError, match="no factory or options"):
        ganzoo.RecipeSpec(name="brew", file="p:x.toml", factory="p:X", summary="A brew.")
    with pytest.raises(ganzoo.UsageError, match=r"ganzoo\.train\(recipe='dcgan'\)"):
        ganzoo.create("recipe", "dcgan")


def test_every_file_is_named_by_a_descriptor():
    """None lies in a package unseen."""
    from pathlib import Path

    files = {p.stem for p in Path(__file__).parents[1].glob("plugins/*/src/*/recipes/*.toml")}
    assert files == set(ganzoo.names("recipe"))
    for name in files:
        assert recipe_text(registry.find("recipe", name)).startswith("#")


def test_an_empty_name_is_no_recipe(tmp_path):
    """As a script gives it whose variable is not set."""
    with pytest.raises(ganzoo.UsageError, match="no recipe named ''"):
        ganzoo.train(recipe="", arch="vanilla", loss="bce", run_dir=tmp_path / "run")
