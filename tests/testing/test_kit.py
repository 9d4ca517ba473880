"""Promises of the conformance kit: each check catches its fault, and nothing but that."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

import pytest
from testing.broken_plugin import BROKEN, GOOD, component_name

import ganzoo.testing
from ganzoo.host import PluginHost
from ganzoo.testing.collect import OF_KIND

NAME = "testing.broken_plugin"


@pytest.fixture(scope="module")
def host() -> PluginHost:
    point = importlib.metadata.EntryPoint("broken", NAME, "ganzoo")
    made = PluginHost([point])
    assert not made.failed, made.failed[0].error
    return made


@pytest.fixture(scope="module")
def outcomes(host):
    """What each check of a component comes to."""
    every = ganzoo.testing.checks(NAME, host=host)

    def run(kind: str, class_name: str, names: Callable[[str], bool] = bool):
        wanted = (kind, component_name(class_name))
        mine = [c for c in every if (c.component.spec.kind, c.component.spec.name) == wanted]
        assert mine
        return {check.name: check.outcome() for check in mine if names(check.name)}

    return run


def pairs(table):
    return [
        pytest.param(kind, name, id=f"{kind}-{name}")
        for kind, names in table.items()
        for name in names
    ]


@pytest.mark.parametrize(("kind", "name"), pairs(GOOD))
def test_a_good_component_passes_every_check(outcomes, kind, name):
    failures = {k: o.message for k, o in outcomes(kind, name).items() if o.status == "failed"}
    assert not failures


@pytest.mark.parametrize(("kind", "name"), pairs(BROKEN))
def test_a_fault_is_caught_by_its_check_and_by_no_other(outcomes, kind, name):
    check = BROKEN[kind][name]
    quick = outcomes(kind, name, lambda other: other == check or other != "torch_compile")
    failed = {k: o.message for k, o in quick.items() if o.status == "failed"}
    assert list(failed) == [check], failed


@pytest.mark.slow
def test_compiling_is_no_matter_to_the_other_faults(outcomes):
    for name, check in BROKEN["architecture"].items():
        if check != "torch_compile":
            ended = outcomes("architecture", name, lambda other: other == "torch_compile")
            assert ended["torch_compile"].status == "ok", (name, ended)


def test_every_check_has_a_fault_that_it_is_proven_to_catch():
    promised = {
        (kind, promise.name)
        for kind, families in OF_KIND.items()
        for promises in families
        for promise in promises.all
    }
    proven = {(kind, check) for kind, names in BROKEN.items() for check in names.values()}
    common = {promise.name for promise in OF_KIND["loss"][0].all}
    unproven = {(kind, check) for kind, check in promised - proven if check not in common}
    assert not unproven
    assert common <= {check for _, check in proven}
    assert proven <= promised
