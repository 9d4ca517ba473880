"""Generated tables of the guide's pages: recipes by architecture, and what trains with what.

.. recipes-by-architecture::    every recipe that ganzoo includes
.. trains-with:: losses         losses by architecture, of `docs/compatibility.json`
.. train-together:: losses penalties,constraints        pairs of components, likewise
.. reasons::                    why combinations of the tables above are refused
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from ganzoo_reference import Generated, _table
from sphinx.application import Sphinx

import ganzoo
from ganzoo.config.recipes import recipe_text
from ganzoo.discovery import registry
from ganzoo.discovery.host import DISTRIBUTION, Component

ANSWERS = Path(__file__).parents[1] / "compatibility.json"
"""Written by `tests/compatibility.py`."""

NEEDS_CONDITION = "so it cannot train with conditional=False"
"""In the refusal of training without labels: no reason that somebody has to be told."""


def own(kind: str) -> list[Component]:
    """The components of a kind that ganzoo includes, by name."""
    found = ganzoo.default_host().components(kind)
    return sorted((c for c in found if c.plugin.is_from(DISTRIBUTION)), key=lambda c: c.spec.name)


class RecipesByArchitecture(Generated):
    """Every recipe that ganzoo includes, by architecture."""

    def write(self) -> Iterator[str]:
        """Yield one table; the first row of an architecture names it."""
        recipes = groupby(sorted(map(_recipe_row, own("recipe"))), key=itemgetter(0))
        rows = (
            ("" if number else architecture, *rest)
            for architecture, group in recipes
            for number, (_, *rest) in enumerate(group)
        )
        yield from _table(rows, ("architecture", "recipe", "loss", "length", "what it trains"))


def _recipe_row(recipe: Component) -> tuple[str, ...]:
    content = tomllib.loads(recipe_text(recipe))
    named = (content.get(section, "") for section in ("arch", "loss"))
    names = (value.get("name", "") if isinstance(value, dict) else value for value in named)
    architecture, loss = (f"``{name}``" if name else "" for name in names)
    training = content.get("training", {})
    lengths = (f"{training[u]:,.0f} {u}" for u in ("steps", "kimg", "epochs") if u in training)
    return architecture, f"``{recipe.spec.name}``", loss, ", ".join(lengths), recipe.spec.summary


class TrainsWith(Generated):
    """The components of a kind by architecture: which train, and which are refused."""

    required_arguments = 1

    def write(self) -> Iterator[str]:
        """Yield a table with a row for each component and a column for each architecture."""
        kind = registry.kind_named(self.arguments[0]).name
        architectures = [component.spec.name for component in own("architecture")]
        answers, reasons = json.loads(ANSWERS.read_text(encoding="utf-8")), self.reasons()
        yield from _table(
            (
                (
                    f"``{component.spec.name}``",
                    *(
                        _cell(answers.get(f"{name} {kind} {component.spec.name}"), reasons)
                        for name in architectures
                    ),
                )
                for component in own(kind)
            ),
            (kind, *(f"``{name}``" for name in architectures)),
        )

    def reasons(self) -> dict[str, int]:
        """The numbers of the reasons that the page's tables have given so far."""
        kept = self.env.temp_data.setdefault("ganzoo reasons", {})
        assert isinstance(kept, dict)
        return kept


def _cell(answers: dict[str, str] | None, reasons: dict[str, int]) -> str:
    """What trains: everything, with classes or pictures only, without only, or nothing."""
    if answers is None:
        return "?"
    refused = {setting: reason for setting, reason in answers.items() if reason}
    said = dict.fromkeys(r for r in refused.values() if NEEDS_CONDITION not in r)
    marks = ", ".join(str(reasons.setdefault(reason, len(reasons) + 1)) for reason in said)
    if not refused:
        return "✓"
    if len(refused) == len(answers):
        return f"no :sup:`{marks}`"
    works = "C" if "unconditional" in refused else "U"
    return works + (f" :sup:`{marks}`" if marks else "")


class TrainTogether(TrainsWith):
    """Components of some kinds with those of others: which train together."""

    required_arguments = 2

    def write(self) -> Iterator[str]:
        """Yield a table with a row for each of the first and a column for each of the second."""
        kinds = [
            [registry.kind_named(plural).name for plural in side.split(",")]
            for side in self.arguments
        ]
        rows, columns = (
            [(kind, component.spec.name) for kind in side for component in own(kind)]
            for side in kinds
        )
        answers, reasons = json.loads(ANSWERS.read_text(encoding="utf-8")), self.reasons()
        pairs = {tuple(key.split()[1:]): given for key, given in answers.items()}

        def cell(row: tuple[str, str], column: tuple[str, str]) -> str:
            if row == column:
                return ""
            return _cell(pairs.get((*row, *column)) or pairs.get((*column, *row)), reasons)

        yield from _table(
            ((f"``{row[1]}``", *(cell(row, column) for column in columns)) for row in rows),
            (" + ".join(map("/".join, kinds)), *(f"``{name}``" for _, name in columns)),
        )


class Reasons(TrainsWith):
    """The reasons that the page's tables have given by number."""

    required_arguments = 0

    def write(self) -> Iterator[str]:
        """Yield a numbered list."""
        for reason, number in self.reasons().items():
            yield from (f"{number}. {reason[0].upper()}{reason[1:].replace('`', '``')}.", "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives; Sphinx calls this."""
    app.add_directive("recipes-by-architecture", RecipesByArchitecture)
    app.add_directive("trains-with", TrainsWith)
    app.add_directive("train-together", TrainTogether)
    app.add_directive("reasons", Reasons)
    return {"parallel_read_safe": False}
