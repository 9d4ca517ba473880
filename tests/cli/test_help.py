"""Promises of `ganzoo train --help`: every setting once, in sections, in the field's words."""

from __future__ import annotations

import re

import pytest

from ganzoo.cli.app import app
from ganzoo.cli.train import train
from ganzoo.config import SECTIONS

HEADINGS = ["Components", "Images", "Training", "Execution", "Logging", "Run", "Help"]

FIELD_TERMS = [
    "data parallel",
    "gradient accumulation",
    "mixed precision",
    "horizontal flip",
    "exponential moving average",
    "learning rate",
    "random seed",
    "global batch size",
]


@pytest.fixture
def help_text(ganzoo_cli) -> str:
    code, out, _ = ganzoo_cli("train", "--help")
    assert code == 0
    return out


def section(text: str, heading: str) -> str:
    """The lines below a heading."""
    return re.split(r"^\w+:\n", text.split(f"\n{heading}:\n")[1], flags=re.MULTILINE)[0]


def test_options_are_in_sections(help_text):
    assert re.findall(r"^(\w+):$", help_text, re.MULTILINE) == HEADINGS


SECTION_HEADINGS = list(zip(SECTIONS, HEADINGS[1:5], strict=True))


@pytest.mark.parametrize(("name", "heading"), SECTION_HEADINGS)
def test_every_setting_of_the_schema_is_there_once_in_its_section(help_text, name, heading):
    flags = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", help_text, re.MULTILINE)
    settings = ["--" + field.replace("_", "-") for field in SECTIONS[name].model_fields]
    assert [flags.count(setting) for setting in settings] == [1] * len(settings)
    in_section = re.findall(r"^  (--[a-z-]+)", section(help_text, heading), re.MULTILINE)
    assert in_section == settings


@pytest.mark.parametrize("term", FIELD_TERMS)
def test_a_setting_is_found_by_the_fields_word_for_it(help_text, term):
    assert term in " ".join(help_text.lower().split())


def test_every_parameter_has_help():
    commands = [*app.commands.values(), *app.commands["plugins"].commands.values()]
    for command in commands:
        assert command.help, command.name
        assert command.get_short_help_str(limit=80)
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert parameter.help, (command.name, parameter.name)


def test_choices_show_each_value(help_text):
    """Click completes and checks them; the schema lists them."""
    assert "[auto|fp32|bf16|fp16]" in help_text
    assert {p.name for p in train.params} >= {"precision", "optimizer", "grad_accum_steps"}
