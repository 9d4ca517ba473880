"""Resuming: continues a run bit for bit, and only with the config it was trained with."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from ganzoo.config import (
    KeyPath,
    RunConfig,
    changed_toml,
    differences,
    load_config,
    read_toml,
)
from ganzoo.config.run_config import SEVERAL
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import GanzooWarning, UsageError, instances, setting
from ganzoo.execution import distributed
from ganzoo.execution.device import resolve_device
from ganzoo.files import replace_text
from ganzoo.interfaces.observer import Observer
from ganzoo.run import journal
from ganzoo.run.arguments import option_layers
from ganzoo.run.checkpoints import refuse_left_out
from ganzoo.run.directory import RunDirectory
from ganzoo.run.minutes import is_trained, minutes_trained, with_steps, write_steps
from ganzoo.run.missing import missing_explained
from ganzoo.run.plan import BY_SIZE, DEFAULTS_OF, THREADS, Plan, compose
from ganzoo.run.progress_bar import Decoding, progress_shown
from ganzoo.run.provenance import dataset_fingerprint
from ganzoo.run.run import Run
from ganzoo.run.session import fit, only_writer, prepare

IMAGES: KeyPath = ("dataset",)
"""The training images themselves, among the differences of two configs."""

OVERRIDABLE: tuple[KeyPath, ...] = (
    ("training", "steps"),
    ("training", "minutes"),
    ("training", "generator_lr"),
    ("training", "discriminator_lr"),
    ("logging",),
    ("execution",),
    ("observer",),
    IMAGES,
)
"""Paths below which an override may change settings, besides the place of the dataset; any other
change makes another run."""


def resume(
    run_dir: str | Path,
    *,
    steps: int | None = None,
    device: str | None = None,
    options: Mapping[str, Any] | None = None,
    override: bool = False,
    observers: Sequence[Observer] = (),
    progress: bool | Decoding | None = None,
    host: PluginHost | None = None,
) -> Run:
    """Resume a run from its latest checkpoint, bit for bit as if it had never stopped.

    That holds on one machine with the same number of threads, for weights, optimizers, log and
    samples; `images_per_second` in the log and the times in the journal differ.

    Args:
        run_dir: the run directory.
        steps: number of steps, counted from the first; that of the config if None.
        device: to train on, `"auto"` for this machine's; that of the config if None. On another
            kind of device the precision is chosen anew, and rounding differs from then on.
        options: changed settings by dotted key, `{"training.generator_lr": 1e-4}`; they need
            `override`.
        override: allow changes of the number of steps, the learning rates, the sections `logging`,
            `execution` and `observer`, and the images. The same images at another place, like
            `{"data.path": "moved"}`, need none.
        observers: notified of events, besides those of the config.
        progress: see `ganzoo.train`; or a function, called with the number of decoded images and of
            all images, in the place of a bar.
        host: the plugins to choose from; the installed ones if None.

    Raises:
        UsageError: there is no run, all steps are done, the config has changed, or another
            process is training it.
        DataError: the dataset is missing or unreadable.
        Diverged: a loss or a weight is no longer finite.
        GanzooError: the checkpoint is damaged, or the run directory cannot be written.
    """
    # Layers, the strongest first.
    run = Run(run_dir)
    settings = {"training.steps": steps, "execution.device": device}
    named: dict[str, Any] = {k: value for k, value in settings.items() if value is not None}
    intended: set[KeyPath] = {tuple(key.split(".")) for key in named}
    layers = [*option_layers(options, "resuming"), *option_layers(named, "resuming")]

    # On another kind of device, the precision is chosen anew.
    before = run.config.execution.device
    if _kind({**named, **(options or {})}.get("execution.device") or before) != _kind(before):
        layers += option_layers({"execution.precision": "auto"}, "resuming")
        intended.add(("execution", "precision"))
        message = f"{run.path} was trained on {before}; on another device rounding differs"
        warnings.warn(GanzooWarning(message), stacklevel=2)

    def make_plan() -> Plan:
        with missing_explained(run.path, run.versions):
            return compose([*layers, read_toml(run.directory.config)], host)

    # Resume; what is an argument of its own may change without an override.
    own = instances("observers", observers, Observer)
    with distributed.joined(), progress_shown(progress, own) as (shown, decoding):
        return resume_plan(
            run_dir, make_plan, shown, decoding, intended=intended, override=override
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
    plan = _with_threads_of(run, make_plan())

    def finished() -> bool:
        changes = changed(run.directory, plan)
        refuse_changes(run.path, changes, intended or set(), override, places(plan))
        reached, training = max(run.steps, default=0), plan.config.training
        minutes = minutes_trained(run.directory, reached)
        if not is_trained(plan.config, reached, minutes):
            return False
        if training.minutes is not None:  # a crash may have come before this
            write_steps(run.directory, reached)
        if not finished_is_fine:
            steps = training.steps if training.minutes is None else reached
            raise UsageError(
                f"{run.path} is at step {reached} of {steps} already; "
                f"{setting('steps', reached + 1000)} continues the training"
            )
        return True

    with only_writer(run.directory):
        # Check changes and steps.
        if distributed.on_rank_zero(finished):
            return run

        # Continue from the latest checkpoint.
        if run.steps:
            distributed.on_rank_zero(lambda: refuse_left_out(run.checkpoint, "state.pt"))
        session = prepare(plan, observers, progress)
        distributed.on_rank_zero(lambda: _update_config(run.directory.config, plan.config))
        checkpoint = distributed.on_rank_zero(lambda: run.checkpoint if run.steps else None)
        return fit(session, run.directory, "resumed", checkpoint)


def _with_threads_of(run: Run, plan: Plan) -> Plan:
    """Keep the run's number of CPU threads unless the user names one: bits depend on it."""
    if plan.origins.get(THREADS) != BY_SIZE:
        return plan
    threads = run.config.execution.threads
    execution = plan.config.execution.model_copy(update={"threads": threads})
    return replace(plan, config=plan.config.model_copy(update={"execution": execution}))


def _update_config(file: Path, config: RunConfig) -> None:
    """Write the values that have changed into `config.toml`."""
    if changes := differences(load_config(file), config):
        values = {path: now for path, (_, now) in changes.items()}
        replace_text(file, changed_toml(file.read_text(encoding="utf-8"), values, "resuming"))


def changed(directory: RunDirectory, plan: Plan) -> dict[KeyPath, tuple[Any, Any]]:
    """Compare a plan with the latest session: config and images, each before and now.

    The place of a dataset is no change if its content is known to be the same.
    """
    # A run that died before the first line of its journal.
    events = journal.read(directory.journal)
    session = journal.latest_beginning(events)
    if session is None:
        return _differences(load_config(directory.config), plan)

    # Config.
    try:
        config = RunConfig.model_validate(session["config"])
        fingerprint = session["provenance"]["dataset"]
    except (KeyError, TypeError, ValidationError):
        message = (
            f"{directory.journal} is damaged: the beginning of the latest session has no "
            "config and dataset. Whether settings or images have changed since is not known"
        )
        warnings.warn(GanzooWarning(message), stacklevel=2)
        return _differences(load_config(directory.config), plan)
    minutes = plan.config.training.minutes
    changes = _differences(with_steps(config, events) if minutes is None else config, plan)

    # Images, unless a setting explains their change.
    now = dataset_fingerprint(plan)
    moved = places(plan) & set(changes)
    explained = any(path[0] in ("data", "image") and path not in moved for path in changes)
    if fingerprint != now and not explained:
        changes[IMAGES] = (fingerprint, now)
    elif fingerprint == now and plan.source.fingerprint:
        changes = {path: values for path, values in changes.items() if path not in moved}
    return changes


def _differences(before: RunConfig, plan: Plan) -> dict[KeyPath, tuple[Any, Any]]:
    """Settings that differ now, but for options that a component has gained since, with a warning.

    Gained options have their defaults.
    """
    changes = differences(before, plan.config)
    gained = {
        path: now
        for path, (value, now) in changes.items()
        if value is None
        and plan.origins.get(path, "").startswith(DEFAULTS_OF)
        and (path[0], "name") not in changes
        and (path[0] not in SEVERAL or path[1] in before.named(path[0]))
    }
    if gained:
        told = ", ".join(f"{'.'.join(path)}={now}" for path, now in gained.items())
        message = f"these options are new since the run began, and have their defaults: {told}"
        warnings.warn(GanzooWarning(message), stacklevel=2)
    return {path: values for path, values in changes.items() if path not in gained}


def places(plan: Plan) -> set[KeyPath]:
    """The settings that say where the dataset is: its options that are paths."""
    fields = registry.options_model(plan.components["data"]).model_fields
    types = {
        name: (field.annotation, *get_args(field.annotation)) for name, field in fields.items()
    }
    return {("data", name) for name, parts in types.items() if Path in parts}


def refuse_changes(
    path: Path,
    changes: Mapping[KeyPath, tuple[Any, Any]],
    intended: set[KeyPath],
    override: bool,
    places: set[KeyPath],
) -> None:
    """Refuse to resume with changes that are neither intended nor overridden.

    Args:
        path: the run directory.
        changes: settings with their values before and now.
        intended: paths whose change needs no override.
        override: allow changes below `OVERRIDABLE`, and of `places`.
        places: settings that say where the dataset is.

    Raises:
        UsageError: lists all changes, and says whether an override allows them.
    """
    # Changes that an override allows, and others.
    unintended = {key: values for key, values in changes.items() if key not in intended}
    tops = (*OVERRIDABLE, *places)
    allowed = [key for key in unintended if any(key[: len(top)] == top for top in tops)]
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


def _kind(device: str) -> str:
    """The kind of a device: `"cuda"` of `"cuda:1"`, this machine's of `"auto"`."""
    return resolve_device(device).type if device == "auto" else device.partition(":")[0]


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)
