"""Resuming: continues a run bit for bit, and only with the config it was trained with."""

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

IMAGES: KeyPath = ("dataset",)
"""The training images themselves, among the differences of two configs."""

OVERRIDABLE: tuple[KeyPath, ...] = (
    ("training", "steps"),
    ("training", "generator_lr"),
    ("training", "discriminator_lr"),
    ("logging",),
    ("execution",),
    ("observer",),
    IMAGES,
)
"""Paths below which an override may change settings; any other change makes another run."""


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
    """Resume a run from its latest checkpoint, bit for bit as if it had never stopped.

    Args:
        run_dir: the run directory.
        steps: number of steps, counted from the first; that of the config if None.
        options: changed settings by dotted key, `{"training.generator_lr": 1e-4}`; they need
            `override`.
        override: allow changes of the number of steps, the learning rates, the sections `logging`,
            `execution` and `observer`, and the images.
        observers: notified of events, besides those of the config.
        progress: called with the number of decoded images and of all images.
        host: the plugins to choose from; the installed ones if None.

    Raises:
        UsageError: there is no run, all steps are done, the config has changed, or another
            process is training it.
        GanzooError: the checkpoint is damaged.
    """
    # Layers, the strongest first.
    run = Run(run_dir)
    layers = [
        Layer("resuming", tree_of(tuple(key.split(".")), value))
        for key, value in {"training.steps": steps, **(options or {})}.items()
        if value is not None
    ]

    def make_plan() -> Plan:
        with missing_explained(run.path, run.versions):
            return compose([*layers, read_toml(run.directory.config)], host)

    # Resume; the number of steps may change without an override.
    intended: set[KeyPath] = set() if steps is None else {("training", "steps")}
    with distributed.joined():
        return resume_plan(
            run_dir, make_plan, observers, progress, intended=intended, override=override
        )


def resume_plan(
    run_dir: str | Path,
    make_plan: Callable[[], Plan],
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
    *,
    intended: set[KeyPath] | None = None,
    override: bool = False,
    finished_is_fine: bool = False,
) -> Run:
    """Resume a run with a plan.

    Args:
        run_dir: the run directory.
        make_plan: composes the run again; called in torchrun's process group.
        observers: the caller's own.
        progress: see `prepare`.
        intended: paths whose change needs no override.
        override: see `resume`.
        finished_is_fine: return a run that has all its steps, instead of an error.
    """
    run = Run(run_dir)
    plan = make_plan()

    def finished() -> bool:
        refuse_changes(run.path, changed(run.directory, plan), intended or set(), override)
        reached, steps = max(run.steps, default=0), plan.config.training.steps
        if reached >= steps and not finished_is_fine:
            raise UsageError(
                f"{run.path} is at step {reached} of {steps} already; "
                f"{setting('steps', reached + 1000)} continues the training"
            )
        return reached >= steps

    with only_writer(run.directory):
        # Check changes and steps.
        if distributed.on_rank_zero(finished):
            return run

        # Continue from the latest checkpoint.
        session = prepare(plan, observers, progress)
        distributed.on_rank_zero(lambda: _update_config(run.directory.config, plan.config))
        checkpoint = distributed.on_rank_zero(lambda: run.checkpoint if run.steps else None)
        return fit(session, run.directory, "resumed", checkpoint)


def _update_config(file: Path, config: RunConfig) -> None:
    """Write the values that have changed into `config.toml`."""
    if changes := differences(load_config(file), config):
        values = {path: now for path, (_, now) in changes.items()}
        replace_text(file, changed_toml(file.read_text(encoding="utf-8"), values, "resuming"))


def changed(directory: RunDirectory, plan: Plan) -> dict[KeyPath, tuple[Any, Any]]:
    """Compare a plan with the latest session: config and images, each before and now."""
    # A run that died before the first line of its journal.
    session = journal.latest_beginning(journal.read(directory.journal))
    if session is None:
        return differences(load_config(directory.config), plan.config)

    # Config.
    try:
        config = RunConfig.model_validate(session["config"])
        fingerprint = session["provenance"]["dataset"]
    except (KeyError, TypeError, ValidationError) as error:
        raise GanzooError(f"{directory.journal} is damaged: {error}") from None
    changes = differences(config, plan.config)

    # Images, unless a setting explains their change.
    explained = any(path[0] in ("data", "image") for path in changes)
    if fingerprint != dataset_fingerprint(plan) and not explained:
        changes[IMAGES] = (fingerprint, dataset_fingerprint(plan))
    return changes


def refuse_changes(
    path: Path,
    changes: Mapping[KeyPath, tuple[Any, Any]],
    intended: set[KeyPath],
    override: bool,
) -> None:
    """Refuse to resume with changes that are neither intended nor overridden.

    Raises:
        UsageError: lists all changes, and says whether an override allows them.
    """
    # Changes that an override allows, and others.
    unintended = {key: values for key, values in changes.items() if key not in intended}
    allowed = [key for key in unintended if any(key[: len(top)] == top for top in OVERRIDABLE)]
    forbidden = [key for key in unintended if key not in allowed]
    if not forbidden and (override or not allowed):
        return

    # List them.
    rows = [
        f"  {'.'.join(key)}: {_shown(before)} before, {_shown(now)} now"
        for key, (before, now) in unintended.items()
    ]
    if forbidden:
        names = ", ".join(".".join(key) for key in forbidden)
        advice = f"A change of {names} makes another run: train it in a new directory"
    else:
        advice = f"{setting('override', True)} resumes with these changes"
    raise UsageError("\n".join([f"{path} was trained with other settings:", *rows, advice]))


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)
