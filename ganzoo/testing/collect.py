"""Collecting the checks of a plugin by its name, with pytest or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, PluginRecord, default_host
from ganzoo.discovery.specs import KINDS
from ganzoo.errors import PluginError, UsageError, did_you_mean
from ganzoo.testing import (
    architecture,
    augmentation,
    common,
    constraint,
    dataset,
    extractor,
    loss,
    metric,
    observer,
    penalty,
    settings,
    state,
    survival,
)
from ganzoo.testing.core import Check, Promises

if TYPE_CHECKING:
    import pytest

PROMISES: dict[str, tuple[Promises[Any], ...]] = {
    "architecture": (common.promise, architecture.promise, survival.promise, settings.promise),
    "loss": (common.promise, loss.promise, state.promise, settings.promise),
    "penalty": (common.promise, penalty.promise, state.promise),
    "augmentation": (common.promise, augmentation.promise),
    "constraint": (common.promise, constraint.promise),
    "dataset": (common.promise, dataset.promise),
    "observer": (common.promise, observer.promise),
    "metric": (common.promise, metric.promise),
    "extractor": (common.promise, extractor.promise),
}
"""The promises of each kind of component."""


def checks(
    plugin: str,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    host: PluginHost | None = None,
) -> list[Check]:
    """Return every check of every component that a plugin provides.

    Args:
        plugin: name of its distribution, of its entry point, or of its plugin module.
        options: by component name: small networks, files of a dataset. `"loss-acme"` is the loss of
            that name, where two kinds have it.
        host: where the plugin is installed; the default host if None.

    Raises:
        UsageError: no such plugin, it provides no components, or an option is wrong.
        PluginError: the plugin could not be loaded.
    """
    host = host or default_host()

    # Components; commands and recipes promise nothing.
    components = [c for c in _components(plugin, host) if c.spec.kind in PROMISES]

    # Options by component.
    options = dict(options or {})
    known = {name for component in components for name in _names(component)}
    for name in options:
        if name not in known:
            provided = ", ".join(sorted({component.spec.name for component in components}))
            raise UsageError(
                f"options are given for '{name}', but {plugin} provides no component of that "
                f"name.{did_you_mean(name, known)} It provides {provided}."
            )

    # Checks.
    collected: list[Check] = []
    for component in components:
        own_options = next((options[name] for name in _names(component) if name in options), {})
        _validate(component, own_options)
        for promises in PROMISES[component.spec.kind]:
            collected += promises.checks(component, own_options, host)
    return collected


def conformance(
    plugin: str,
    *,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    host: PluginHost | None = None,
) -> pytest.MarkDecorator:
    """Return a pytest decorator that runs a test once for each check of a plugin.

        @ganzoo.testing.conformance("acme-gan", options={"acme": {"width": 8}})
        def test_conformance(check): check()

    Args:
        plugin: name of its distribution, of its entry point, or of its plugin module.
        options: by component name: small networks, files of a dataset. `"loss-acme"` is the loss of
            that name, where two kinds have it.
        expected_failures: reasons by check, `"any_batch_size"` or, for one component,
            `"architecture-acme-any_batch_size"`; such a check is a strict `xfail`.
        host: where the plugin is installed; the default host if None.

    Raises:
        UsageError: no such plugin, check or option.
    """
    import pytest

    collected = checks(plugin, options=options, host=host)
    reasons = dict(expected_failures or {})
    _validate_names(reasons, collected, plugin)
    parameters = []
    for check in collected:
        reason = reasons.get(check.id, reasons.get(check.name))
        marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
        parameters.append(pytest.param(check, id=check.id, marks=marks))
    return pytest.mark.parametrize("check", parameters)


def _components(plugin: str, host: PluginHost) -> list[Component]:
    """Return the components of the plugins of that name.

    Raises:
        UsageError: no such plugin, it is switched off, or it provides no components.
        PluginError: it could not be loaded.
    """
    # Plugins of that name.
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

    # Their components.
    components = [component for record in records for component in record.components]
    if not components:
        hooks = ", ".join(kind.hook for kind in KINDS.values())
        raise UsageError(f"{plugin} provides no component: none of {hooks} yields one")
    return components


def _names(component: Component) -> tuple[str, str]:
    """The names by which options are given to a component."""
    return f"{component.spec.kind}-{component.spec.name}", component.spec.name


def _is_called(record: PluginRecord, word: str) -> bool:
    return record.matches(word) or record.value.partition(":")[0] == word


def _validate(component: Component, options: Mapping[str, Any]) -> None:
    """Refuse wrong options while tests are collected; a missing one only skips checks."""
    if options:
        fields = registry.options_model(component).model_fields
        required = [name for name, field in fields.items() if field.is_required()]
        if all(name in options for name in required):
            registry.validate_options(component, options)


def _validate_names(names: Iterable[str], collected: list[Check], plugin: str) -> None:
    """Refuse names of expected failures that no check has."""
    known = {word for check in collected for word in (check.name, check.id)}
    for name in names:
        if name not in known:
            raise UsageError(
                f"no check of {plugin} is called '{name}', which is expected to fail."
                f"{did_you_mean(name, known)}"
            )
