"""Promises of lookup and of options."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

import ganzoo
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginRecord
from ganzoo.interfaces.options import describe, validated


class FakeOptions(ganzoo.Options):
    size: int = Field(4, ge=1, le=8, description="How large.")
    kind: str = Field("a", description="Which.")


class FakeLoss(ganzoo.Loss):
    def discriminator_loss(self, critic, real, fake):
        return {}

    def generator_loss(self, critic, fake, real):
        return {}


class NotOptions:
    pass


class NamedOptions(ganzoo.Options):
    name: str = Field("x", description="Would be lost in a config.")


def fail(options):
    raise ZeroDivisionError("in the factory")


@pytest.fixture
def component(monkeypatch):
    module = types.ModuleType("fake_plugin_module")
    module.FakeOptions, module.NotOptions, module.fail = FakeOptions, NotOptions, fail
    module.NamedOptions = NamedOptions
    module.Thing = FakeLoss
    monkeypatch.setitem(sys.modules, "fake_plugin_module", module)

    def make(factory="Thing", options="FakeOptions") -> Component:
        spec = ganzoo.LossSpec(
            name="fake",
            factory=f"fake_plugin_module:{factory}",
            options=f"fake_plugin_module:{options}" if options else "",
            summary="s",
        )
        return Component(spec, PluginRecord("fake", "m", "fake-gan", "2.1"))

    return make


@pytest.mark.parametrize(
    ("word", "kind"),
    [("loss", "loss"), ("losses", "loss"), ("arch", "architecture"), ("data", "dataset")],
)
def test_a_kind_is_known_in_singular_plural_and_by_its_section(word, kind):
    assert registry.kind_named(word).name == kind


def test_an_unknown_kind_names_those_there_are():
    with pytest.raises(ganzoo.UsageError, match="Did you mean 'losses'.*There are architectures"):
        registry.kind_named("lozzes")


def test_an_unknown_name_gets_a_suggestion_and_the_way_on():
    with pytest.raises(ganzoo.UsageError) as error:
        registry.find("loss", "wgan-gpp")
    message = str(error.value)
    assert "no loss named 'wgan-gpp'. Did you mean 'wgan-gp'?" in message
    assert f"`ganzoo list losses` shows all {len(registry.names('loss'))}." in message


def test_names_are_sorted_and_there():
    names = registry.names("penalty")
    assert names == sorted(names)
    assert {"dragan", "gradient-penalty", "r1", "r2"} <= set(names)


def test_create_makes_a_component_with_options():
    assert ganzoo.create("penalty", "r1", weight=3).weight == 3
    assert ganzoo.create("arch", "dcgan", latent_dim=7).latent.latent_dim == 7


def test_an_unknown_option_gets_a_suggestion(component):
    with pytest.raises(ganzoo.UsageError) as error:
        registry.validate_options(component(), {"sise": 3})
    message = str(error.value)
    assert "no option 'loss.sise'. Did you mean 'size'? Allowed here: kind, size." in message
    assert "`ganzoo show loss fake` explains them." in message


def test_a_value_out_of_range_is_quoted_with_what_is_allowed(component):
    with pytest.raises(ganzoo.UsageError, match="'loss.size' is 9, but should be less than"):
        registry.validate_options(component(), {"size": 9})


def test_all_mistakes_are_told_at_once(component):
    with pytest.raises(ganzoo.UsageError) as error:
        registry.validate_options(component(), {"size": "many", "other": 1})
    assert "'loss.size' is 'many'" in str(error.value)
    assert "no option 'loss.other'" in str(error.value)


def test_a_number_is_taken_for_text_where_text_is_asked_for(component):
    assert registry.validate_options(component(), {"kind": 2024}).kind == "2024"


class WideOptions(ganzoo.Options):
    count: int = 1
    scale: float = 1.0
    both: int | str = 1
    width: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    pair: tuple[int, int] = (1, 2)
    flag: bool = False
    either: bool | int = False
    file: Path | None = None
    text: str = ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": True}, "'count' is True, but should be a number, not true or false."),
        ({"scale": False}, "'scale' is False, but should be a number, not true or false."),
        ({"pair": [1, True]}, "'pair' is [1, True], but should be a number, not true or false."),
        ({"file": 3}, "'file' is 3, but should be the path of a file or folder."),
        ({"file": "a\0b"}, r"'file' is 'a\x00b', but should not contain the character NUL."),
        ({"text": "\0"}, r"'text' is '\x00', but should not contain the character NUL."),
        ({"pair": [1]}, "'pair' is [1], but should have at least 2 values."),
        ({"count": 10**23}, f"'count' is {10**23}, but should be a number of at most 64 bits."),
        ({"width": 0}, "'width' is 0, but should be greater than or equal to 1, or 'auto'."),
        ({"both": [1]}, "'both' is [1], but should be a whole number, or text."),
    ],
)  # fmt: skip
def test_every_component_is_told_plainly_what_a_number_is(options, told):
    with pytest.raises(ganzoo.UsageError) as error:
        validated(WideOptions, options)
    assert str(error.value) == told


class PairedOptions(ganzoo.Options):
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def check(self):
        if self.low > self.high:
            raise ValueError("should have low below high")
        return self


def test_options_that_do_not_fit_each_other_are_told_plainly():
    with pytest.raises(ganzoo.UsageError, match="^should have low below high.$"):
        validated(PairedOptions, {"low": 3})


def test_true_is_taken_where_it_is_meant():
    made = validated(WideOptions, {"flag": True, "either": True})
    assert made.flag is made.either is True


def test_options_are_frozen(component):
    options = registry.validate_options(component(), {})
    with pytest.raises(ValueError, match="frozen"):
        options.size = 3


def test_what_a_factory_raises_keeps_its_type_and_names_the_distribution(component):
    broken = component(factory="fail")
    with pytest.raises(ZeroDivisionError) as error:
        registry.build(broken, FakeOptions())
    assert error.value.__notes__ == ["raised by the loss 'fake' of fake-gan 2.1"]


def test_a_factory_that_exits_is_told_rather_than_obeyed(component):
    """It would end the program without a word."""
    sys.modules["fake_plugin_module"].leave = lambda options: sys.exit(3)
    exiting = component("leave")
    with pytest.raises(ganzoo.PluginError, match=r"'fake' of fake-gan 2.1 called sys.exit\(3\)"):
        registry.build(exiting, FakeOptions())


def test_code_of_a_plugin_that_exits_is_told_rather_than_obeyed(component):
    made, module = component(), sys.modules["fake_plugin_module"]
    exec("def leave(): raise SystemExit(0)", module.__dict__)  # code of this module
    told = r"the loss 'fake' of fake-gan 2.1 called sys.exit\(0\)"
    with pytest.raises(ganzoo.PluginError, match=told), registry.blame_by_trace([made]):
        module.leave()
    with pytest.raises(SystemExit), registry.blame_by_trace([made], may_exit=True):
        module.leave()


def test_code_of_no_plugin_that_exits_is_told_too(component):
    told = r"the program was ended by sys.exit\(3\), in code that is no plugin's"
    with pytest.raises(ganzoo.GanzooError, match=told), registry.blame_by_trace([component()]):
        sys.exit(3)


def test_a_broken_contract_names_the_distribution_of_what_broke_it(component):
    loss = type("Loss", (), {"__module__": "fake_plugin_module"})()
    with (
        pytest.raises(ganzoo.PluginError) as error,
        registry.blame_by_trace([component()]),
    ):
        raise ganzoo.PluginError("it returned nothing", of=loss)
    assert str(error.value) == "it returned nothing (raised by the loss 'fake' of fake-gan 2.1)"


def test_an_error_is_blamed_once(component):
    made, module = component(), sys.modules["fake_plugin_module"]
    exec("def divide(): return 1 / 0", module.__dict__)  # code of this module
    with (
        pytest.raises(ZeroDivisionError) as error,
        registry.blame_by_trace([made]),
        registry.blame(made),
    ):
        module.divide()
    assert error.value.__notes__ == ["raised by the loss 'fake' of fake-gan 2.1"]


def test_a_factory_that_is_not_there_names_the_distribution(component):
    with pytest.raises(AttributeError) as error:
        registry.build(component(factory="Missing"), FakeOptions())
    assert "fake-gan 2.1" in error.value.__notes__[0]


def test_options_that_are_no_options_are_the_plugins_fault(component):
    with pytest.raises(ganzoo.PluginError, match="fake-gan 2.1 is no subclass of ganzoo.Options"):
        registry.options_model(component(options="NotOptions"))


def test_an_option_called_name_is_refused_since_a_config_could_not_hold_it(component):
    with pytest.raises(ganzoo.PluginError, match="fake-gan 2.1 has a field called 'name'"):
        registry.options_model(component(options="NamedOptions"))


def test_create_can_set_an_option_called_kind(component):
    host = ganzoo.PluginHost([])
    made = component()
    host.records.append(made.plugin)
    made.plugin.components.append(made)
    assert ganzoo.create("loss", "fake", host=host, kind="b").options.kind == "b"


def test_a_component_without_options_takes_none(component):
    with pytest.raises(ganzoo.UsageError, match="Allowed here: none"):
        registry.validate_options(component(options=""), {"x": 1})


def test_options_are_described_for_people():
    described = {option.name: option for option in describe(FakeOptions)}
    assert described["size"] == ("size", "int", "4", ">= 1, <= 8", "How large.")


@pytest.mark.parametrize("kind", ["architecture", "loss", "penalty", "dataset"])
def test_every_first_party_option_has_a_description(kind):
    for component in ganzoo.default_host().components(kind):
        for option in describe(registry.options_model(component)):
            assert option.description, f"{component.spec.name}.{option.name}"
            assert option.name != "name"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Upper"},
        {"name": "two words"},
        {"name": ""},
        {"factory": "no_colon"},
        {"factory": ""},
        {"options": "no colon"},
        {"summary": " "},
    ],
)
def test_a_malformed_descriptor_is_refused(wrong):
    right = {"name": "x", "factory": "a.b:C", "summary": "s"}
    ganzoo.LossSpec(**right)
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ganzoo.LossSpec(**(right | wrong))
