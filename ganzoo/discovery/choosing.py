"""Components that a library user gives as objects, by name or as a dict of options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.discovery import registry
from ganzoo.errors import UsageError


def chosen(kind: str, choice: Any) -> Any:
    """A component: `"hinge"`, `{"name": "acgan", "class_weight": 2}`, or the object itself.

    A name that several distributions use is refused.

    Raises:
        UsageError: none of this name is installed, or an option is out of range.
    """
    if isinstance(choice, str):
        return registry.create(kind, choice)
    if isinstance(choice, Mapping):
        options = dict(choice)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise UsageError(f'the dict of a {kind} must have its name: {{"name": …, **options}}')
        return registry.create(kind, name, **options)
    return choice


def chosen_by_name(kind: str, choices: Any) -> dict[str, Any]:
    """Components by name: a name, names, or a mapping from name to options or object.

    Raises:
        UsageError: as for `chosen`, or the choices are something else.
    """
    if isinstance(choices, str):
        choices = [choices]
    if isinstance(choices, Mapping):
        return {
            name: registry.create(kind, name, **choice) if isinstance(choice, Mapping) else choice
            for name, choice in choices.items()
        }
    if isinstance(choices, Iterable):
        names = list(choices)
        if all(isinstance(name, str) for name in names):
            return {name: registry.create(kind, name) for name in names}
    raise UsageError(
        f"components of the kind {kind} are chosen by name: a name, a list of names, or a dict "
        f"from names to options or objects; got {type(choices).__name__}"
    )
