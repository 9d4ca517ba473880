"""Training a run: from a config to a run directory with a trained generator in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ganzoo.config import SHORTCUTS, Layer, RunConfig, read_toml, tree_of
from ganzoo.engine import distributed
from ganzoo.engine.compose import Plan, compose
from ganzoo.errors import UsageError, did_you_mean
from ganzoo.host import PluginHost, default_host
from ganzoo.interfaces.observer import Observer
from ganzoo.recipes import recipe_layer
from ganzoo.run import directory
from ganzoo.run.directory import RunDirectory
from ganzoo.run.resuming import resume_plan
from ganzoo.run.run import Run
from ganzoo.run.session import fit, only_writer, prepared, write_config
from ganzoo.specs import ObserverSpec

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
    eval_every: int | None = None,
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
        eval_every: measure how good the images are at every so many steps, into the log.
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
        eval_every=eval_every,
        host=host,
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


def evaluating(every: int | None, host: PluginHost | None = None) -> dict[str, Any]:
    """The observer section that `--eval-every N` stands for.

    Raises:
        UsageError: no installed observer evaluates, or several offer to.
    """
    if every is None:
        return {}
    found = [
        component.spec.name
        for component in (host or default_host()).components("observer")
        if isinstance(component.spec, ObserverSpec) and component.spec.evaluates
    ]
    if len(found) != 1:
        raise UsageError(
            f"--eval-every starts the observer that evaluates, and {len(found)} are installed "
            f"({', '.join(found) or 'none'}); name one with --observer"
        )
    return {found[0]: {"every": every}}


def arguments_tree(
    *,
    arch: Choice | None,
    loss: Choice | None,
    data: Choice | None,
    penalty: Choice | Iterable[str] | None,
    observer: Choice | Iterable[str] | None,
    settings: Mapping[str, Any],
    eval_every: int | None = None,
    host: PluginHost | None = None,
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
    if added := evaluating(eval_every, host):
        tree["observer"] = {**tree.get("observer", {}), **added}
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
    *,
    resume: Resume = "never",
    override: bool = False,
) -> Run:
    """Train what a plan says. Nothing is written before all of it is known to be possible."""
    wanted = None if run_dir is None else Path(run_dir)
    if resume == "auto" and wanted is None:
        raise UsageError("to resume by itself a run needs a place of its own: say --run-dir DIR")

    def goes_on() -> bool:
        if wanted is None:
            return False
        if resume == "auto" and RunDirectory(wanted).config.is_file():
            return True
        directory.check_free(wanted)
        return False

    with distributed.joined():
        if distributed.decided(goes_on):
            assert wanted is not None
            return resume_plan(
                wanted, make_plan(), observers, progress, override=override, finished_is_fine=True
            )
        plan = make_plan()
        session = prepared(plan, observers, progress)
        choices = (plan.config.arch, plan.config.loss, plan.config.data)
        label = "-".join(choice.name.split("/")[-1] for choice in choices)
        place = distributed.decided(lambda: directory.create(wanted, label))
        with only_writer(place):
            distributed.decided(lambda: write_config(place, plan))
            return fit(session, place, "started")
