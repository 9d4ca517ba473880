"""Training a run: from a config to a run directory with a trained generator in it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from ganzoo import registry
from ganzoo.config import SHORTCUTS, KeyPath, Layer, RunConfig, read_toml, to_toml, tree_of
from ganzoo.engine.compose import Plan, compose
from ganzoo.engine.trainer import Observer, Trainer
from ganzoo.errors import GanzooError, UsageError, did_you_mean
from ganzoo.host import DISTRIBUTION, PluginHost
from ganzoo.run import directory
from ganzoo.run.directory import RunDirectory
from ganzoo.run.recorder import Recorder
from ganzoo.run.run import Run

Choice = str | Mapping[str, Any]


def train(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    *,
    arch: Choice | None = None,
    loss: Choice | None = None,
    data: Choice | None = None,
    penalty: Choice | Iterable[str] | None = None,
    options: Mapping[str, Any] | None = None,
    run_dir: str | Path | None = None,
    observers: Sequence[Observer] = (),
    host: PluginHost | None = None,
    **settings: Any,
) -> Run:
    """Train a GAN and return its run.

        run = ganzoo.train(arch="dcgan", loss="wgan-gp", data="fashion-mnist", steps=500)
        run = ganzoo.train(arch={"name": "dcgan", "base_channels": 32}, loss="bce")
        run = ganzoo.train("runs/00001-dcgan-bce-fashion-mnist/config.toml", seed=1)

    Args:
        config: a TOML file, a mapping or a `RunConfig`; the other arguments go before it, and
            `options` before these.
        arch: name of an architecture, or a dict of `name` and its options.
        loss: the same of a loss.
        data: the same of a dataset.
        penalty: name or names of penalties, or a dict from name to options; they come on top of
            the loss's own.
        options: more options by dotted key: `{"arch.base_channels": 32}`.
        run_dir: an empty or new directory; a numbered one below `runs/` where None.
        observers: told of every step.
        host: the plugins to choose from; the installed ones where None.
        settings: `steps`, `batch_size`, `size`, `channels`, `seed`, `device`, `conditional` and
            every other leaf of `RunConfig`'s image, training, execution and logging sections.

    Raises:
        UsageError: an unknown name, an option out of range, a combination that cannot be.
        DataError: the dataset is missing or unreadable.
        GanzooError: the run directory cannot be written.
    """
    flags = arguments_tree(arch=arch, loss=loss, data=data, penalty=penalty, settings=settings)
    layers = [
        Layer("options", tree_of(tuple(key.split(".")), value))
        for key, value in (options or {}).items()
    ]
    layers += [Layer("arguments", flags), *config_layers(config)]
    return train_plan(lambda: compose(layers, host), run_dir, observers)


def arguments_tree(
    *,
    arch: Choice | None,
    loss: Choice | None,
    data: Choice | None,
    penalty: Choice | Iterable[str] | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The tree that keyword arguments, or command-line flags of the same names, stand for.

    Raises:
        UsageError: there is no such setting.
    """
    tree: dict[str, Any] = {}
    for section, choice in (("arch", arch), ("loss", loss), ("data", data)):
        if choice is not None:
            tree[section] = {"name": choice} if isinstance(choice, str) else dict(choice)
    if isinstance(penalty, Mapping):
        tree["penalty"] = dict(penalty)
    elif penalty is not None:
        names = [penalty] if isinstance(penalty, str) else penalty
        tree["penalty"] = {name: {} for name in names}
    for key, value in settings.items():
        if key not in SHORTCUTS:
            raise UsageError(
                f"no setting '{key}'.{did_you_mean(key, SHORTCUTS)} "
                f"There are {', '.join(sorted(SHORTCUTS))}."
            )
        if value is not None:
            section, leaf = SHORTCUTS[key]
            tree.setdefault(section, {})[leaf] = value
    return tree


def config_layers(config: RunConfig | Mapping[str, Any] | str | Path | None) -> list[Layer]:
    """The layer of a config file, mapping or object."""
    match config:
        case None:
            return []
        case RunConfig():
            return [Layer("config", config.model_dump(exclude_unset=True))]
        case str() | Path():
            return [read_toml(Path(config))]
        case _:
            return [Layer("config", config)]


def train_plan(
    make_plan: Callable[[], Plan],
    run_dir: str | Path | None,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Run:
    """Train what a plan says. Nothing is written before all of it is known to be possible."""
    wanted = None if run_dir is None else Path(run_dir)
    if wanted is not None:
        directory.check_free(wanted)
    plan = make_plan()
    trainer = _trainer(plan, progress)
    choices = (plan.config.arch, plan.config.loss, plan.config.data)
    label = "-".join(choice.name.split("/")[-1] for choice in choices)
    place = directory.create(wanted, label)
    with only_writer(place):
        write_config(place.config, plan.config, plan.origins)
        return _fit(plan, trainer, place, _recorder(plan, place), observers)


def resume(
    run_dir: str | Path,
    *,
    steps: int | None = None,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
    host: PluginHost | None = None,
) -> Run:
    """Go on with a run from its latest checkpoint, bit for bit as if it had never stopped.

    Args:
        run_dir: the run directory.
        steps: steps in all, counted from the first; those of its config where None.
        observers: told of every step.
        progress: called with images done and images in all, if they must be decoded again.
        host: the plugins to choose from; the installed ones where None.

    Raises:
        UsageError: there is no run, it has reached its steps already, or another process is
            writing it.
        GanzooError: the checkpoint is damaged.
    """
    run = Run(run_dir)
    asked = [Layer("resuming", {"training": {"steps": steps}})] if steps is not None else []
    reached = max(run.steps, default=0)
    with only_writer(run.directory):
        plan = compose([*asked, read_toml(run.directory.config)], host)
        if reached >= plan.config.training.steps:
            raise UsageError(
                f"{run.path} is at step {reached} of {plan.config.training.steps} already; "
                f"--steps {reached + 1000} trains on"
            )
        trainer = _trainer(plan, progress)
        recorder = _recorder(plan, run.directory)
        if run.steps:
            recorder.go_on(run.checkpoint, trainer)
        else:
            recorder.cut_log(0)
        if asked:
            write_config(run.directory.config, plan.config, plan.origins)
        return _fit(plan, trainer, run.directory, recorder, observers)


@contextmanager
def only_writer(place: RunDirectory) -> Iterator[None]:
    """Hold the run directory's lock.

    Raises:
        UsageError: another process holds it.
    """
    lock = FileLock(place.lock, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"another process is training {place.path}; wait for it, or choose another run"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def stopping_between_steps(trainer: Trainer) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM wait for the end of a step, so that a whole one can be saved.

    A second one does not wait. Signals reach the main thread alone: elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: object) -> None:
        trainer.stop()
        signal.signal(number, signal.default_int_handler)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _trainer(plan: Plan, progress: Callable[[int, int], None] | None) -> Trainer:
    if plan.config.execution.threads:
        torch.set_num_threads(plan.config.execution.threads)
    return plan.trainer(plan.open_images(progress))


def _recorder(plan: Plan, place: RunDirectory) -> Recorder:
    return Recorder(
        place,
        plan.config.logging,
        plan.dataset,
        demands=plan.demands,
        class_names=plan.source.class_names,
        versions=versions(plan),
    )


def _fit(
    plan: Plan,
    trainer: Trainer,
    place: RunDirectory,
    recorder: Recorder,
    observers: Sequence[Observer],
) -> Run:
    with registry.blame_by_trace(plan.components.values()), stopping_between_steps(trainer):
        trainer.fit(observers=[recorder, *observers])
    return Run(place.path, device=plan.config.execution.device)


def write_config(file: Path, config: RunConfig, origins: Mapping[KeyPath, str]) -> None:
    """Write the resolved config."""
    temporary = file.with_suffix(".new")
    try:
        temporary.write_text(to_toml(config, origins), encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise GanzooError(f"cannot write {file}: {error.strerror}") from error


def versions(plan: Plan) -> dict[str, str]:
    """Versions of the distributions that take part in a run."""
    plugins = [component.plugin for component in plan.components.values()]
    return {
        DISTRIBUTION: version(DISTRIBUTION),
        "torch": torch.__version__,
        **{plugin.distribution: plugin.version for plugin in plugins},
    }
