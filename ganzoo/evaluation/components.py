"""Which metrics and which extractor to use: those named, or those that offer themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, default_host
from ganzoo.errors import PluginError, UsageError, setting
from ganzoo.interfaces.extractor import Classifier, Extractor
from ganzoo.interfaces.metric import Metric

T = TypeVar("T")

Choice = str | Mapping[str, Any]


@dataclass(frozen=True)
class Chosen:
    """A component in use.

    Attributes:
        name: `distribution/name`, or the class where a user brought an object.
        made: the component.
        component: its descriptor; None for a user's own object.
        asked: whether the user named it, so that it must not be skipped.
    """

    name: str
    made: Any
    component: Component | None
    asked: bool

    @property
    def versions(self) -> dict[str, str]:
        """Of the distribution it comes from."""
        if self.component is None:
            return {}
        return {self.component.plugin.distribution: self.component.plugin.version}


def choose_metrics(
    given: Choice | Metric | Iterable[Choice | Metric] | None,
    options: Mapping[str, Mapping[str, Any]],
    host: PluginHost | None,
) -> list[Chosen]:
    """The metrics named, or those that offer themselves.

    Raises:
        UsageError: an unknown name or option, or none is installed.
    """
    host = host or default_host()
    if given is None:
        found = registry.offering("metric", "starter", host=host)
        if not found:
            raise UsageError(
                f"choose a metric with {setting('metric', 'NAME')}: see `ganzoo list metrics`"
            )
        return [
            _made("metric", each.qualified_name, Metric, options, host, asked=False)
            for each in found
        ]
    several = [given] if isinstance(given, (str, Mapping, Metric)) else list(given)
    return [_made("metric", each, Metric, options, host, asked=True) for each in several]


def choose_extractor(
    given: Choice | Extractor | None,
    options: Mapping[str, Any],
    host: PluginHost | None,
    *,
    classifier: bool = False,
) -> Chosen:
    """The extractor named, or the one that offers itself.

    Args:
        given: a name, a dict of `name` and options, or an extractor.
        options: more options.
        host: the plugins to choose from.
        classifier: look for one that knows the classes of the dataset.

    Raises:
        UsageError: an unknown name or option; none offers itself, or several do.
    """
    host = host or default_host()
    if given is not None:
        name = given if isinstance(given, str) else ""
        own = {name: options} if name else options
        return _made("extractor", given, Extractor, own, host, asked=True)
    flag, what = ("classifies", "a classifier") if classifier else ("starter", "an extractor")
    advice = f"choose the extractor with {setting('extractor', 'NAME')} ({what} is needed)"
    name = registry.the_one_offering("extractor", flag, advice, host=host)
    expected = Classifier if classifier else Extractor
    return _made("extractor", name, expected, {name: options}, host, asked=False)


def _made(
    kind: str,
    given: Any,
    expected: type[T],
    options: Mapping[str, Any],
    host: PluginHost,
    *,
    asked: bool,
) -> Chosen:
    if isinstance(given, expected):
        return Chosen(type(given).__qualname__, given, None, asked)
    if isinstance(given, Mapping):
        if "name" not in given:
            raise UsageError(f"a {kind} is given as a name, or as a dict with a name")
        own = {key: value for key, value in given.items() if key != "name"}
        given = given["name"]
    elif isinstance(given, str):
        own = {}
    else:
        raise UsageError(f"a {kind} is given as a name, a dict or an object; got {given!r}")
    component = registry.find(kind, given, host=host)
    more = options.get(given) or options.get(component.spec.name) or {}
    made = registry.make(component, {**more, **own})
    if not isinstance(made, expected):  # a classifier was needed
        raise PluginError(
            f"{component.spec.factory} of {component.provider} made a {type(made).__name__}, "
            f"which is no ganzoo.{expected.__name__}"
        )
    return Chosen(component.qualified_name, made, component, asked)


def unused(options: Mapping[str, Any], metrics: Sequence[Chosen]) -> None:
    """Refuse options of metrics that are not measured.

    Raises:
        UsageError: naming them.
    """
    used = {name for each in metrics for name in (each.name, each.name.rpartition("/")[2])}
    for name in options:
        if name not in used:
            raise UsageError(
                f"options are given for the metric '{name}', which is not measured; "
                f"add {setting('metric', name)}"
            )
