"""Saving: a trainer of a library user becomes a run directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ganzoo.assembly.demands import combined_demands
from ganzoo.assembly.trainer import Trainer
from ganzoo.config import ConfigTree, Layer, RunConfig, to_toml
from ganzoo.discovery import registry
from ganzoo.discovery.host import PluginRecord
from ganzoo.errors import GanzooError, UsageError
from ganzoo.execution import distributed
from ganzoo.files import building_folder, replace_text
from ganzoo.run import checkpoints, journal
from ganzoo.run.checkpoints import Manifest
from ganzoo.run.conditions import write_conditions
from ganzoo.run.directory import RunDirectory, check_free
from ganzoo.run.history import History
from ganzoo.run.own import IN_MEMORY, is_own, name_of
from ganzoo.run.pictures import save_grid
from ganzoo.run.provenance import machine
from ganzoo.run.run import Run

SAMPLES = 64
"""Images of the sample grid."""

Choice = str | Mapping[str, Any]


def save(
    trainer: Trainer,
    path: str | Path,
    *,
    arch: Choice | None = None,
    data: Choice | None = None,
    history: History | None = None,
) -> Run:
    """Write a run directory of a trainer: weights, training state, settings, a sample grid.

        run = ganzoo.save(trainer, "runs/mine")
        run = ganzoo.Run("runs/mine", generator=MyGenerator())  # later

    The run samples, decodes, interpolates, exports and is evaluated against other images; reports,
    `ganzoo runs` and `ganzoo doctor` read it. Networks that no plugin builds are not in it, so
    opening it takes a generator; commands of the shell that need one refuse the run, and it cannot
    be resumed by `ganzoo.resume`.

    Args:
        trainer: between two calls of `fit`.
        path: a new or empty directory.
        arch: name of the architecture that built the networks, or a dict of name and options: the
            run then opens without a generator, at the shell too.
        data: name of the dataset of the images, or such a dict: evaluated against if nothing else
            is named.
        history: becomes the log of the run.

    Raises:
        UsageError: the directory is not empty, a name or option is unknown, or `arch` builds other
            networks.
        GanzooError: it cannot be written.
    """
    path = Path(path)
    distributed.on_rank_zero(lambda: _write(trainer, path, arch, data, history))
    if arch is not None:
        return Run(path, device=str(trainer.device), refiner=trainer.loss.refiner())
    return Run(
        path,
        device=str(trainer.device),
        generator=trainer.ema.module,
        discriminator=trainer.discriminator,
        latent=trainer.latent,
        refiner=trainer.loss.refiner(),
    )


def _write(
    trainer: Trainer, path: Path, arch: Choice | None, data: Choice | None, history: History | None
) -> None:
    """Write all files into a hidden folder, try the run, and move it into place."""
    # Settings.
    check_free(path)
    settings = ConfigTree()
    settings.add(Layer("ganzoo.Trainer", _settings(trainer, arch, data)))
    config = settings.validate()
    provenance = machine(str(trainer.device), trainer.training.seed, _plugins(config))
    penalties = _penalties(trainer).values()

    with _making(path) as folder:
        # Config, log and samples.
        directory = RunDirectory(folder)
        replace_text(directory.config, to_toml(config, settings.origins))
        lines = history.lines if history is not None else []
        replace_text(directory.metrics, "".join(json.dumps(line) + "\n" for line in lines))
        write_conditions(directory, trainer.sampler.conditions)
        picture = directory.samples / f"{trainer.step:06d}.png"
        save_grid(trainer.sample(SAMPLES), picture, scale=None)

        # Checkpoint.
        manifest = Manifest(
            step=trainer.step,
            image=trainer.image,
            demands=combined_demands(trainer.loss, penalties, conditional=trainer.conditional),
            class_names=trainer.class_names,
            versions=provenance["versions"],
            metrics=lines[-1] if lines else {},
            latent=repr(trainer.latent),
            trained_with=tuple(sorted(trainer.trained_with)),
            refines=trainer.loss.refiner() is not None,
        )
        checkpoints.write(
            directory.checkpoint(trainer.step), checkpoints.snapshot(trainer), manifest
        )

        # Journal.
        facts = {"step": 0, "config": config.model_dump(mode="json", exclude_none=True)}
        journal.append(directory.journal, "started", **facts, provenance=provenance)
        journal.append(directory.journal, "checkpoint", step=trainer.step)
        journal.append(directory.journal, "finished", step=trainer.step)

        # The architecture that the caller names.
        if arch is not None:
            _try(Run(folder, device="cpu", refiner=trainer.loss.refiner()), trainer)


@contextmanager
def _making(path: Path) -> Iterator[Path]:
    """A hidden folder that becomes the run directory.

    Raises:
        GanzooError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.rmdir()
        with building_folder(path) as folder:
            yield folder
    except OSError as error:
        raise GanzooError(f"cannot write the run directory {path}: {error}") from error


def _try(run: Run, trainer: Trainer) -> None:
    """Refuse an architecture that builds other networks.

    Raises:
        UsageError: its generator makes other images, or does not take the weights.
    """
    try:
        same = torch.allclose(run.sample(2), trainer.sample(2), atol=1e-3)
    except GanzooError as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise UsageError(f"arch={run.config.arch.name!r} does not build this: {reason}") from None
    if not same:
        raise UsageError(
            f"arch={run.config.arch.name!r} builds a generator that takes these weights and makes "
            "other images of them: give its options, arch={'name': …, …}"
        )


def _settings(trainer: Trainer, arch: Choice | None, data: Choice | None) -> dict[str, Any]:
    """The settings of a trainer, and its components by name or class."""
    # Components.
    own, image = type(trainer.generator), trainer.image
    constraints = {
        **trainer.discriminator_update.objective.constraints,
        **trainer.generator_update.objective.constraints,
    }
    augmentations = {} if trainer.augment is None else trainer.augment.by_name
    components = {
        "arch": _chosen("architecture", arch, f"{own.__module__}:{own.__qualname__}"),
        "loss": {"name": name_of("loss", trainer.loss), **_options(trainer.loss)},
        "data": _chosen("dataset", data, IN_MEMORY),
        "penalty": _by_name("penalty", _penalties(trainer).values()),
        "constraint": _by_name("constraint", constraints.values()),
        "augment": _by_name("augmentation", augmentations.values()),
    }

    # Settings, trained to the end.
    length = {"steps": max(1, trainer.step), "kimg": None, "epochs": None, "minutes": None}
    training = trainer.training.model_copy(update=length)
    return {
        **components,
        "image": {
            "size": [image.height, image.width],
            "channels": image.channels,
            "horizontal_flip": trainer.batches.horizontal_flip,
        },
        "training": training.model_dump(mode="json", exclude_none=True),
        "execution": {"device": str(trainer.device), "precision": trainer.execution.precision},
    }


def _penalties(trainer: Trainer) -> dict[str, Any]:
    return {
        **trainer.discriminator_update.objective.by_name,
        **trainer.generator_update.objective.by_name,
    }


def _chosen(kind: str, choice: Choice | None, own: str) -> dict[str, Any]:
    """A component that the caller names, with all of its options; else the name of a class."""
    if choice is None:
        return {"name": own}
    options = {"name": choice} if isinstance(choice, str) else dict(choice)
    component = registry.find(kind, str(options.pop("name", "")))
    validated = registry.validate_options(component, options)
    return {"name": component.spec.name, **validated.model_dump(mode="json", exclude_none=True)}


def _by_name(kind: str, components: Iterable[Any]) -> dict[str, dict[str, Any]]:
    return {name_of(kind, component): _options(component) for component in components}


def _options(component: Any) -> dict[str, Any]:
    options: dict[str, Any] = component.options.model_dump(mode="json", exclude_none=True)
    return options


def _plugins(config: RunConfig) -> list[PluginRecord]:
    """The plugins that provide components of a run."""
    named = {
        ("architecture", config.arch.name),
        ("loss", config.loss.name),
        ("dataset", config.data.name),
        *(("penalty", name) for name in config.penalty),
        *(("constraint", name) for name in config.constraint),
    }
    return [registry.find(*choice).plugin for choice in sorted(named) if not is_own(choice[1])]
