"""What trains with what: `python tests/compatibility.py [ARCHITECTURE … | pairs]` tries it all.

Each architecture is trained with each loss, without and with a condition, and with each penalty,
augmentation and constraint, for three steps of small networks on emoji. Then each pair of losses
and additions is trained together, on the first architecture that takes both. The answers are in
`docs/compatibility.json`, from which the site makes its page. Without arguments it tries what is
missing there; all of an architecture's, if it is named, and all pairs with `pairs`. A fraction of
a second to a second each.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import combinations, groupby
from pathlib import Path
from typing import NamedTuple

import annotated_types
import torch
from pydantic.fields import FieldInfo

import ganzoo
from ganzoo.config import Layer
from ganzoo.discovery import registry
from ganzoo.discovery.host import DISTRIBUTION, Component
from ganzoo.discovery.specs import KINDS
from ganzoo.run.plan import Plan, compose

ANSWERS = Path(__file__).parents[1] / "docs" / "compatibility.json"

ADDITIONS = ("penalty", "augmentation", "constraint")
"""Kinds of components that are added to a loss."""

FASTER = {"projected": {"feature_size": 64}}
"""Options that make networks fast, beyond narrow ones."""

SMALL = "vanilla"
"""The architecture on which pairs are tried if it takes both."""

WORKS = ""
"""The answer if three steps train; any other is the reason against it."""


Answers = dict[str, dict[str, str]]
"""Of each combination without its setting, by setting."""


class Cell(NamedTuple):
    """A combination: an architecture with a loss, or with an addition to the hinge loss.

    Attributes:
        architecture: its name.
        kind: `"loss"` or one of `ADDITIONS`.
        name: of the component of this kind.
        conditional: the setting; None leaves it to the components.
        other: kind and name of an addition that is there too.
    """

    architecture: str
    kind: str
    name: str
    conditional: bool | None
    other: tuple[str, str] | None = None

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Kind and name of what is added to the architecture."""
        return [(self.kind, self.name), *([self.other] if self.other else [])]


def own(kind: str) -> list[Component]:
    """The components of a kind that ganzoo includes, by name."""
    found = ganzoo.default_host().components(kind)
    return sorted((c for c in found if c.plugin.is_from(DISTRIBUTION)), key=lambda c: c.spec.name)


def cells() -> Iterator[Cell]:
    """Every combination of what is installed."""
    for architecture in own("architecture"):
        for loss in own("loss"):
            for conditional in (False, True):
                yield Cell(architecture.spec.name, "loss", loss.spec.name, conditional)
        for kind in ADDITIONS:
            for addition in own(kind):
                yield Cell(architecture.spec.name, kind, addition.spec.name, None)


def pairs(answers: Answers) -> Iterator[Cell]:
    """Every loss and addition with every other addition, without and with a condition."""
    chosen = [(kind, c.spec.name) for kind in ("loss", *ADDITIONS) for c in own(kind)]
    for first, other in combinations(chosen, 2):
        if other[0] != "loss":
            architecture = taking((first, other), answers)
            for conditional in (False, True):
                yield Cell(architecture, *first, conditional, other)


def taking(pair: tuple[tuple[str, str], ...], answers: Answers) -> str:
    """The first architecture that trains with each of a pair, or else `SMALL`."""
    names = sorted((c.spec.name for c in own("architecture")), key=lambda name: name != SMALL)
    for name in names:
        given = [answers.get(f"{name} {kind} {chosen}", {"any": "?"}) for kind, chosen in pair]
        if all(WORKS in answer.values() for answer in given):
            return name
    return SMALL


@cache
def setup(name: str) -> dict[str, dict[str, object]]:
    """Sections of a config: an architecture with narrow networks, and emoji that fit it."""
    # Narrow networks.
    component = registry.find("architecture", name)
    options: dict[str, object] = {}
    for option, field in registry.options_model(component).model_fields.items():
        if field.annotation is int and "dim" in option:
            options[option] = narrowed(field, 16)
        elif field.annotation is int and any(w in option for w in ("channel", "width")):
            options[option] = narrowed(field, 8)
    options |= FASTER.get(name, {})

    # Emoji of the smallest size, with classes or pictures.
    architecture = ganzoo.create("architecture", name, **options)
    data = {"name": "emoji"}
    if not architecture.conditions & {"none", "classes"}:
        data["condition"] = "grey"
    size = list(architecture.natural_size(16, 16))
    return {"arch": {"name": name, **options}, "data": data, "image": {"size": size}}


def narrowed(field: FieldInfo, width: int) -> int:
    """The width, if the option allows it, but never more than the default."""
    least = [bound.ge for bound in field.metadata if isinstance(bound, annotated_types.Ge)]
    return min(field.default, max([width, *least]))


def planned(cell: Cell) -> Plan:
    """Compose the run of a combination.

    Raises:
        UsageError: it is refused.
    """
    tree: dict[str, object] = {
        **setup(cell.architecture),
        "loss": cell.name if cell.kind == "loss" else "hinge",
        "training": {"batch_size": 4},
        "execution": {"device": "cpu", "threads": 1},
    }
    if cell.conditional is not None:
        tree["training"] = {"batch_size": 4, "conditional": cell.conditional}
    for kind in ADDITIONS:
        if named := [name for own_kind, name in cell.chosen if own_kind == kind]:
            tree[KINDS[kind].section] = {name: {} for name in named}
    return compose([Layer("the table", tree)])


def attempt(cell: Cell) -> str:
    """Train three steps: `WORKS`, or the reason of the refusal. Every other error is a bug."""
    try:
        plan = planned(cell)
        trainer = plan.trainer(plan.open_images())
        terms = [trainer.train_step() for _ in range(3)]
    except ganzoo.UsageError as error:
        return reason(cell, str(error))
    values = [value for step in terms for value in step.values()]
    values += trainer.generator.parameters()
    assert all(torch.as_tensor(value).isfinite().all() for value in values), cell
    return WORKS


def reason(cell: Cell, message: str) -> str:
    """The reason of a refusal, without the names, so that equal reasons are the same text."""
    message = " ".join(message.split())
    if message.startswith(f"the architecture '{cell.architecture}' cannot be trained with"):
        message = message.partition(": ")[2]
    for kind, name in (("architecture", cell.architecture), *cell.chosen):
        message = message.replace(f"the {kind} '{name}'", f"the {kind}")
    return message.replace(" (from the table)", "")


def key(cell: Cell) -> tuple[str, str]:
    """Where the answer for a combination is kept."""
    setting = {None: "any", False: "unconditional", True: "conditional"}[cell.conditional]
    return " ".join([cell.architecture, *(word for pair in cell.chosen for word in pair)]), setting


def read() -> Answers:
    """The answers that there are."""
    answers: Answers = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}
    return answers


def write(answers: Answers) -> None:
    """Write a line for each combination."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(answers[name])}" for name in answers)
    ANSWERS.write_text(f"{{\n{lines}\n}}\n")


def main(named: list[str]) -> int:
    """Try what is missing, or all of what is named; an error that is no refusal fails."""
    warnings.simplefilter("ignore", ganzoo.GanzooWarning)
    torch.set_num_threads(1)
    old, new, failed = read(), Answers(), 0
    for architecture, group in groupby(cells(), key=lambda cell: cell.architecture):
        failed |= answer(group, {} if architecture in named else old, new)
        write(old | new)
    failed |= answer(pairs(dict(new)), {} if "pairs" in named else old, new)
    write(new)
    return failed


def answer(chosen: Iterable[Cell], old: Answers, new: Answers) -> bool:
    """Put answers into `new`: old ones, or else by trying; returns whether one failed."""
    failed = False
    for cell in chosen:
        name, setting = key(cell)
        said = old.get(name, {}).get(setting)
        if said is None:
            try:
                said = attempt(cell)
            except Exception:
                print(*cell, "fails", flush=True)
                traceback.print_exc()
                failed = True
                continue
            print(*cell, said or "works", flush=True)
        new.setdefault(name, {})[setting] = said
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
