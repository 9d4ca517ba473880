"""Promises of the spec of an image: its shape, and what it is conditioned on."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from pydantic import TypeAdapter

import ganzoo
from ganzoo import ImageSpec, Picture, Vector

SPECS = {
    "none": (ImageSpec(3, 4, 5), (), "3x4x5"),
    "classes": (ImageSpec(3, 4, 5, num_classes=7), (), "3x4x5, 7 classes"),
    "vector": (
        ImageSpec(3, 4, 5, condition=Vector(6)),
        (6,),
        "3x4x5, each with a vector of 6",
    ),
    "picture": (
        ImageSpec(3, 4, 5, condition=Picture(1)),
        (1, 4, 5),
        "3x4x5, each with a picture of 1x4x5",
    ),
}


@pytest.mark.parametrize("kind", SPECS)
def test_a_spec_says_what_it_is_conditioned_on(kind):
    spec, shape, text = SPECS[kind]
    assert spec.shape == (3, 4, 5)
    assert spec.condition_kind == kind
    assert spec.condition_shape == shape
    assert str(spec) == text


@pytest.mark.parametrize("kind", SPECS)
def test_a_spec_survives_json(kind):
    spec = SPECS[kind][0]
    text = json.dumps(asdict(spec))
    assert TypeAdapter(ImageSpec).validate_json(text, strict=True) == spec


@pytest.mark.parametrize("condition", [Vector(0), Picture(0), Vector(-3)])
def test_an_empty_condition_is_refused(condition):
    with pytest.raises(ValueError, match="at least one number or channel"):
        ImageSpec(1, 2, 2, condition=condition)


def test_an_image_has_one_condition_at_most():
    with pytest.raises(ValueError, match="classes or another condition, not both"):
        ImageSpec(1, 2, 2, num_classes=3, condition=Vector(2))


def test_names_of_classes_do_not_go_with_another_condition():
    with pytest.raises(ganzoo.DataError, match="names 2 classes and says it has 0"):
        ganzoo.ImageSource([], ImageSpec(1, 2, 2, condition=Vector(2)), ("a", "b"))
