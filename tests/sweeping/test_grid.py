"""Promises of the grid: which cells there are, their names and configs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_sweeps import TINY

import ganzoo
from ganzoo.config import Layer
from ganzoo.sweeping.grid import make_cells, read_sweep
from ganzoo.sweeping.request import plan_of, requested


def cells(*grids, settings=None, recipe=None, config=None):
    return requested(
        list(grids), config=config, recipe=recipe, measuring={}, settings=settings or {}
    ).cells


def test_there_is_a_cell_for_every_combination_and_every_seed_comes_before_the_next():
    made = cells({"seed": [0, 1], "loss": ["bce", "hinge"], "arch": ["vanilla", "dcgan"]})
    assert [cell.name for cell in made] == [
        f"{arch}-{loss}-seed={seed}"
        for seed in (0, 1)
        for arch in ("vanilla", "dcgan")
        for loss in ("bce", "hinge")
    ]
    assert made[0].tree["training"] == {"seed": 0}
    assert made[-1].tree["arch"] == {"name": "dcgan"}


def test_a_name_does_not_depend_on_the_other_cells_nor_on_the_order_of_the_axes():
    (alone,) = cells({"arch": ["dcgan"], "loss": ["bce"], "seed": [1]})
    many = cells({"seed": [0, 1, 2], "loss": ["hinge", "bce"], "arch": ["vanilla", "dcgan"]})
    assert alone in many


def test_penalties_of_a_cell_are_none_one_or_several():
    made = cells({"loss": ["bce"], "penalty": [[], "none", "r1", ["r1", "r2"], {"r1": {}}]})
    assert [(cell.name, cell.tree.get("penalty")) for cell in made[:4]] == [
        ("bce", None),
        ("bce-none", {"none": {}}),
        ("bce-r1", {"r1": {}}),
        ("bce-r1+r2", {"r1": {}, "r2": {}}),
    ]
    assert made[3].toml().count("[penalty.r") == 2


def test_an_option_is_an_axis_by_its_dotted_key_or_as_a_table_of_toml():
    quoted = cells({"arch": ["vanilla"], "arch.width": [8, 16]})
    nested = cells(tomllib.loads('arch.name = "vanilla"\narch.width = [8, 16]'))
    assert [cell.tree["arch"]["width"] for cell in quoted] == [8, 16]
    assert [cell.tree for cell in quoted] == [cell.tree for cell in nested]


def test_the_grid_wins_over_the_settings_of_all_runs_with_any_way_to_say_how_long():
    (cell,) = cells({"steps": [7]}, settings={"minutes": 3, "batch_size": 4})
    assert cell.tree["training"] == {"steps": 7, "batch_size": 4}
    (cell,) = cells({"seed": [1]}, settings={"kimg": 1}, config={"training": {"steps": 5}})
    assert cell.tree["training"] == {"seed": 1, "kimg": 1}


def test_several_grids_are_one_sweep_and_equal_cells_one_cell():
    made = cells(
        {"arch": ["dcgan"], "loss": ["bce", "hinge"]}, {"arch": ["dcgan"], "loss": ["bce"]}
    )
    assert [cell.name for cell in made] == ["dcgan-bce", "dcgan-hinge"]


def test_cells_of_one_name_and_different_configs_are_told_apart():
    first, second = cells({"loss": ["bce"], "arch.width": ["8!", "8?"]})
    assert first.name == "bce-width=8"
    assert second.name.startswith("bce-width=8-")


def test_names_are_those_of_folders_however_long_the_values_are():
    (cell,) = cells({"data.path": ["/some/where " + "x" * 300]})
    assert len(cell.name) < 140
    assert Path(cell.name).name == cell.name
    assert "/" not in cell.name


def test_the_recipe_stays_weaker_than_the_config_of_the_cell():
    (cell,) = cells({"recipe": ["dcgan-quick"]}, settings={"steps": 3})
    assert "arch" not in cell.tree
    origins = [layer.origin for layer in cell.layers()]
    assert origins[0] == "dcgan-quick.toml"
    assert "recipe 'dcgan-quick'" in origins[1]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"los": ["bce"]}, "no axis 'los'. Did you mean 'loss'"),
        ({"nonsense.key": [1]}, "no axis 'nonsense.key'"),
        ({"loss": []}, "'loss' of the sweep has no values"),
        ({"loss": ["bcee"]}, "no loss named 'bcee'"),
        ({"penalty": [["r1", "r7"]]}, "no penalty named 'r7'"),
        ({"recipe": ["dcgan-quik"]}, "no recipe named 'dcgan-quik'"),
        ({"loss": [3]}, "'loss' takes names, got 3"),
        (
            {"seed": [0, 1], "training.seed": [2]},
            "axis 'training.seed' of the sweep is given twice",
        ),
        ({"keep": [None, 2]}, "'keep' has the value None: give another grid, without it"),
        ({"seed": range(200), "batch_size": range(1, 200)}, "39,800 cells"),
    ],
)
def test_a_wrong_grid_is_refused_before_anything_is_made(grid, message):
    with pytest.raises(ganzoo.UsageError, match=message):
        cells(grid)


def test_a_sweep_without_a_grid_is_refused():
    with pytest.raises(ganzoo.UsageError, match="the sweep has no grid"):
        cells()


def test_lengths_of_the_grid_count_together_and_replace_that_of_all_runs():
    made = cells({"loss": ["bce"], "steps": [2, 3], "minutes": [5]}, settings={"kimg": 1})
    lengths = [cell.tree["training"] for cell in made]
    assert lengths == [{"minutes": 5, "steps": 2}, {"minutes": 5, "steps": 3}]


@pytest.mark.parametrize(
    "seeds", [np.arange(2), list(np.arange(2)), torch.arange(2), (k for k in range(2)), {0, 1}]
)
def test_values_may_be_any_numbers_in_any_collection(seeds):
    made = cells({"loss": ["bce"], "seed": seeds})
    assert [cell.name for cell in made] == ["bce-seed=0", "bce-seed=1"]
    assert tomllib.loads(made[1].toml())["training"] == {"seed": 1}


def test_a_sweep_file_is_a_config_with_a_grid_and_an_evaluation(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(
        'data = "emoji"\n[training]\nsteps = 2\n[evaluate]\nmetrics = ["frechet"]\nn = 64\n'
        '[[sweep]]\narch = "dcgan"\nloss = ["bce", "hinge"]\n[[sweep]]\narch = "vanilla"\n'
    )
    grids, layer, measuring = read_sweep(file)
    assert layer.tree == {"data": "emoji", "training": {"steps": 2}}
    assert (measuring.metrics, measuring.n) == (("frechet",), 64)
    made = make_cells(grids, [layer], None)
    assert [cell.name for cell in made] == ["dcgan-bce", "dcgan-hinge", "vanilla"]
    again = make_cells(grids, [Layer("read back", tomllib.loads(made[0].toml()))], None)
    assert again[0].tree == made[0].tree


def test_a_config_without_a_grid_is_no_sweep_file(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text('data = "emoji"\n')
    with pytest.raises(ganzoo.UsageError, match=r"add a table \[sweep\]"):
        read_sweep(file)


def test_each_cell_composes_to_the_plan_of_its_values():
    made = cells({"loss": ["bce"], "penalty": ["r1"], "arch.width": [16]}, settings=TINY)
    plan = plan_of(made[0])
    assert plan.config.arch.options["width"] == 16
    assert list(plan.penalties) == ["r1"]
    assert plan.image.shape == (3, 8, 8)
