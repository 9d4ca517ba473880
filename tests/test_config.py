"""Promises of the config: one tree, as TOML, as flags and as Python."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ganzoo
from ganzoo.config import (
    SECTIONS,
    SETTINGS,
    ConfigTree,
    Layer,
    RunConfig,
    load_config,
    parse_assignment,
    read_toml,
    to_toml,
    tree_of,
)

BASE = {"arch": "dcgan", "loss": "bce", "data": "emoji"}


def tree(*layers) -> ConfigTree:
    made = ConfigTree()
    for index, layer in enumerate(layers):
        made.add(Layer(f"layer {index}", layer))
    return made


def test_the_first_layer_wins_and_each_value_keeps_its_origin():
    made = tree({"training": {"steps": 5}}, BASE | {"training": {"steps": 9, "seed": 2}})
    config = made.validate()
    assert (config.training.steps, config.training.seed) == (5, 2)
    assert made.origins[("training", "steps")] == "layer 0"
    assert made.origins[("training", "seed")] == "layer 1"


def test_a_name_alone_is_short_for_a_table_with_a_name():
    assert tree(BASE).validate() == tree({k: {"name": v} for k, v in BASE.items()}).validate()


def test_options_of_a_component_that_was_replaced_are_dropped():
    made = tree({"arch": "vanilla"}, BASE | {"arch": {"name": "dcgan", "base_channels": 8}})
    assert made.options("arch") == {}
    kept = tree({"arch": "dcgan"}, BASE | {"arch": {"name": "dcgan", "base_channels": 8}})
    assert kept.options("arch") == {"base_channels": 8}


def test_options_may_be_nested():
    made = tree(BASE | {"arch": {"name": "dcgan", "blocks": {"first": 1, "last": {"size": 2}}}})
    assert made.options("arch") == {"blocks": {"first": 1, "last": {"size": 2}}}
    made.settle(("arch",), {"blocks": {"first": 1, "last": {"size": 2}}, "depth": 3}, "defaults")
    assert made.validate().arch.options == {
        "blocks": {"first": 1, "last": {"size": 2}},
        "depth": 3,
    }
    assert made.origins[("arch", "blocks", "first")] == "layer 0"
    assert made.origins[("arch", "depth")] == "defaults"


def test_none_leaves_out_what_weaker_layers_name_and_is_written_down(tmp_path):
    mine = {"constraint": {"none": {}, "orthogonal": {}}}
    made = tree(
        mine, BASE | {"constraint": {"spectral-norm": {"eps": 1e-6}}, "penalty": {"r1": {}}}
    )
    assert made.named("constraint") == ["orthogonal"]
    assert made.named("penalty") == ["r1"]
    config = made.validate()
    assert config.named("constraint") == {"orthogonal": {}}

    # A run that is resumed leaves out the same.
    written = tmp_path / "config.toml"
    written.write_text(to_toml(config, made.origins), encoding="utf-8")
    again = tree(read_toml(written).tree, {"constraint": {"spectral-norm": {"eps": 1e-6}}})
    assert again.validate() == config


@pytest.mark.parametrize("names", ["r1", ["r1", "r2"]])
def test_names_alone_are_components_with_their_defaults_or_weaker_options(names):
    made = tree({"penalty": names}, BASE | {"penalty": {"r1": {"weight": 3.0}}})
    expected = {"r1": {"weight": 3.0}} | ({"r2": {}} if "r2" in names else {})
    assert made.validate().named("penalty") == expected
    assert tree({"penalty": "none"}, BASE | {"penalty": {"r1": {}}}).named("penalty") == []


def test_none_has_no_options():
    with pytest.raises(ganzoo.UsageError, match="'none' leaves out .* has no options"):
        tree(BASE | {"penalty": {"none": {"weight": 2}}}).validate()


def test_a_value_in_the_place_of_a_table_wins_over_weaker_layers():
    made = tree({"arch": {"name": "dcgan", "blocks": 4}}, {"arch": {"blocks": {"first": 1}}})
    assert made.options("arch") == {"blocks": 4}
    with pytest.raises(ganzoo.UsageError, match="'penalty.r1' is 3"):
        tree({"penalty": {"r1": 3}}, BASE | {"penalty": {"r1": {"weight": 1.0}}}).validate()


def test_toml_round_trip_is_exact(tmp_path):
    made = tree(
        BASE
        | {
            "arch": {"name": "dcgan", "base_channels": 8},
            "penalty": {"r1": {"weight": 0.1, "interval": 16}, "r2": {}},
            "image": {"size": "32x64"},
            "training": {"betas": [0.0, 0.9], "generator_lr": 1e-5},
            "execution": {"threads": 2},
        }
    )
    config = made.validate()
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config, made.origins))
    assert load_config(file) == config


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
OPTIONS = st.dictionaries(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda key: key != "name"),
    st.one_of(SCALARS, st.lists(SCALARS, max_size=3)),
    max_size=4,
)


@given(arch=OPTIONS, data=OPTIONS, penalties=st.dictionaries(
    st.from_regex(r"([a-z0-9.]{1,4}/)?[a-z0-9]{1,4}", fullmatch=True), OPTIONS, max_size=3
))  # fmt: skip
@example(arch={"x": float("inf")}, data={}, penalties={"r1": {"x": [float("-inf")]}})
def test_any_option_survives_toml(tmp_path_factory, arch, data, penalties):
    """Quotes, line breaks, backslashes, huge and infinite numbers, qualified names and all."""
    made = tree(
        BASE
        | {"arch": {"name": "dcgan", **arch}, "data": {"name": "emoji", **data}}
        | {"penalty": penalties}
    )
    config = made.validate()
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_text(to_toml(config, made.origins), encoding="utf-8", newline="")
    assert load_config(file) == config


LEAVES = {
    "image": {
        "size": [16, 32],
        "channels": 3,
        "skip_bad_images": True,
        "horizontal_flip": True,
        "store_gib": 1.5,
    },
    "training": {
        "steps": 7,
        "batch_size": 6,
        "n_critic": 2,
        "reuse_fakes": False,
        "conditional": True,
        "optimizer": "rmsprop",
        "generator_lr": "0.0001 to 0 over 100 steps from 5 steps",
        "discriminator_lr": 3e-4,
        "betas": [0.0, 0.9],
        "ema_decay": 0.0,
        "seed": 2**63 - 1,
        "kimg": 2.5,
        "epochs": 3.0,
        "minutes": 2.5,
        "generator_betas": [0.1, "0.9 to 0.99 over 10 kimg"],
        "discriminator_betas": [0.2, 0.8],
        "eps": 1e-6,
        "generator_eps": 1e-7,
        "discriminator_eps": 1e-5,
        "weight_decay": 0.1,
        "generator_weight_decay": 0.2,
        "discriminator_weight_decay": 0.3,
        "ema_halflife": "0 to 500 over 20000 kimg cosine",
        "ema_rampup": 0.05,
        "ema_start": 10,
        "max_grad_norm": 10.0,
        "generator_max_grad_norm": 20.0,
        "discriminator_max_grad_norm": 30.0,
        "init_from": "runs/1",
        "freeze_layers": 2,
    },
    "execution": {
        "device": "cpu",
        "precision": "fp32",
        "penalty_precision": "bf16",
        "compile": "on",
        "cuda_graphs": "off",
        "channels_last": "off",
        "fused": "off",
        "grad_accum_steps": 3,
        "data_on_device": "off",
        "workers": 3,
        "threads": 2,
    },
    "logging": {
        "log_every": 3,
        "sample_every": 4,
        "sample_count": 5,
        "checkpoint_every": 6,
        "keep": 7,
        "keep_best": "diversity/fake:max",
        "eval_every": 7,
        "eval_metrics": ["kernel"],
        "eval_extractor": "classifier",
        "eval_images": 50,
    },
}


def test_every_leaf_can_be_set_and_comes_back_from_toml(tmp_path):
    made = tree(BASE | LEAVES)
    config = made.validate()
    shown = config.model_dump(mode="json")
    assert {section: shown[section] for section in LEAVES} == LEAVES
    untouched = tree(BASE).validate().model_dump(mode="json")
    for section, leaf in SETTINGS.values():
        assert shown[section][leaf] != untouched[section][leaf], f"{section}.{leaf}: its default"
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config, made.origins), encoding="utf-8")
    assert load_config(file) == config


def test_toml_says_where_each_value_came_from():
    made = tree(BASE | {"training": {"steps": 5}})
    text = to_toml(made.validate(), made.origins)
    assert "steps = 5 # from layer 0" in text
    assert "batch_size = 64 # from ganzoo" in text


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_a_size_may_be_written_in_every_usual_way(height, width):
    ways = [f"{height}x{width}", [height, width], (height, width)]
    sizes = {tree(BASE | {"image": {"size": way}}).validate().image.size for way in ways}
    assert sizes == {(height, width)}
    square = [str(height), height, [height]]
    sizes = {tree(BASE | {"image": {"size": way}}).validate().image.size for way in square}
    assert sizes == {(height, height)}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"training": {"steps": 0}}, "'training.steps' is 0 (from layer 0), but should be greater"),
        (
            {"training": {"stepz": 5}},
            "no setting 'training.stepz' (from layer 0). Did you mean 'steps'?",
        ),
        (
            {"trianing": {"steps": 5}},
            "no setting 'trianing' (from layer 0). Did you mean 'training'?",
        ),
        ({"training": 5}, "'training' is 5 (from layer 0), but should be a table"),
        ({"penalty": 5}, "'penalty' is 5 (from layer 0), but should be a table"),
        ({"penalty": ["r1", 3]}, "'penalty' is ['r1', 3] (from layer 0), but should be a table"),
        ({"penalty": []}, "'penalty' is [] (from layer 0), but should be a table"),
        ({"arch": ["dcgan"]}, "'arch.name' is ['dcgan'] (from layer 0), but should be"),
        ({"training": {"generator_lr": float("inf")}}, "should be a finite number"),
        (
            {"image": {"size": "big"}},
            "'image.size' is 'big' (from layer 0), but should be a number",
        ),
        ({"image": {"size": 0}}, "'image.size"),
        ({"training": {"betas": [0.5, 1.0]}}, "should be less than 1"),
        ({"training": {"generator_lr": "1 to nowhere"}}, "should be a number, or a schedule like"),
        ({"execution": {"precision": "fp8"}}, "'execution.precision' is 'fp8'"),
    ],
)
def test_a_wrong_value_is_told_with_key_value_origin_and_what_is_allowed(wrong, told):
    with pytest.raises(ganzoo.UsageError) as error:
        tree(BASE | wrong).validate()
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"training": {"steps": True}}, "'training.steps' is True (from layer 0), but should be"),
        ({"training": {"generator_lr": True}}, "should be a number"),
        ({"training": {"betas": [True, 0.9]}}, "should be a number"),
        ({"image": {"size": True}}, "should be a number, not true or false"),
        ({"training": {"betas": [0.5]}}, "'training.betas' is [0.5] (from layer 0), but sh"),
        ({"training": {"betas": [0.5, 0.6, 0.7]}}, "should have at most 2 values."),
        ({"training": {"betas": 0.5}}, "is 0.5 (from layer 0), but should be a list."),
        ({"image": {"size": "²"}}, "should be a number of pixels like 32"),
        ({"image": {"size": "9" * 5000}}, "should be a number of pixels like 32"),
        ({"logging": {"keep_best": 3}}, "should be a metric of the log: NAME, NAME:min or"),
        ({"training": {"steps": 1.5}}, "should be a whole number."),
        ({"training": {"steps": 10**5000}}, "is a number of 16610 bits (from layer 0), but should"),
        ({"training": {"steps": "9" * 5000}}, "should be a number of at most 64 bits"),
        ({"image": {"horizontal_flip": 3}}, "should be true or false."),
        ({"execution": {"device": 3}}, "should be text."),
    ],
)  # fmt: skip
def test_what_is_allowed_is_said_in_plain_words(wrong, told):
    with pytest.raises(ganzoo.UsageError) as error:
        tree(BASE | wrong).validate()
    assert told in str(error.value)
    assert len(str(error.value)) < 400
    assert not re.search(
        "valid (tuple|integer|string|number)|tuple|<class|Exceeds", str(error.value)
    )


def test_every_count_has_an_upper_bound():
    """A typing error is then told as one, before torch crashes or fills the memory."""
    for section, leaf in SETTINGS.values():
        field = SECTIONS[section].model_fields[leaf]
        if leaf not in ("size", "keep_best") and int in (
            field.annotation,
            *get_args(field.annotation),
        ):
            with pytest.raises(ganzoo.UsageError, match=f"'{section}.{leaf}' is 1000.* less than"):
                tree(BASE | {section: {leaf: 10**23}}).validate()


@pytest.mark.parametrize(
    ("section", "leaf", "value", "most"),
    [
        ("execution", "threads", 100_000, 1024),
        ("execution", "workers", 100_000, 1024),
        ("training", "batch_size", 10**7, 10**6),
        ("training", "n_critic", 10**5, 10**4),
        ("training", "steps", 10**10, 10**9),
    ],
)
def test_a_count_is_bounded_near_what_a_machine_can_do(section, leaf, value, most):
    told = f"'{section}.{leaf}' is {value} .* less than or equal to {most}"
    with pytest.raises(ganzoo.UsageError, match=told):
        tree(BASE | {section: {leaf: value}}).validate()
    tree(BASE | {section: {leaf: most}}).validate()


def test_a_missing_choice_says_how_to_make_it():
    with pytest.raises(ganzoo.UsageError, match="'loss' is missing: choose one with loss=NAME"):
        tree({"arch": "dcgan", "data": "emoji"}).validate()


def test_a_missing_choice_names_the_file_that_lacks_it(tmp_path):
    file = tmp_path / "empty.toml"
    file.write_text("")
    with pytest.raises(
        ganzoo.UsageError, match="'arch' is missing.*not in arguments or empty.toml"
    ):
        ganzoo.train(file)
    with pytest.raises(ganzoo.UsageError, match=f"'arch' is missing.*not in {file}"):
        load_config(file)


def test_a_table_of_a_stronger_layer_wins_over_a_value():
    made = tree({"arch": {"blocks": {"first": 1}}}, BASE | {"arch": {"name": "dcgan", "blocks": 4}})
    assert made.options("arch") == {"blocks": {"first": 1}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = " + "[" * 5000, "cannot read .*any.toml: it is nested too deep"),
        ("x = " + "[" * 100 + "]" * 100, "any.toml is nested too deep: tables and lists have 32"),
        ("x = " + "{a=" * 5000, "cannot read .*any.toml: it is nested too deep"),
        ("\n\n" + ".".join("a" * 3000) + " = 1", "any.toml, line 3: a key of more than 32 parts"),
        ("[" + ".".join("'a'" for _ in range(3000)) + "]", "line 1: a key of more than 32 parts"),
        ("x = " + "9" * 5000, "cannot read .*any.toml: Exceeds the limit"),
        ("arch = 0x" + "f" * 5000, "'arch.name' is a number of 20000 bits"),
        ("#" * 2**20 + "\n", "any.toml is larger than a config may be, 1,048,576 bytes"),
    ],
    ids=lambda text: text[:12],
)
def test_an_absurd_config_is_one_sentence(tmp_path, text, told):
    file = tmp_path / "any.toml"
    file.write_text(text)
    with pytest.raises(ganzoo.UsageError, match=told):
        load_config(file)
    with pytest.raises(ganzoo.UsageError):
        tree(read_toml(file).tree).validate()


def test_many_unknown_keys_are_told_by_the_first_few(tmp_path):
    """Each was compared with all known names, which took 90 seconds."""
    file = tmp_path / "any.toml"
    file.write_text("[training]\n" + "".join(f"unknown{k} = 1\n" for k in range(50_000)))
    with pytest.raises(ganzoo.UsageError) as error:
        load_config(file)
    lines = str(error.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "… and 49983 more."


@pytest.mark.parametrize("text", ["arch.x=" + "[" * 5000, "arch.x=" + "9" * 5000])
def test_an_absurd_option_is_one_sentence(text):
    with pytest.raises(ganzoo.UsageError, match="cannot read the value of 'arch.x'"):
        parse_assignment(text)


def test_an_option_of_three_thousand_parts_is_one_sentence():
    with pytest.raises(ganzoo.UsageError, match="layer 0 is nested too deep"):
        tree(tree_of(*parse_assignment(".".join("a" * 3000) + "=1")))


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("arch.base_channels=32", ("arch", "base_channels"), 32),
        ("penalty.r1.weight=1e-2", ("penalty", "r1", "weight"), 0.01),
        ("data.path=some/folder", ("data", "path"), "some/folder"),
        ("data.full=true", ("data", "full"), True),
        ("training.betas=[0.5, 0.9]", ("training", "betas"), [0.5, 0.9]),
        ("data.path=a=b", ("data", "path"), "a=b"),
        ('data.path="7"', ("data", "path"), "7"),
        ("data.path=", ("data", "path"), ""),
        ("data.path=2024-01-01", ("data", "path"), "2024-01-01"),
        ("data.path=2024-01-01T10:00:00", ("data", "path"), "2024-01-01T10:00:00"),
    ],
)
def test_an_option_on_the_command_line_is_a_path_and_a_value(text, path, value):
    assert parse_assignment(text) == (path, value)
    assert tree_of(path, value)[path[0]] is not None


@pytest.mark.parametrize("text", ["", "arch", "arch.x", "x=3", ".x=3", "arch.=3"])
def test_an_option_of_another_form_is_refused(text):
    with pytest.raises(ganzoo.UsageError, match="section.key=value"):
        parse_assignment(text)


def test_a_config_that_is_no_toml_names_file_and_line(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text("[arch\nname = 3")
    with pytest.raises(ganzoo.UsageError, match="run.toml is not valid TOML.*line 1"):
        read_toml(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ganzoo.UsageError, match="cannot read the config"):
        read_toml(file)


def test_every_leaf_has_a_description_and_a_shortcut():
    leaves = {
        (section, leaf)
        for section in ("image", "training", "execution", "logging")
        for leaf in RunConfig.model_fields[section].annotation.model_fields
    }
    assert set(SETTINGS.values()) == leaves
    for section, leaf in leaves:
        assert RunConfig.model_fields[section].annotation.model_fields[leaf].description


@pytest.mark.parametrize("value", ["loss:up", ":max", "", "a:min:max"])
def test_a_best_metric_needs_a_name_and_a_direction_that_exists(value):
    with pytest.raises(ganzoo.UsageError, match="NAME, NAME:min or NAME:max"):
        tree(BASE | {"logging": {"keep_best": value}}).validate()


def test_a_section_may_be_an_object_below_a_stronger_layer():
    """Of the object the values count that were given."""
    merged = tree({"training": {"steps": 3}}, BASE | {"training": ganzoo.TrainingConfig(seed=7)})
    training = merged.validate().training
    assert (training.steps, training.seed) == (3, 7)


def test_a_section_that_is_no_table_is_refused_below_a_stronger_layer_too():
    with pytest.raises(ganzoo.UsageError, match=r"'training' is 5 \(from layer 1\), but should be"):
        tree({"training": {"steps": 3}}, BASE | {"training": 5})
