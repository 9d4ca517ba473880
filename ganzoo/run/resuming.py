"""Resuming: going on with a run exactly where it was, and only with the config it was made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganzoo.config import (
    KeyPath,
    Layer,
    RunConfig,
    changed_toml,
    differences,
    load_config,
    read_toml,
    tree_of,
)
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import GanzooError, UsageError, setting
from ganzoo.execution import distributed
from ganzoo.files import replace_text
from ganzoo.interfaces.observer import Observer
from ganzoo.run import journal
from ganzoo.run.directory import RunDirectory
from ganzoo.run.missing import missing_explained
from ganzoo.run.plan import Plan, compose
from ganzoo.run.provenance import dataset_fingerprint
from ganzoo.run.run import Run
from ganzoo.run.session import fit, only_writer, prepare

DATASET = ("dataset",)
"""Stands for the training images themselves among the differences."""

OVERRIDABLE: tuple[KeyPath, ...] = (
    ("training", "steps"),
    ("training", "generator_lr"),
    ("training", "discriminator_lr"),
    ("logging",),
    ("execution",),
    ("observer",),
    DATASET,
)
"""What may change in the middle of a run, below these paths; anything else makes another run."""


def resume(
    run_dir: str | Path,
    *,
    steps: int | None = None,
    options: Mapping[str, Any] | None = None,
    override: bool = False,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
    host: PluginHost | None = None,
) -> Run:
    """Go on with a run from its latest checkpoint, bit for bit as if it had never stopped.

    Args:
        run_dir: the run directory.
        steps: steps in all, counted from the first; those of its config where None.
        options: other settings by dotted key, `{"training.generator_lr": 1e-4}`; they need
            `override`.
        override: go on although the config has changed, in its number of steps, learning rates,
            `logging`, `execution` or `observer` sections, or although the images have.
        observers: told of what happens, besides those of the config.
        progress: called with images done and images in all, if they must be decoded again.
        host: the plugins to choose from; the installed ones where None.

    Raises:
        UsageError: there is no run, it has reached its steps already, its config has changed, or
            another process is writing it.
        GanzooError: the checkpoint is damaged.
    """
    run = Run(run_dir)
    layers = [
        Layer("resuming", tree_of(tuple(key.split(".")), value))
        for key, value in {"training.steps": steps, **(options or {})}.items()
        if value is not None
    ]

    def make_plan() -> Plan:
        with missing_explained(run.path, run.versions):
            return compose([*layers, read_toml(run.directory.config)], host)

    asked: set[KeyPath] = {("training", "steps")} if steps is not None else set()
    with distributed.joined():
        return resume_plan(run_dir, make_plan, observers, progress, asked=asked, override=override)


def resume_plan(
    run_dir: str | Path,
    make_plan: Callable[[], Plan],
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
    *,
    asked: set[KeyPath] | None = None,
    override: bool = False,
    finished_is_fine: bool = False,
) -> Run:
    """Go on with a run as a plan says.

    Args:
        run_dir: the run directory.
        make_plan: composes the run again; called in torchrun's process group.
        observers: told of what happens.
        progress: of decoding.
        asked: paths whose change was asked for by name, and needs no override.
        override: see `resume`.
        finished_is_fine: give back a run that has all its steps, rather than refuse.
    """
    run = Run(run_dir)
    place = run.directory
    plan = make_plan()

    def finished() -> bool:
        changes = changed(place, plan)
        refuse_changes(run.path, changes, asked or set(), override)
        reached, wanted = max(run.steps, default=0), plan.config.training.steps
        if reached >= wanted and not finished_is_fine:
            raise UsageError(
                f"{run.path} is at step {reached} of {wanted} already; "
                f"{setting('steps', reached + 1000)} trains on"
            )
        return reached >= wanted

    def checkpoint() -> Path | None:
        if written := differences(load_config(place.config), plan.config):
            values = {path: now for path, (_, now) in written.items()}
            text = place.config.read_text(encoding="utf-8")
            replace_text(place.config, changed_toml(text, values, "resuming"))
        return run.checkpoint if run.steps else None

    with only_writer(place):
        if distributed.on_rank_zero(finished):
            return run
        session = prepare(plan, observers, progress)
        return fit(session, place, "resumed", distributed.on_rank_zero(checkpoint))


def changed(place: RunDirectory, plan: Plan) -> dict[KeyPath, tuple[Any, Any]]:
    """In what a plan differs from what the run was last trained with, the images included."""
    begun = [e for e in journal.read(place.journal) if e.get("event") in journal.BEGINNINGS]
    if not begun:  # it died before its first line
        return differences(load_config(place.config), plan.config)
    try:
        before = RunConfig.model_validate(begun[-1]["config"])
        images = begun[-1]["provenance"]["dataset"], dataset_fingerprint(plan)
    except (KeyError, TypeError, ValidationError) as error:
        raise GanzooError(f"{place.journal} is damaged: {error}") from None
    found = differences(before, plan.config)
    if images[0] != images[1] and not any(path[0] in ("data", "image") for path in found):
        found[DATASET] = images
    return found


def refuse_changes(
    path: Path,
    changes: Mapping[KeyPath, tuple[Any, Any]],
    asked: set[KeyPath],
    override: bool,
) -> None:
    """Raise where a run may not go on.

    Raises:
        UsageError: the list of differences, and which of them an override allows.
    """
    unasked = {key: values for key, values in changes.items() if key not in asked}
    allowed = [key for key in unasked if any(key[: len(top)] == top for top in OVERRIDABLE)]
    forbidden = [key for key in unasked if key not in allowed]
    if not forbidden and (override or not allowed):
        return
    rows = [
        f"  {'.'.join(key)}: {_shown(before)} before, {_shown(now)} now"
        for key, (before, now) in unasked.items()
    ]
    if forbidden:
        names = ", ".join(".".join(key) for key in forbidden)
        advice = f"A change of {names} makes another run: train it in a directory of its own"
    else:
        advice = f"{setting('override', True)} resumes with these changes"
    raise UsageError("\n".join([f"{path} was trained with other settings:", *rows, advice]))


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)
