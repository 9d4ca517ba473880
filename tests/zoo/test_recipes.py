"""Every recipe of the zoo composes and trains, and says what its paper says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from toys import LATER, SMALL

import ganzoo
from ganzoo.config import Layer, tree_of
from ganzoo.config.recipes import recipe_layer, recipe_text
from ganzoo.discovery import registry
from ganzoo.discovery.specs import RecipeSpec
from ganzoo.run.plan import Plan, compose

RECIPES = ganzoo.names("recipe")

PAIRS = Path(__file__).parents[2] / "plugins" / "paired-folder" / "tests" / "pairs"

NEEDS = {"pix2pix": {"data.path": str(PAIRS)}}
"""What a recipe leaves to the user."""

NARROW = {
    "base_channels": ("r3gan-", "fastgan", "biggan", "sagan", "sngan-i", "contragan-", "reacgan-"),
    "generator.base_channels": ("projected",),
    "channel_max": ("stylegan2",),
}
"""Widths of networks that take minutes to build on a CPU: their plugins test them."""


def plan(name: str, **training: object) -> Plan:
    needed = NEEDS.get(name, {}).items()
    layers = [Layer("test", tree_of(tuple(key.split(".")), value)) for key, value in needed]
    layers.append(Layer("test", {"training": training, "execution": {"threads": 1}}))
    for width, recipes in NARROW.items():
        if name.startswith(recipes):
            layers.append(Layer("test", tree_of(("arch", *width.split(".")), 4)))
    return compose([*layers, recipe_layer(name)])


def text(name: str) -> str:
    return recipe_text(registry.find("recipe", name))


def spec(name: str) -> RecipeSpec:
    return registry.find("recipe", name).spec


ADAM = {"optimizer": "adam", "n_critic": 1}
DCGAN = ADAM | {"generator_lr": 2e-4, "discriminator_lr": 2e-4, "betas": (0.5, 0.999)}
SNGAN = {"optimizer": "adam", "n_critic": 5, "batch_size": 64, "betas": (0.0, 0.9)}
CIFAR = DCGAN | {"n_critic": 5, "batch_size": 64, "conditional": True, "eps": 1e-6}
BIGGAN = ADAM | {
    "n_critic": 2,
    "batch_size": 2048,
    "generator_lr": 5e-5,
    "discriminator_lr": 2e-4,
    "betas": (0.0, 0.999),
    "conditional": True,
}
GAN = {"batch_size": 100, "n_critic": 1}


def r3gan(
    batch_size: int, halflife: str, *, over: int = 20_000, **more: object
) -> tuple[str, dict[str, object]]:
    """Cosine schedules over so many thousands of images."""
    cosine = f"over {over} kimg cosine"
    rate = f"0.0002 to 5e-05 {cosine}"
    return "2501.05441", ADAM | more | {
        "batch_size": batch_size,
        "reuse_fakes": False,
        "generator_lr": rate,
        "discriminator_lr": rate,
        "betas": (0.0, f"0.9 to 0.99 {cosine}"),
        "ema_halflife": f"{halflife} {cosine}",
    }


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
    "relativistic-dcgan": ("2501.05441", ADAM | {"betas": (0.0, 0.99)}),
    "r3gan-cifar10": r3gan(512, "0 to 5000", conditional=True),
    "r3gan-ffhq64": r3gan(256, "0 to 500"),
    "r3gan-ffhq256": r3gan(256, "0 to 500"),
    "r3gan-imagenet32": r3gan(4096, "0 to 50000", over=200_000, conditional=True),
    "r3gan-imagenet64": r3gan(4096, "0 to 50000", over=200_000, conditional=True),
    "fastgan": ("2101.04775", DCGAN | {"batch_size": 8, "steps": 50_000}),
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
    "sngan": ("1802.05957", SNGAN),
    "sngan-stl10": ("1802.05957", SNGAN),
    "sngan-imagenet": ("1802.05637", SNGAN | {"conditional": True}),
    "sngan-cifar10": ("2206.09479", DCGAN | {"n_critic": 5, "batch_size": 64, "conditional": True}),
    "sndcgan": ("1802.05957", DCGAN | {"batch_size": 64}),
    "wgan-gp-resnet": ("1704.00028", SNGAN),
    "sagan": (
        "1805.08318",
        ADAM
        | {"batch_size": 256, "generator_lr": 1e-4, "discriminator_lr": 4e-4}
        | {"betas": (0.0, 0.9), "conditional": True},
    ),
    "biggan": ("1809.11096", BIGGAN),
    "biggan-deep": ("1809.11096", BIGGAN),
    "biggan-cifar10": ("2206.09479", CIFAR),
    "contragan-cifar10": ("2006.12681", CIFAR),
    "reacgan-cifar10": (
        "2111.01118",
        CIFAR | {"batch_size": 128, "generator_lr": 2.828e-4, "discriminator_lr": 2.828e-4},
    ),
    "biggan-diffaugment": ("2006.10738", CIFAR | {"steps": 200_000}),
    "biggan-cr": ("1910.12027", CIFAR),
    "biggan-icr": ("2002.04724", CIFAR),
    "biggan-lecam": (
        "2104.03310",
        DCGAN | {"betas": (0.0, 0.999), "n_critic": 4, "batch_size": 50, "conditional": True},
    ),
    "projected": (
        "2111.01007",
        ADAM
        | {"batch_size": 64, "reuse_fakes": False, "generator_lr": 2e-4, "discriminator_lr": 2e-4}
        | {"betas": (0.0, 0.99), "ema_halflife": 20, "ema_rampup": 0.05},
    ),
    "mhgan": (
        "1912.04216",
        DCGAN | {"betas": (0.0, 0.999), "n_critic": 4, "batch_size": 50, "conditional": True},
    ),
    "tacgan": (
        "1907.02690",
        DCGAN | {"betas": (0.0, 0.999), "n_critic": 2, "batch_size": 100, "conditional": True},
    ),
    "adcgan": ("2107.10060", DCGAN | {"n_critic": 5, "batch_size": 64, "conditional": True}),
    "softmax-gan": ("1704.06191", DCGAN | {"batch_size": 64}),
    "ragan": ("1807.00734", DCGAN),
    "top-k": ("2002.06224", DCGAN | {"n_critic": 5, "betas": (0.0, 0.9)}),
    "msgan": ("1903.05628", DCGAN | {"conditional": True}),
    "ebgan": ("1609.03126", DCGAN | {"batch_size": 64}),
    "began": (
        "1703.10717",
        ADAM
        | {"batch_size": 16, "steps": 500_000}
        | dict.fromkeys(
            ("generator_lr", "discriminator_lr"),
            "0.0001 to 3.125e-06 over 500000 steps exponential",
        ),
    ),
    "wgan-div": ("1712.01026", DCGAN | {"n_critic": 5, "batch_size": 64}),
    "lgan": ("1902.05687", DCGAN | {"n_critic": 5, "betas": (0.0, 0.9)}),
    "semi-supervised": ("1606.03498", DCGAN | {"generator_lr": 3e-4, "discriminator_lr": 3e-4}),
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
    "relativistic-dcgan": {"penalty": {"r1": {"weight": 1.0}, "r2": {"weight": 1.0}}},
    "r3gan-cifar10": {"augment": {"ada": {"mode": "fixed", "hue": 0.5, "cutout": 1.0}}},
    "r3gan-imagenet64": {"arch": {"wide_until": 64, "blocks": 2, "group_channels": 32}},
    "fastgan": {
        "arch": {"latent_dim": 256, "span": 16, "lite": False},
        "augment": {"diffaugment": {"policy": ["color", "translation"]}},
    },
    "acgan": {"arch": {"latent_dim": 110}},
    "pix2pix": {
        "arch": {"base_channels": 64, "dropout": 0.5, "patch": 70},
        "loss": {"adversarial": "vanilla", "l1_weight": 100.0},
    },
}
"""And of the components."""


FOLLOW_PAPERS = [name for name in RECIPES if "-quick" not in name]


def test_every_paper_above_has_its_recipe():
    assert set(PAPERS) <= set(FOLLOW_PAPERS)


@pytest.mark.parametrize("name", FOLLOW_PAPERS)
def test_a_recipe_that_is_not_quick_names_its_paper(name):
    assert re.search(r"arXiv:\d{4}\.\d{4,5}", spec(name).reference)


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_says_what_its_paper_says(name):
    number, training = PAPERS[name]
    assert number in spec(name).reference
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


@pytest.mark.parametrize("name", FOLLOW_PAPERS)
def test_a_papers_recipe_says_where_it_differs_from_it(name):
    assert re.search(r"^# (Differences|Major differences)\b.*:", text(name), re.MULTILINE)


def test_papers_recipes_do_not_lean_on_defaults_that_were_chosen_for_small_computers():
    """Rates stand in them too: see the test of what a paper states."""
    for name in FOLLOW_PAPERS:
        written = tomllib.loads(text(name))
        arch = written["arch"] if isinstance(written["arch"], dict) else {"name": written["arch"]}
        if arch["name"] == "dcgan":
            assert isinstance(arch.get("base_channels"), int), name


def test_the_dcgan_has_the_channels_of_the_papers_figure():
    generator = plan("dcgan").networks.generator
    wide = [m.in_channels for m in generator.modules() if hasattr(m, "in_channels")]
    assert wide == [1024, 512, 256, 128]


SIZES = dict.fromkeys(["pix2pix", "projected", *LATER], 32)

PROJECTED = {
    "generator.base_channels": 2,
    "feature_size": 32,
    "mixing_channels": 2,
    "head_width": 2,
}


def small_options(name: str, arch: str) -> dict[str, object]:
    """Options that make the networks of a recipe small."""
    if arch in LATER:
        small = LATER[arch] | ({"standing_statistics": 1} if arch.startswith("biggan") else {})
    elif arch == "projected":
        small = PROJECTED
    else:
        kept = {"width", "base_channels"}
        options = SMALL.get(arch, {"base_channels": 2})
        small = {key: value for key, value in options.items() if key in kept}
    return {f"arch.{key}": value for key, value in small.items()} | NEEDS.get(name, {})


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_when_made_small(name, tmp_path):
    chosen = tomllib.loads(text(name))["arch"]
    chosen = chosen if isinstance(chosen, str) else chosen["name"]
    run = ganzoo.train(
        recipe=name,
        options=small_options(name, chosen),
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        threads=1,
        run_dir=tmp_path / "run",
        **({} if name.startswith("gaussians") else {"size": SIZES.get(chosen, 16)}),
    )
    assert run.sample(2).isfinite().all()
    assert run.steps == [2]


@pytest.mark.parametrize(
    ("length", "steps"), [({}, 600), ({"steps": 7}, 7), ({"kimg": 0.05}, 50), ({"epochs": 2}, 6)]
)
def test_a_length_that_the_user_gives_replaces_the_epochs_of_a_recipe(length, steps):
    """Of three pairs, one at a time."""
    assert plan("pix2pix", **length).config.training.steps == steps
