"""The metrics and the extractor of an evaluation: those a user names, or the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, default_host
from ganzoo.errors import PluginError, UsageError, setting
from ganzoo.interfaces.extractor import Classifier, Extractor
from ganzoo.interfaces.metric import Metric

Choice = str | Mapping[str, Any]
"""A component by its name, or a dict of `name` and options."""


@dataclass(frozen=True)
class Chosen:
    """A metric or an extractor of an evaluation.

    Attributes:
        name: `distribution/name`; the class name of a user's own object.
        instance: the metric or extractor.
        component: its descriptor; None for a user's own object.
        required: the user named it, so it must not be skipped.
    """

    name: str
    instance: Any
    component: Component | None
    required: bool

    @property
    def short_name(self) -> str:
        """The name without the distribution."""
        return self.name.rpartition("/")[2]

    @property
    def versions(self) -> dict[str, str]:
        """Version of the distribution that provides it."""
        if self.component is None:
            return {}
        return {self.component.plugin.distribution: self.component.plugin.version}

    def blame(self) -> AbstractContextManager[None]:
        """Name the distribution in whatever its code raises; see `registry.blame`."""
        return nullcontext() if self.component is None else registry.blame(self.component)


def choose_metrics(
    given: Choice | Metric | Iterable[Choice | Metric] | None,
    options: Mapping[str, Mapping[str, Any]],
    host: PluginHost | None,
) -> list[Chosen]:
    """Make the metrics that the user names, or the default ones.

    Raises:
        UsageError: an unknown name or option, or no metric is installed.
    """
    host = host or default_host()

    # Named metrics.
    if given is not None:
        choices = [given] if isinstance(given, (str, Mapping, Metric)) else given
        return [_choose("metric", c, Metric, options, host, required=True) for c in choices]

    # Default metrics.
    defaults = registry.offering("metric", "starter", host=host)
    if not defaults:
        raise UsageError(
            f"choose a metric with {setting('metric', 'NAME')}: see `ganzoo list metrics`"
        )
    names = [component.qualified_name for component in defaults]
    return [_choose("metric", name, Metric, options, host, required=False) for name in names]


def choose_extractor(
    given: Choice | Extractor | None,
    options: Mapping[str, Any],
    host: PluginHost | None,
    *,
    classifier: bool = False,
) -> Chosen:
    """Make the extractor that the user names, or the default one.

    Args:
        given: a name, a dict of `name` and options, or an extractor.
        options: further options of the extractor.
        host: the plugins to choose from; the installed ones if None.
        classifier: take the default classifier of the dataset's classes.

    Raises:
        UsageError: an unknown name or option; there is no default, or several.
    """
    host = host or default_host()
    if given is not None:
        by_name = {given: options} if isinstance(given, str) else options
        return _choose("extractor", given, Extractor, by_name, host, required=True)
    flag, what = ("classifies", "a classifier") if classifier else ("starter", "an extractor")
    advice = f"choose the extractor with {setting('extractor', 'NAME')} ({what} is needed)"
    name = registry.the_one_offering("extractor", flag, advice, host=host)
    interface = Classifier if classifier else Extractor
    return _choose("extractor", name, interface, {name: options}, host, required=False)


def _choose(
    kind: str,
    choice: Any,
    interface: type[Metric] | type[Extractor],
    options: Mapping[str, Any],
    host: PluginHost,
    *,
    required: bool,
) -> Chosen:
    """Make a component from a name, a dict or an object; `options` are those by name."""
    # A user's own object.
    if isinstance(choice, interface):
        return Chosen(type(choice).__qualname__, choice, None, required)

    # Name and options.
    own_options: Mapping[str, Any] = {}
    if isinstance(choice, Mapping):
        if "name" not in choice:
            raise UsageError(f"a {kind} is given as a name, or as a dict with a name")
        own_options = {key: value for key, value in choice.items() if key != "name"}
        choice = choice["name"]
    elif not isinstance(choice, str):
        raise UsageError(f"a {kind} is given as a name, a dict or an object; got {choice!r}")

    # Component.
    component = registry.find(kind, choice, host=host)
    further = options.get(choice) or options.get(component.spec.name) or {}
    instance = registry.make(component, {**further, **own_options})
    if not isinstance(instance, interface):  # an extractor, but not a classifier
        raise PluginError(
            f"{component.spec.factory} of {component.provider} made a {type(instance).__name__}, "
            f"which is no ganzoo.{interface.__name__}"
        )
    return Chosen(component.qualified_name, instance, component, required)


def unused(options: Mapping[str, Any], metrics: Sequence[Chosen]) -> None:
    """Refuse options of metrics that are not measured.

    Raises:
        UsageError: an option of another metric.
    """
    measured = {name for metric in metrics for name in (metric.name, metric.short_name)}
    for name in options:
        if name not in measured:
            raise UsageError(
                f"options are given for the metric '{name}', which is not measured; "
                f"add {setting('metric', name)}"
            )
