"""Training a run: from a config to a run directory with a trained generator in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ganzoo.config import Layer, RunConfig, read_toml, sorted_settings, tree_of
from ganzoo.config.recipes import recipe_layer
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import UsageError, setting
from ganzoo.execution import distributed
from ganzoo.interfaces.observer import Observer
from ganzoo.run import directory
from ganzoo.run.directory import RunDirectory
from ganzoo.run.plan import Plan, compose
from ganzoo.run.resuming import resume_plan
from ganzoo.run.run import Run
from ganzoo.run.session import fit, only_writer, prepare, write_config

Choice = str | Mapping[str, Any]
Resume = Literal["never", "auto"]


def train(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    *,
    recipe: str | None = None,
    arch: Choice | None = None,
    loss: Choice | None = None,
    data: Choice | None = None,
    penalty: Choice | Iterable[str] | None = None,
    options: Mapping[str, Any] | None = None,
    run_dir: str | Path | None = None,
    resume: Resume = "never",
    override: bool = False,
    observers: Sequence[Observer | str] = (),
    host: PluginHost | None = None,
    **settings: Any,
) -> Run:
    """Train a GAN and return its run.

        run = ganzoo.train(arch="dcgan", loss="wgan-gp", data="fashion-mnist", steps=500)
        run = ganzoo.train(arch={"name": "dcgan", "base_channels": 32}, loss="bce")
        run = ganzoo.train(recipe="dcgan-quick", steps=500)
        run = ganzoo.train("runs/00001-dcgan-bce-fashion-mnist/config.toml", seed=1)

    Args:
        config: a TOML file, a mapping or a `RunConfig`; the other arguments go before it, and
            `options` before these.
        recipe: name of a recipe (`ganzoo.names("recipe")`); everything else goes before it.
        arch: name of an architecture, or a dict of `name` and its options.
        loss: the same of a loss.
        data: the same of a dataset.
        penalty: name or names of penalties, or a dict from name to options; they come on top of
            the loss's own.
        options: more options by dotted key: `{"arch.base_channels": 32}`.
        run_dir: an empty or new directory; a numbered one below `runs/` where None.
        resume: `"auto"` goes on with the run in `run_dir` if there is one, and returns it as it
            is if it has all its steps.
        override: see `ganzoo.resume`.
        observers: `ganzoo.Observer`s, or names of those that plugins provide.
        host: the plugins to choose from; the installed ones where None.
        settings: `steps`, `batch_size`, `size`, `channels`, `seed`, `device`, `conditional` and
            every other leaf of `RunConfig`'s image, training, execution and logging sections.

    Raises:
        UsageError: an unknown name, an option out of range, a combination that cannot be, or a
            run to go on with that was trained with another config.
        DataError: the dataset is missing or unreadable.
        Diverged: a loss or a weight is no longer finite.
        GanzooError: the run directory cannot be written.
    """
    flags = arguments_tree(
        arch=arch,
        loss=loss,
        data=data,
        penalty=penalty,
        observer=[name for name in observers if isinstance(name, str)] or None,
        settings=settings,
    )
    layers = [
        Layer("options", tree_of(tuple(key.split(".")), value))
        for key, value in (options or {}).items()
    ]
    layers += [Layer("arguments", flags), *config_layers(config)]
    layers += [recipe_layer(recipe, host)] if recipe else []
    return train_plan(
        lambda: compose(layers, host),
        run_dir,
        [observer for observer in observers if isinstance(observer, Observer)],
        resume=resume,
        override=override,
    )


def arguments_tree(
    *,
    arch: Choice | None,
    loss: Choice | None,
    data: Choice | None,
    penalty: Choice | Iterable[str] | None,
    observer: Choice | Iterable[str] | None,
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
    for section, chosen in (("penalty", penalty), ("observer", observer)):
        if isinstance(chosen, Mapping):
            tree[section] = dict(chosen)
        elif chosen is not None:
            names = [chosen] if isinstance(chosen, str) else chosen
            tree[section] = {name: {} for name in names}
    return tree | sorted_settings(settings)


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
    *,
    resume: Resume = "never",
    override: bool = False,
) -> Run:
    """Train what a plan says. Nothing is written before all of it is known to be possible."""
    wanted = None if run_dir is None else Path(run_dir)
    if resume == "auto" and wanted is None:
        raise UsageError(
            f"{setting('resume', 'auto')} needs a run directory to look into: "
            f"{setting('run_dir', 'DIR')}"
        )

    def resumes() -> bool:
        if wanted is None:
            return False
        if resume == "auto" and RunDirectory(wanted).config.is_file():
            return True
        directory.check_free(wanted)
        return False

    with distributed.joined():
        if distributed.on_rank_zero(resumes):
            assert wanted is not None
            return resume_plan(
                wanted, make_plan, observers, progress, override=override, finished_is_fine=True
            )
        plan = make_plan()
        session = prepare(plan, observers, progress)
        choices = (plan.config.arch, plan.config.loss, plan.config.data)
        label = "-".join(choice.name.split("/")[-1] for choice in choices)
        place = distributed.on_rank_zero(lambda: directory.create(wanted, label))
        with only_writer(place):
            distributed.on_rank_zero(lambda: write_config(place, plan))
            return fit(session, place, "started")
