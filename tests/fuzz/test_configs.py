"""Promises of configs and options from strangers: a config, or one readable error."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import tomlkit
from fuzz.cases import NUMBERS, SCALARS, TEXTS, VALUES, damaged, fuzzed, only_for_people
from hypothesis import example, given
from hypothesis import strategies as st

import ganzoo
from ganzoo.config import (
    SECTIONS,
    SETTINGS,
    ConfigTree,
    Layer,
    RunConfig,
    changed_toml,
    load_config,
    parse_assignment,
    read_toml,
    to_toml,
    tree_of,
)
from ganzoo.discovery import registry

BASE = {"arch": "dcgan", "loss": "bce", "data": "emoji"}
PATHS = [*SETTINGS.values(), ("arch", "name"), ("arch", "x"), ("penalty", "r1", "weight")]
KEYS = st.one_of(st.sampled_from([key for path in PATHS for key in path]), TEXTS)


def toml(value: object) -> str:
    """A value as TOML writes it; also numbers that Python refuses to write."""
    try:
        return tomlkit.item(value).as_string()
    except (ValueError, TypeError, RecursionError):
        return hex(value) if isinstance(value, int) and value >= 0 else "9" * 5000


LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f'"{pair[0]}" = {toml(pair[1])}'),
    st.sampled_from(PATHS).flatmap(
        lambda path: SCALARS.map(lambda value: f"{'.'.join(path)} = {toml(value)}")
    ),
    st.sampled_from([*SECTIONS, "arch", "penalty.r1", "a.b.c"]).map("[{}]".format),
    st.sampled_from(
        [
            "x = " + "[" * 5000,
            "x = " + "[" * 300 + "]" * 300,
            "x = " + "{a=" * 5000,
            ".".join("a" * 3000) + " = 1",
            "[" + ".".join("a" * 3000) + "]",
            "x = " + "9" * 5000,
            "x = 0x" + "f" * 5000,
            "x = 1979-05-27T07:32:00Z",
            "[[arch]]",
        ]
    ),
    st.text(max_size=40),
)

WHOLE = to_toml(RunConfig.model_validate(BASE), {}).encode()


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("configs") / "any.toml"


def config_of(file: Path) -> RunConfig | None:
    """Load a config as a run and as a user does: both must answer alike."""
    config = only_for_people(lambda: load_config(file), file, file.name)
    if config is None:
        tree = ConfigTree()
        only_for_people(lambda: tree.add(read_toml(file)), file, file.name)
    return config


@fuzzed
@given(content=st.binary(max_size=80))
@example(content=b"\xef\xbb\xbfarch = 3")
@example(content=b"")
def test_any_bytes(file, content):
    file.write_bytes(content)
    assert config_of(file) is None


@fuzzed
@given(lines=st.lists(LINES, max_size=8))
def test_any_lines(file, lines):
    file.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    config_of(file)


@fuzzed
@given(content=damaged(WHOLE))
def test_a_damaged_config_is_refused_or_comes_back_from_toml(file, content):
    file.write_bytes(content)
    config = config_of(file)
    if config is not None:
        file.write_text(to_toml(config, {}), encoding="utf-8")
        assert load_config(file) == config


@fuzzed
@given(path=st.sampled_from(PATHS), value=VALUES)
def test_any_value_of_a_setting(path, value):
    tree = ConfigTree()
    tree.add(Layer("first", BASE))
    only_for_people(lambda: tree.add(Layer("here", tree_of(path, value))), "here")
    only_for_people(tree.validate, "here", "first", path[0])


@fuzzed
@given(trees=st.lists(st.dictionaries(KEYS, VALUES, max_size=3), min_size=1, max_size=3))
def test_any_layers(trees):
    tree = ConfigTree()
    for number, layer in enumerate(trees):
        only_for_people(lambda n=number, t=layer: tree.add(Layer(f"layer {n}", t)))
    only_for_people(tree.validate)


@fuzzed
@given(text=st.one_of(TEXTS, st.tuples(KEYS, LINES).map("arch.{0[0]}={0[1]}".format)))
@example(text="arch.x=" + "[" * 5000)
@example(text="arch.x=" + "9" * 5000)
@example(text=".".join("a" * 3000) + "=1")
def test_any_assignment(text):
    assigned = only_for_people(lambda: parse_assignment(text))
    if assigned is not None:
        tree = ConfigTree()
        only_for_people(lambda: tree.add(Layer("-o", tree_of(*assigned))), "-o")
        only_for_people(tree.validate)


COMPONENTS = [
    component
    for kind in ("architecture", "loss", "penalty", "dataset", "observer", "metric", "extractor")
    for component in ganzoo.default_host().components(kind)
]


@fuzzed
@given(component=st.sampled_from(COMPONENTS), data=st.data())
def test_any_value_of_an_option(component, data):
    names = [*registry.options_model(component).model_fields, "unknown", "name"]
    options = data.draw(st.dictionaries(st.sampled_from(names), VALUES | NUMBERS, max_size=3))
    only_for_people(lambda: registry.validate_options(component, options), component.spec.name)


CHANGES = st.dictionaries(
    st.sampled_from([p for p in PATHS if p != ("arch", "name")]),
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5)),
    max_size=4,
)
FORMS = [
    WHOLE.decode(),
    'arch = "dcgan"\nloss = "bce"\ndata = "emoji"\n',
    'arch = {name = "dcgan", x = 1}\ntraining = {steps = 3}\n[loss]\nname = "bce"\n',
    'arch.name = "dcgan"\ntraining.steps = 3 # mine\nloss.name = "bce"\n[data]\nname = "emoji"\n',
    'penalty.r1.weight = 2\n[arch]\nname = "dcgan"\n[loss]\nname = "bce"\n[training]\nsteps = 3\n',
    '[penalty.r1]\nweight = 2\n[training]\nsteps = 3\n[penalty.r2]\n[arch]\nname = "dcgan"\n',
]


@fuzzed
@given(text=st.sampled_from(FORMS), changes=CHANGES)
@example(text=FORMS[3], changes={("training", "steps"): None})
def test_changes_reach_every_form_of_a_config(text, changes):
    """The reference is the parsed text, changed as a dict."""
    expected = tomllib.loads(text)
    for path, value in changes.items():
        table = expected
        for key in path[:-1]:
            if isinstance(table.get(key), str):
                table[key] = {"name": table[key]}
            table = table.setdefault(key, {})
        if value is None:
            table.pop(path[-1], None)
        else:
            table[path[-1]] = value
    assert tomllib.loads(changed_toml(text, changes, "here")) == expected
