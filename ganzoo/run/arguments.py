"""Arguments: keyword arguments, flags and files as layers of a config.

Imports no torch, so that `ganzoo train` says at once what it trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from ganzoo.config import ConfigTree, Layer, RunConfig, read_toml, sorted_settings, tree_of
from ganzoo.config.run_config import SEVERAL
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import UsageError, listed, setting, shown

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
    for section, chosen in zip(SEVERAL, (penalty, augment, constraint, observer), strict=True):
        if isinstance(chosen, Mapping):
            tree[section] = dict(chosen)
        elif chosen is not None:
            names = listed(chosen)
            if not all(isinstance(name, str) for name in names):
                raise _object_given(section, chosen)
            tree[section] = {name: {} for name in names}
        if not all(isinstance(options, Mapping) for options in tree.get(section, {}).values()):
            raise _object_given(section, chosen)

    # Settings.
    return tree | sorted_settings(settings)


def _object_given(name: str, value: object) -> UsageError:
    """The error for an object where `ganzoo.train` takes a name."""
    takes = "names, or {NAME: {OPTION: VALUE}}" if name in SEVERAL else "a dict of name and options"
    return UsageError(
        f"{name}={shown(value)}: ganzoo.train takes a name, or {takes}. Networks, losses and "
        "images of your own are trained by ganzoo.Trainer(generator=…, discriminator=…, loss=…, "
        "data=…, latent=…)"
    )


def config_layers(config: RunConfig | Mapping[str, Any] | str | Path | None) -> list[Layer]:
    """Return the layer of a config file, mapping or object; none for None. Others are refused."""
    match config:
        case None:
            return []
        case RunConfig():
            return [Layer("config", config.model_dump(exclude_unset=True))]
        case str() | Path():
            return [read_toml(Path(config))]
        case Mapping():
            return [Layer("config", config)]
    raise UsageError(
        f"config should be a TOML file, a dict of sections or a ganzoo.RunConfig; got "
        f"{shown(config)}. Single settings are arguments of their own: {setting('steps', 1000)}"
    )


def option_layers(options: Mapping[str, Any] | None, origin: str = "options") -> list[Layer]:
    """Return the layers of options by dotted key.

    Raises:
        UsageError: they are something else.
    """
    given = {} if options is None else options
    if isinstance(given, Mapping) and all(isinstance(key, str) for key in given):
        return [Layer(origin, tree_of(tuple(k.split(".")), value)) for k, value in given.items()]
    raise UsageError(f'options are by dotted key, {{"arch.latent_dim": 64}}; got {shown(given)}')


def choose_dataset(tree: ConfigTree, host: PluginHost | None = None) -> None:
    """If the user names no dataset, choose the one that is marked as the starter."""
    if tree.get("data", "name") is not None:
        return
    advice = f"choose the dataset to train on with {setting('data', 'NAME')}"
    name = registry.the_one_offering("dataset", "starter", advice, host=host).rpartition("/")[2]
    tree.add(Layer("ganzoo (the dataset to start with)", {"data": {"name": name}}))
