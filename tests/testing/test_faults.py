"""Each check of the kit catches its fault and no other; a good component passes them all."""

from __future__ import annotations

import pytest
from testing.broken_plugin import BROKEN, GOOD, component_name

from ganzoo.discovery.specs import KINDS
from ganzoo.testing import Check, checks
from ganzoo.testing.collect import PROMISES


def pairs(table):
    return [
        pytest.param(kind, name, id=f"{kind}-{name}")
        for kind, names in table.items()
        for name in names
    ]


@pytest.fixture(scope="module")
def checks_of(host):
    every = checks("broken", host=host)

    def find(kind: str, class_name: str) -> list[Check]:
        name = component_name(class_name)
        found = [c for c in every if (c.component.spec.kind, c.component.spec.name) == (kind, name)]
        assert found
        return found

    return find


def failures(some: list[Check]) -> dict[str, str]:
    ended = {check.name: check.outcome() for check in some}
    return {name: message for name, (status, message) in ended.items() if status == "failed"}


@pytest.mark.parametrize(("kind", "name"), pairs(GOOD))
def test_a_good_component_passes_every_check(checks_of, kind, name):
    assert failures(checks_of(kind, name)) == {}


@pytest.mark.parametrize(("kind", "name"), pairs(BROKEN))
def test_a_fault_is_caught_by_its_check_and_by_no_other(checks_of, kind, name):
    its = BROKEN[kind][name]
    # compiling takes seconds; that it does not mind the other faults is a test of its own
    quick = [c for c in checks_of(kind, name) if c.name == its or c.name != "torch_compile"]
    found = failures(quick)
    assert list(found) == [its], found
    for word in (f"the {kind} '{component_name(name)}'", "promised: ", "seen: ", "mend: "):
        assert word in found[its]


@pytest.mark.slow
def test_compiling_does_not_mind_the_other_faults(checks_of):
    for name, its in BROKEN["architecture"].items():
        if its != "torch_compile":
            compiling = [c for c in checks_of("architecture", name) if c.name == "torch_compile"]
            assert failures(compiling) == {}, name


def test_every_check_of_every_kind_has_a_fault_that_it_catches():
    assert set(PROMISES) == set(KINDS)
    common = {promise.name for promise in PROMISES["loss"][0].all}
    for kind, families in PROMISES.items():
        promised = {promise.name for promises in families for promise in promises.all}
        proven = set(BROKEN[kind].values())
        assert promised - common <= proven <= promised, kind
    assert common <= {check for faults in BROKEN.values() for check in faults.values()}


def test_no_check_of_a_good_conditional_architecture_is_skipped(checks_of):
    ended = [c.outcome().status for c in checks_of("architecture", "Good")]
    assert set(ended) == {"ok"}
