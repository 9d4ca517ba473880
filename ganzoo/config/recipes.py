"""Recipes: named settings that plugins provide. Imports no torch."""

from __future__ import annotations

from importlib.resources import files

from ganzoo.config import Layer, parse_toml
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost
from ganzoo.discovery.specs import RecipeSpec
from ganzoo.errors import PluginError


def recipe_text(component: Component) -> str:
    """The TOML text of a recipe, with its comments.

    Raises:
        PluginError: the file that its descriptor names cannot be read.
    """
    spec = component.spec
    assert isinstance(spec, RecipeSpec), "the host checks that descriptors are of their kind"
    package, _, path = spec.file.partition(":")
    try:
        with registry.blame(component):
            return files(package).joinpath(path).read_text(encoding="utf-8")
    except (OSError, ImportError, UnicodeDecodeError) as error:
        raise PluginError(
            f"the recipe '{spec.name}' of {component.provider} cannot be read: {error}"
        ) from error


def recipe_layer(name: str, host: PluginHost | None = None) -> Layer:
    """A recipe as a layer of a config.

    Raises:
        UsageError: there is no recipe of this name, or its file is not TOML.
    """
    component = registry.find("recipe", name, host=host)
    origin = f"the recipe '{component.spec.name}' of {component.provider}"
    return parse_toml(recipe_text(component), origin)
