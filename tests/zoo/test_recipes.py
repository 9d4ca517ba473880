"""Every recipe of the zoo composes and trains, and says what its paper says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from toys import SMALL

import ganzoo
from ganzoo.config import Layer, tree_of
from ganzoo.config.recipes import recipe_layer, recipe_text
from ganzoo.discovery import registry
from ganzoo.run.plan import Plan, compose

RECIPES = ganzoo.names("recipe")

PAIRS = Path(__file__).parents[2] / "plugins" / "paired-folder" / "tests" / "pairs"

NEEDS = {"pix2pix": {"data.path": str(PAIRS)}}
"""What a recipe leaves to the user."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "recipes-cache"))


def plan(name: str, **training: object) -> Plan:
    needed = NEEDS.get(name, {}).items()
    layers = [Layer("test", tree_of(tuple(key.split(".")), value)) for key, value in needed]
    layers.append(Layer("test", {"training": training}))
    return compose([*layers, recipe_layer(name)])


def text(name: str) -> str:
    return recipe_text(registry.find("recipe", name))


ADAM = {"optimizer": "adam", "n_critic": 1}
DCGAN = ADAM | {"generator_lr": 2e-4, "discriminator_lr": 2e-4, "betas": (0.5, 0.999)}
GAN = {"batch_size": 100, "n_critic": 1}

PAPERS = {
    "vanilla": ("1406.2661", GAN),
    "vanilla-conditional": ("1411.1784", GAN | {"conditional": True}),
    "dcgan": ("1511.06434", DCGAN | {"batch_size": 128}),
    "dcgan-conditional": ("1802.05637", DCGAN | {"batch_size": 128, "conditional": True}),
    "lsgan": ("1611.04076", DCGAN),
    "wgan": (
        "1701.07875",
        {"optimizer": "rmsprop", "n_critic": 5, "batch_size": 64}
        | {"generator_lr": 5e-5, "discriminator_lr": 5e-5},
    ),
    "wgan-gp": (
        "1704.00028",
        {"optimizer": "adam", "n_critic": 5, "batch_size": 64, "betas": (0.0, 0.9)}
        | {"generator_lr": 1e-4, "discriminator_lr": 1e-4},
    ),
    "dragan": ("1705.07215", DCGAN),
    "r3gan": ("2501.05441", ADAM | {"betas": (0.0, 0.99)}),
    "acgan": ("1610.09585", DCGAN | {"batch_size": 100, "conditional": True}),
    "contragan": ("2006.12681", DCGAN | {"n_critic": 5, "batch_size": 64, "conditional": True}),
    "reacgan": (
        "2111.01118",
        DCGAN
        | {"n_critic": 5, "batch_size": 128, "conditional": True}
        | {"generator_lr": 2.828e-4, "discriminator_lr": 2.828e-4},
    ),
    "lecam": (
        "2104.03310",
        DCGAN | {"betas": (0.0, 0.999), "n_critic": 4, "batch_size": 50, "conditional": True},
    ),
    "sngan-dcgan": (
        "1802.05957",
        {"optimizer": "adam", "n_critic": 5, "batch_size": 64, "betas": (0.0, 0.9)},
    ),
    "pix2pix": ("1611.07004", DCGAN | {"batch_size": 1, "conditional": True}),
    "infogan": (
        "1606.03657",
        DCGAN | {"batch_size": 128, "generator_lr": 0.001, "discriminator_lr": 0.0002},
    ),
    "cr": ("1910.12027", DCGAN | {"batch_size": 64}),
    "icr": ("2002.04724", DCGAN | {"batch_size": 64}),
}
"""What each paper states of the training."""

COMPONENTS = {
    "vanilla": {"arch": {"latent_dim": 100, "width": 1200, "depth": 2}},
    "dcgan": {"arch": {"latent": "uniform", "latent_dim": 100, "base_channels": 128}},
    "lsgan": {"loss": {"a": 0.0, "b": 1.0, "c": 1.0}},
    "wgan": {"loss": {"clip": 0.01}},
    "wgan-gp": {"penalty": {"gradient-penalty": {"weight": 10.0, "target": 1.0}}},
    "dragan": {"penalty": {"dragan": {"weight": 10.0, "target": 1.0}}},
    "r3gan": {"penalty": {"r1": {"weight": 1.0}, "r2": {"weight": 1.0}}},
    "acgan": {"arch": {"latent_dim": 110}},
    "pix2pix": {
        "arch": {"base_channels": 64, "dropout": 0.5, "patch": 70},
        "loss": {"adversarial": "vanilla", "l1_weight": 100.0},
    },
}
"""And of the components."""


def test_every_recipe_is_a_papers_or_quick():
    assert {name for name in RECIPES if not name.endswith("-quick")} == set(PAPERS)


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_says_what_its_paper_says(name):
    number, training = PAPERS[name]
    assert number in registry.find("recipe", name).spec.reference
    made = plan(name).config.model_dump()
    assert training.items() <= made["training"].items()
    for section, options in COMPONENTS.get(name, {}).items():
        for key, value in options.items():
            if isinstance(value, dict):
                assert value.items() <= made[section][key].items()
            else:
                assert made[section][key] == value


@pytest.mark.parametrize("name", PAPERS)
def test_what_the_paper_states_stands_in_the_recipe_itself(name):
    """A default that becomes another one must not change it."""
    written = tomllib.loads(text(name))["training"]
    stated = PAPERS[name][1]
    assert {key: stated[key] for key in stated} == {
        key: tuple(written[key]) if isinstance(written[key], list) else written[key]
        for key in stated
    }


@pytest.mark.parametrize("name", PAPERS)
def test_a_papers_recipe_says_where_it_differs_from_it(name):
    assert re.search(r"^# (Differences|Major differences)\b.*:", text(name), re.MULTILINE)


def test_the_dcgan_has_the_channels_of_the_papers_figure():
    generator = plan("dcgan").networks.generator
    wide = [m.in_channels for m in generator.modules() if hasattr(m, "in_channels")]
    assert wide == [1024, 512, 256, 128]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_when_made_small(name, tmp_path):
    chosen = tomllib.loads(text(name))["arch"]
    chosen = chosen if isinstance(chosen, str) else chosen["name"]
    small = {
        key: value
        for key, value in SMALL.get(chosen, {"base_channels": 2}).items()
        if key != "name" and key in {"width", "base_channels"}
    }
    run = ganzoo.train(
        recipe=name,
        options={f"arch.{key}": value for key, value in small.items()} | NEEDS.get(name, {}),
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path / "run",
        **({} if name.startswith("gaussians") else {"size": 32 if chosen == "pix2pix" else 16}),
    )
    assert run.sample(2).isfinite().all()
    assert run.steps == [2]


@pytest.mark.parametrize(
    ("length", "steps"), [({}, 600), ({"steps": 7}, 7), ({"kimg": 0.05}, 50), ({"epochs": 2}, 6)]
)
def test_a_length_that_the_user_gives_replaces_the_epochs_of_a_recipe(length, steps):
    """Of three pairs, one at a time."""
    assert plan("pix2pix", **length).config.training.steps == steps
