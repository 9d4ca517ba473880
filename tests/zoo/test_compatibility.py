"""The page on what trains with what says what is so; `tests/compatibility.py` makes its answers."""

from __future__ import annotations

import datetime
import random

import compatibility
import pytest
from compatibility import Cell, attempt, key, own, read

pytestmark = pytest.mark.slow

SAMPLE = 20
"""Combinations that are tried again, others each day."""


def test_every_combination_has_an_answer_and_no_other():
    expected = {key(cell) for cell in [*compatibility.cells(), *compatibility.pairs(read())]}
    given = {(name, setting) for name, settings in read().items() for setting in settings}
    assert given == expected, "run `python tests/compatibility.py`"


@pytest.mark.filterwarnings("default")
def test_a_sample_of_the_answers_is_true():
    answers, today = read(), random.Random(datetime.date.today().toordinal())
    chosen = today.sample([*compatibility.cells()], SAMPLE)
    chosen += today.sample([*compatibility.pairs(answers)], SAMPLE)
    for cell in chosen:
        name, setting = key(cell)
        assert answers[name][setting] == attempt(cell), cell


def test_every_pair_is_tried_once_where_both_can_be_trained():
    """Each loss and addition meets each addition, on `vanilla` unless it takes only one of them."""
    answers, additions = read(), compatibility.ADDITIONS
    pairs = [*compatibility.pairs(answers)]
    chosen = [(kind, c.spec.name) for kind in ("loss", *additions) for c in own(kind)]
    met = [frozenset(cell.chosen) for cell in pairs if cell.conditional]
    wanted = {frozenset((a, b)) for a in chosen for b in chosen if a != b and b[0] != "loss"}
    assert len(met) == len(set(met))
    assert set(met) == wanted
    assert len(pairs) == 2 * len({cell._replace(conditional=None) for cell in pairs})
    for cell in pairs:
        takes = [
            compatibility.WORKS in answers[f"{cell.architecture} {kind} {name}"].values()
            for kind, name in cell.chosen
        ]
        assert all(takes) or cell.architecture == compatibility.SMALL, cell


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        (Cell("vanilla", "loss", "bce", False), ""),
        (Cell("vanilla", "loss", "acgan", False), "the loss needs labels, so it cannot train"),
        (Cell("vanilla", "penalty", "path-length", None), "a penalty needs a generator of two net"),
        (Cell("pix2pix", "loss", "acgan", True), "the loss cannot be used here: the loss or a pen"),
        (Cell("vanilla", "penalty", "r1", False, ("constraint", "spectral-norm")), ""),
        (Cell("vanilla", "loss", "acgan", False, ("penalty", "r1")), "the loss needs labels, so"),
    ],
)
def test_an_answer_is_the_reason_of_the_refusal_without_names(cell, answer):
    given = attempt(cell)
    assert given.startswith(answer)
    assert bool(given) == bool(answer)
    assert f"'{cell.name}'" not in given


def test_networks_are_narrow_and_never_wider_than_by_default():
    """No option is set to a value that the architecture refuses, or that takes minutes to train."""
    for component in own("architecture"):
        sections = compatibility.setup(component.spec.name)
        plan = compatibility.planned(Cell(component.spec.name, "loss", "hinge", None))
        assert sections["arch"]["name"] == component.spec.name
        trained = [p for p in plan.networks.generator.parameters() if p.requires_grad]
        assert sum(p.numel() for p in trained) < 2_000_000, component.spec.name
