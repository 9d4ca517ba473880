"""Arguments: keyword arguments, flags and files as layers of a config.

Imports no torch, so that `ganzoo train` says at once what it trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from ganzoo.config import ConfigTree, Layer, RunConfig, read_toml, sorted_settings
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import UsageError, setting, shown

Choice = str | Mapping[str, Any]
"""A component by its name, or a dict of `name` and options."""


def arguments_tree(
    *,
    arch: Choice | None,
    loss: Choice | None,
    data: Choice | None,
    penalty: Choice | Iterable[str] | None,
    augment: Choice | Iterable[str] | None,
    constraint: Choice | Iterable[str] | None,
    observer: Choice | Iterable[str] | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Return keyword arguments, or flags of the same names, as a tree of the config.

    Raises:
        UsageError: there is no such setting, or an object is given in the place of a name.
    """
    # Objects of one's own.
    for name in ("generator", "discriminator"):
        if name in settings:
            raise _object_given(name, settings[name])

    # Components.
    tree: dict[str, Any] = {}
    for section, choice in (("arch", arch), ("loss", loss), ("data", data)):
        if not isinstance(choice, (str, Mapping, NoneType)):
            raise _object_given(section, choice)
        if choice is not None:
            tree[section] = {"name": choice} if isinstance(choice, str) else dict(choice)
    several = {
        "penalty": penalty,
        "augment": augment,
        "constraint": constraint,
        "observer": observer,
    }
    for section, chosen in several.items():
        if isinstance(chosen, Mapping):
            tree[section] = dict(chosen)
        elif isinstance(chosen, (str, Iterable)):
            names = [chosen] if isinstance(chosen, str) else chosen
            tree[section] = {name: {} for name in names}
        elif chosen is not None:
            raise _object_given(section, chosen)
        for given in (item for pair in tree.get(section, {}).items() for item in pair):
            if not isinstance(given, (str, Mapping)):
                raise _object_given(section, given)

    # Settings.
    return tree | sorted_settings(settings)


def _object_given(name: str, value: object) -> UsageError:
    """The error for an object where `ganzoo.train` takes a name."""
    return UsageError(
        f"{name}={shown(value)}: ganzoo.train takes names, or dicts of name and options. Networks, "
        "losses and images of your own are trained by ganzoo.Trainer(generator=…, "
        "discriminator=…, loss=…, data=…, latent=…)"
    )


def config_layers(config: RunConfig | Mapping[str, Any] | str | Path | None) -> list[Layer]:
    """Return the layer of a config file, mapping or object; none for None."""
    match config:
        case None:
            return []
        case RunConfig():
            return [Layer("config", config.model_dump(exclude_unset=True))]
        case str() | Path():
            return [read_toml(Path(config))]
        case _:
            return [Layer("config", config)]


def choose_dataset(tree: ConfigTree, host: PluginHost | None = None) -> None:
    """If the user names no dataset, choose the one that is marked as the starter."""
    if tree.get("data", "name") is not None:
        return
    advice = f"choose the dataset to train on with {setting('data', 'NAME')}"
    name = registry.the_one_offering("dataset", "starter", advice, host=host).rpartition("/")[2]
    tree.add(Layer("ganzoo (the dataset to start with)", {"data": {"name": name}}))
