"""Starting a run: from Python arguments or a config to a trained run directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from ganzoo.config import Layer, RunConfig
from ganzoo.config.recipes import recipe_layer
from ganzoo.discovery.host import PluginHost
from ganzoo.errors import UsageError, instances, listed, setting, shown
from ganzoo.execution import distributed
from ganzoo.interfaces.observer import Observer
from ganzoo.run.arguments import Choice, arguments_tree, config_layers, option_layers
from ganzoo.run.directory import RunDirectory, check_free, create_run_directory
from ganzoo.run.initializing import source_of
from ganzoo.run.plan import Plan, compose
from ganzoo.run.progress_bar import progress_shown
from ganzoo.run.resuming import resume_plan
from ganzoo.run.run import Run
from ganzoo.run.session import fit, only_writer, prepare, write_config

Resume = Literal["never", "auto"]


def train(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    *,
    recipe: str | None = None,
    arch: Choice | None = None,
    loss: Choice | None = None,
    data: Choice | None = None,
    penalty: Choice | Iterable[str] | None = None,
    augment: Choice | Iterable[str] | None = None,
    constraint: Choice | Iterable[str] | None = None,
    options: Mapping[str, Any] | None = None,
    run_dir: str | Path | None = None,
    resume: Resume = "never",
    override: bool = False,
    observers: Sequence[Observer | str] = (),
    progress: bool | None = None,
    host: PluginHost | None = None,
    **settings: Any,
) -> Run:
    """Train a GAN and return its run.

        run = ganzoo.train(arch="dcgan", loss="wgan-gp", data="fashion-mnist", steps=500)
        run = ganzoo.train(arch={"name": "dcgan", "base_channels": 32}, loss="bce")
        run = ganzoo.train(recipe="dcgan-quick", steps=500)
        run = ganzoo.train("runs/00001-dcgan-bce-fashion-mnist/config.toml", seed=1)

    Args:
        config: a TOML file, a mapping or a `RunConfig`. The other arguments win over it, and
            `options` wins over them.
        recipe: name of a recipe (`ganzoo.names("recipe")`); everything else wins over it.
        arch: name of an architecture, or a dict of `name` and options.
        loss: name of a loss, or such a dict.
        data: name of a dataset, or such a dict.
        penalty: name or names of penalties, or a dict from name to options; added to the loss's
            own.
        augment: augmentations of what the discriminator sees, in their order; likewise.
        constraint: constraints on weights; added to the loss's own.
        options: by dotted key: `{"arch.base_channels": 32}`.
        run_dir: a new or empty directory; a numbered one below `runs/` if None.
        resume: `"auto"` resumes the run in `run_dir` if there is one. If it has all its steps, it
            is returned as it is.
        override: see `ganzoo.resume`.
        observers: `ganzoo.Observer` objects, or names of those that plugins provide.
        progress: show a progress bar, and in a notebook the latest sample grid. None shows them in
            a notebook or at a terminal, and nothing in a script whose output is a file.
        host: the plugins to choose from; the installed ones if None.
        settings: every setting of the sections image, training, execution and logging of
            `RunConfig`: `steps`, `minutes`, `batch_size`, `size`, `seed`, `device`, ….

    Raises:
        UsageError: an unknown name, an option out of range, an impossible combination, or a run
            to resume that was trained with another config.
        DataError: the dataset is missing or unreadable.
        Diverged: a loss or a weight is no longer finite.
        GanzooError: the run directory cannot be written.
    """
    # Layers, the strongest first.
    observers = listed(observers)
    names = [observer for observer in observers if isinstance(observer, str)]
    own = instances("observers", [o for o in observers if not isinstance(o, str)], Observer)
    arguments = arguments_tree(
        arch=arch,
        loss=loss,
        data=data,
        penalty=penalty,
        augment=augment,
        constraint=constraint,
        observer=names or None,
        settings=settings,
    )
    layers = [*option_layers(options), Layer("arguments", arguments), *config_layers(config)]
    if recipe is not None:
        layers.append(recipe_layer(recipe, host))

    with progress_shown(progress, own) as (shown, decoding):
        return train_plan(
            lambda: compose(layers, host),
            run_dir,
            shown,
            decoding,
            resume=resume,
            override=override,
        )


def train_plan(
    make_plan: Callable[[], Plan],
    run_dir: str | Path | None,
    observers: Sequence[Observer] = (),
    progress: Callable[[int, int], None] | None = None,
    *,
    resume: Resume = "never",
    override: bool = False,
) -> Run:
    """Train a plan in a new run directory, or resume the run that is there.

    Nothing is written before the plan is made and the images are opened.
    """
    if resume not in get_args(Resume):
        raise UsageError(f"{setting('resume')} is {shown(resume)}, but should be 'never' or 'auto'")
    path = None if run_dir is None else Path(run_dir)
    if resume == "auto" and path is None:
        raise UsageError(
            f"{setting('resume', 'auto')} needs a run directory: {setting('run_dir', 'DIR')}"
        )

    def has_run() -> bool:
        if path is None:
            return False
        if resume == "auto" and RunDirectory(path).config.is_file():
            return True
        check_free(path)
        return False

    with distributed.joined():
        # Resume.
        if distributed.on_rank_zero(has_run):
            assert path is not None
            return resume_plan(
                path, make_plan, observers, progress, override=override, finished_is_fine=True
            )

        # Start.
        plan = make_plan()
        source_of(plan.config.training)
        session = prepare(plan, observers, progress)
        choices = (plan.config.arch, plan.config.loss, plan.config.data)
        label = "-".join(choice.name.split("/")[-1] for choice in choices)
        directory = distributed.on_rank_zero(lambda: create_run_directory(path, label))
        with only_writer(directory):
            distributed.on_rank_zero(lambda: write_config(directory, plan))
            return fit(session, directory, "started")
