"""From a plugin's name to its checks, for pytest and for whoever has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, PluginRecord, default_host
from ganzoo.discovery.specs import KINDS
from ganzoo.errors import PluginError, UsageError, did_you_mean
from ganzoo.testing import (
    architecture,
    common,
    dataset,
    extractor,
    loss,
    metric,
    observer,
    penalty,
    survival,
)
from ganzoo.testing.core import Check, Promises

if TYPE_CHECKING:
    import pytest

OF_KIND: dict[str, tuple[Promises[Any], ...]] = {
    "architecture": (common.promise, architecture.promise, survival.promise),
    "loss": (common.promise, loss.promise),
    "penalty": (common.promise, penalty.promise),
    "dataset": (common.promise, dataset.promise),
    "observer": (common.promise, observer.promise),
    "metric": (common.promise, metric.promise),
    "extractor": (common.promise, extractor.promise),
}


def checks(
    plugin: str,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    host: PluginHost | None = None,
) -> list[Check]:
    """Every check of every component that a plugin provides.

    Args:
        plugin: its distribution, its entry point's name, or the module that names.
        options: by component name; give networks small ones, and a dataset its files.
        host: where it is installed; the default host if None.

    Raises:
        UsageError: no plugin is called so, it provides nothing, or the options do not fit.
        PluginError: it is installed and could not be loaded.
    """
    host = host or default_host()
    # neither commands nor recipes promise the engine anything
    components = [c for c in _components(plugin, host) if c.spec.kind in OF_KIND]
    given = dict(options or {})
    known = {component.spec.name for component in components}
    for name in given:
        if name not in known:
            raise UsageError(
                f"options are given for '{name}', but {plugin} provides no component of that "
                f"name.{did_you_mean(name, known)} It provides {', '.join(sorted(known))}."
            )
    found: list[Check] = []
    for component in components:
        its = given.get(component.spec.name, {})
        _validate(component, its)
        for promises in OF_KIND[component.spec.kind]:
            found += promises.checks(component, its, host)
    return found


def conformance(
    plugin: str,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    host: PluginHost | None = None,
) -> pytest.MarkDecorator:
    """A pytest decorator that runs a test once for each check of a plugin.

        @ganzoo.testing.conformance("acme-gan", options={"acme": {"width": 8}})
        def test_conformance(check): check()

    Args:
        plugin: its distribution, its entry point's name, or the module that names.
        options: by component name; give networks small ones, and a dataset its files.
        expected_failures: reasons by check (`"any_batch_size"`, or one component's:
            `"architecture-acme-any_batch_size"`); each is an `xfail` that must fail.
        host: where it is installed; the default host if None.

    Raises:
        UsageError: no plugin is called so, or it has no such check or option.
    """
    import pytest

    every = checks(plugin, options=options, host=host)
    reasons = dict(expected_failures or {})
    _validate_names(reasons, every, plugin)
    parameters = []
    for check in every:
        reason = reasons.get(check.id, reasons.get(check.name))
        marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
        parameters.append(pytest.param(check, id=check.id, marks=marks))
    return pytest.mark.parametrize("check", parameters)


def _components(plugin: str, host: PluginHost) -> list[Component]:
    """What the plugins of that name provide, or why there is nothing to check."""
    records = [record for record in host.records if _is_called(record, plugin)]
    if not records:
        known = {word for r in host.records for word in (r.name, r.distribution)}
        raise UsageError(
            f"no installed plugin or distribution is called '{plugin}'."
            f"{did_you_mean(plugin, known)} `ganzoo plugins` shows them all; is yours installed "
            "(`pip install -e .`), with an entry point in the group 'ganzoo'?"
        )
    for record in records:
        if record.status == "failed":
            raise PluginError(f"plugin {record.plugin_id} could not be loaded: {record.error}")
        if record.status == "disabled":
            raise UsageError(f"plugin {record.plugin_id} is switched off, so it is not checked")
    components = [component for record in records for component in record.components]
    if not components:
        hooks = ", ".join(kind.hook for kind in KINDS.values())
        raise UsageError(f"{plugin} provides no component: none of {hooks} yields one")
    return components


def _is_called(record: PluginRecord, word: str) -> bool:
    return record.matches(word) or record.value.partition(":")[0] == word


def _validate(component: Component, given: Mapping[str, Any]) -> None:
    """Refuse wrong options while tests are collected; a missing one only skips checks."""
    if given:
        fields = registry.options_model(component).model_fields
        if all(name in given or not of.is_required() for name, of in fields.items()):
            registry.validate_options(component, given)


def _validate_names(named: Iterable[str], every: list[Check], plugin: str) -> None:
    known = {word for check in every for word in (check.name, check.id)}
    for name in named:
        if name not in known:
            raise UsageError(
                f"no check of {plugin} is called '{name}', which is expected to fail."
                f"{did_you_mean(name, known)}"
            )
