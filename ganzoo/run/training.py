"""Training a run: from a config to a run directory with a trained generator in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ganzoo import registry
from ganzoo.config import SHORTCUTS, KeyPath, Layer, RunConfig, read_toml, to_toml, tree_of
from ganzoo.engine.compose import Plan, compose
from ganzoo.engine.trainer import Observer
from ganzoo.errors import GanzooError, UsageError, did_you_mean
from ganzoo.host import DISTRIBUTION, PluginHost
from ganzoo.run import directory
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
    if plan.config.execution.threads:
        torch.set_num_threads(plan.config.execution.threads)
    images = plan.open_images(progress)
    trainer = plan.trainer(images)
    config = plan.config
    label = "-".join(
        choice.name.split("/")[-1] for choice in (config.arch, config.loss, config.data)
    )
    place = directory.create(wanted, label)
    write_config(place.config, config, plan.origins)
    recorder = Recorder(
        place,
        config.logging,
        plan.dataset,
        demands=plan.demands,
        class_names=plan.source.class_names,
        versions=versions(plan),
    )
    with registry.blame_by_trace(plan.components.values()):
        trainer.fit(observers=[recorder, *observers])
    return Run(place.path, device=config.execution.device)


def write_config(file: Path, config: RunConfig, origins: Mapping[KeyPath, str]) -> None:
    """Write the resolved config."""
    try:
        file.write_text(to_toml(config, origins), encoding="utf-8")
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
