"""The metrics and the extractor of an evaluation: those a user names, or the defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, default_host
from ganzoo.errors import GanzooError, Message, PluginError, UsageError, out_of_memory, setting
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
    """

    name: str
    instance: Any
    component: Component | None

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
) -> tuple[list[Chosen], dict[str, Message]]:
    """Make the metrics that the user names, or the default ones.

    Returns:
        the metrics, and for each default one that cannot be made (its extra is not installed), the
        reason.

    Raises:
        UsageError: an unknown name or option, a named metric cannot be made, or there is none.
    """
    host = host or default_host()

    # Named metrics.
    if given is not None:
        choices = [given] if isinstance(given, (str, Mapping, Metric)) else given
        return [_choose("metric", choice, Metric, options, host) for choice in choices], {}

    # Default metrics.
    defaults = registry.offering("metric", "starter", host=host)
    if not defaults:
        raise UsageError(
            f"choose a metric with {setting('metric', 'NAME')}: see `ganzoo list metrics`"
        )
    made, unavailable = [], {}
    for component in defaults:
        try:
            made.append(_choose("metric", component.qualified_name, Metric, options, host))
        except Exception as error:  # a plugin's factory may raise anything
            if {component.spec.name, component.qualified_name} & set(options):
                raise
            unavailable[component.spec.name] = reason(error)
    return made, unavailable


def reason(error: Exception) -> Message:
    """Return why a metric is not measured: the error, and the plugin that raised it by fault."""
    if isinstance(error, GanzooError):
        return Message(error.marked)
    if (memory := out_of_memory(error)) is not None:
        return Message(memory)
    text = f"{type(error).__name__}: {error}"
    notes = getattr(error, "__notes__", [])
    return Message(f"{text} ({'; '.join(notes)})" if notes else text)


class ExtractorChoice:
    """The extractor that the user names, or the default ones; each is made on first use.

    Args:
        given: a name, a dict of `name` and options, or an extractor; the default ones if None.
        options: further options of the extractor.
        host: the plugins to choose from; the installed ones if None.
    """

    def __init__(
        self, given: Choice | Extractor | None, options: Mapping[str, Any], host: PluginHost | None
    ) -> None:
        self._given, self._options, self._host = given, options, host or default_host()
        name = given.get("name") if isinstance(given, Mapping) else given
        if name is not None and not isinstance(name, Extractor):  # no metric may use it
            registry.find("extractor", name, host=host)

    def for_metric(self, metric: Metric) -> Chosen | None:
        """Return the extractor of what a metric uses; None if it uses pixels.

        Raises:
            UsageError: an unknown name or option; there is no default, or several; it cannot be
                made (its extra is not installed).
        """
        if metric.uses == "pixels":
            return None
        if self._given is None:
            return self._default_classifier if metric.uses == "logits" else self._default
        if metric.uses == "logits" and not isinstance(self._named.instance, Classifier):
            return self._default_classifier
        return self._named

    @cached_property
    def _named(self) -> Chosen:
        given, options = self._given, self._options
        by_name = {given: options} if isinstance(given, str) else options
        return _choose("extractor", given, Extractor, by_name, self._host)

    @cached_property
    def _default(self) -> Chosen:
        return self._offering("starter", "an extractor", Extractor, self._options)

    @cached_property
    def _default_classifier(self) -> Chosen:
        return self._offering("classifies", "a classifier", Classifier, {})

    def _offering(
        self, flag: str, what: str, interface: type[Extractor], options: Mapping[str, Any]
    ) -> Chosen:
        advice = f"choose the extractor with {setting('extractor', 'NAME')} ({what} is needed)"
        name = registry.the_one_offering("extractor", flag, advice, host=self._host)
        return _choose("extractor", name, interface, {name: options}, self._host)


def _choose(
    kind: str,
    choice: Any,
    interface: type[Metric] | type[Extractor],
    options: Mapping[str, Any],
    host: PluginHost,
) -> Chosen:
    """Make a component from a name, a dict or an object; `options` are those by name."""
    # A user's own object.
    if isinstance(choice, interface):
        return Chosen(type(choice).__name__, choice, None)

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
    return Chosen(component.qualified_name, instance, component)


def unused(
    options: Mapping[str, Any], metrics: Sequence[Chosen], of_extractor: Mapping[str, Any]
) -> None:
    """Refuse options of metrics that are not measured, and of an extractor that none of them uses.

    Raises:
        UsageError: names the option.
    """
    if of_extractor and all(metric.instance.uses == "pixels" for metric in metrics):
        option = f"extractor.{min(of_extractor)}"
        raise UsageError(f"{option} is given, and no metric here uses an extractor")
    measured = {name for metric in metrics for name in (metric.name, metric.short_name)}
    for name in options:
        if name not in measured:
            raise UsageError(
                f"options are given for the metric '{name}', which is not measured; "
                f"add {setting('metric', name)}"
            )
