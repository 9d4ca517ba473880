"""Composition: from layers of a config to components, networks and a trainer.

config -> registry -> dataset -> image shape -> architecture -> `Plan`; nothing is trained and no
image is decoded before `Plan.open_images`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from ganzoo import registry
from ganzoo.config import ConfigTree, KeyPath, Layer, RunConfig
from ganzoo.data.loading import Images
from ganzoo.data.store import ImageStore
from ganzoo.data.stream import ImageStream
from ganzoo.engine.critic import check_demands
from ganzoo.engine.distributed import rank, world_size
from ganzoo.engine.precision import resolve_device, resolve_precision
from ganzoo.engine.randomness import isolated, reseed
from ganzoo.engine.settings import AnyPenalty, combined_demands
from ganzoo.engine.shares import shares
from ganzoo.engine.trainer import Trainer
from ganzoo.errors import PluginError, Unsupported, UsageError
from ganzoo.host import Component, PluginHost, default_host
from ganzoo.interfaces.architecture import Architecture, Networks
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer
from ganzoo.interfaces.penalty import GeneratorPenalty, Penalty
from ganzoo.interfaces.values import Demands, ImageSource, ImageSpec
from ganzoo.specs import KINDS, DatasetSpec

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run, resolved and checked: what will be trained, and where each value came from."""

    config: RunConfig
    origins: Mapping[KeyPath, str]
    components: Mapping[str, Component]
    architecture: Architecture
    loss: Loss
    penalties: Mapping[str, AnyPenalty]
    dataset: Dataset
    source: ImageSource
    image: ImageSpec
    demands: Demands
    networks: Networks
    observers: Mapping[str, Observer]
    sources: tuple[str, ...] = ()

    def open_images(self, progress: Callable[[int, int], None] | None = None) -> Images:
        """Decode the dataset to the training shape, or map what is in the cache already.

        A set that would be too large to keep is streamed.
        """
        image, size = self.config.image, (self.image.height, self.image.width)
        count = len(self.source.images)  # type: ignore[arg-type]
        if count * math.prod(self.image.shape) > image.store_gib * 2**30:
            return ImageStream(
                self.source,
                size=size,
                channels=self.image.channels,
                skip_bad=image.skip_bad,
                workers=self.config.execution.workers,
            )
        component = self.components["data"]
        key = {
            "dataset": component.qualified_name,
            "version": component.plugin.version,
            "options": self.config.data.options,
            "split": "train",
        }
        return ImageStore.from_source(
            self.source,
            size=size,
            channels=self.image.channels,
            skip_bad=image.skip_bad,
            key=key,
            progress=progress,
        )

    def trainer(self, images: Images) -> Trainer:
        """The trainer of this plan."""
        execution = self.config.execution
        return Trainer(
            generator=self.networks.generator,
            discriminator=self.networks.discriminator,
            loss=self.loss,
            data=images,
            latent=self.architecture.latent,
            penalties=self.penalties,
            device=execution.device,
            precision=execution.precision,
            penalty_precision=execution.penalty_precision,
            compile=execution.compile,
            cuda_graphs=execution.cuda_graphs,
            channels_last=execution.channels_last,
            fused=execution.fused,
            rearrange=execution.rearrange,
            keep_memory=execution.keep_memory,
            data_on_device=execution.data_on_device,
            flip=self.config.image.flip,
            **self.config.training.model_dump(),
        )


def compose(layers: Iterable[Layer], host: PluginHost | None = None) -> Plan:
    """Resolve a config into a plan.

    The user's values come first, then the loss's, the architecture's and the engine's.

    Args:
        layers: the user's, the strongest first.
        host: the plugins to choose from; the installed ones if None.

    Raises:
        UsageError: a name, an option or a combination that cannot be.
        DataError: the dataset is not there.
    """
    host = host or default_host()
    tree, layers = ConfigTree(), list(layers)
    for layer in layers:
        tree.add(layer)
    _choose_dataset(tree, host)
    tree.validate()

    components: dict[str, Component] = {}
    loss = _component(tree, "loss", Loss, host, components)
    architecture = _component(tree, "arch", Architecture, host, components)
    dataset = _component(tree, "data", Dataset, host, components)
    tree.add(Layer(_whose(components["loss"]), {"training": loss.settings()}))
    tree.add(Layer(_whose(components["arch"]), {"training": architecture.settings()}))
    # refused by the trainer too, which comes after the images are decoded
    training = tree.validate().training
    shares(training.batch_size, training.accumulate, rank(), world_size())
    penalties = _penalties(tree, loss, host, components)
    observers = _observers(tree, host, components)

    device = resolve_device(tree.validate().execution.device)
    source = dataset.open("train")
    image = _image(tree, source, architecture, components)
    demands = _demands(tree, loss, penalties, image, components)
    networks = build_networks(
        architecture, components["arch"], image, demands, tree.validate().training.seed
    )
    _check(networks, image, demands, tree.validate().training.conditional, components, penalties)
    execution = tree.validate().execution
    precision = resolve_precision(execution.precision, device, *networks)
    _resolve(tree, ("execution", "device"), str(device))
    _resolve(tree, ("execution", "precision"), precision)
    return Plan(
        config=tree.validate(),
        origins=tree.origins,
        components=components,
        architecture=architecture,
        loss=loss,
        penalties=penalties,
        dataset=dataset,
        source=source,
        image=image,
        demands=demands,
        networks=networks,
        observers=observers,
        sources=tuple(dict.fromkeys(layer.origin for layer in layers if layer.tree)),
    )


def build_networks(
    architecture: Architecture,
    component: Component,
    image: ImageSpec,
    demands: Demands,
    seed: int,
) -> Networks:
    """Build the networks from the run's seed; an exception names the plugin it came from."""
    cpu = torch.device("cpu")
    with isolated(cpu), registry.blame(component):
        reseed(cpu, seed, "initialization")
        return Networks(*architecture.build(image, demands))


def _choose_dataset(tree: ConfigTree, host: PluginHost) -> None:
    """Where the user names no dataset, take the one that offers itself as a start."""
    if tree.get("data", "name") is not None:
        return
    starters = [
        component.qualified_name
        for component in host.components("dataset")
        if isinstance(component.spec, DatasetSpec) and component.spec.starter
    ]
    if len(starters) != 1:
        names = sorted(starters) or registry.names("dataset", host=host) or ["none is installed"]
        raise UsageError(f"say which dataset to train on with --data NAME: {', '.join(names)}")
    name = starters[0].rpartition("/")[2]
    tree.add(Layer("ganzoo (the dataset to start with)", {"data": {"name": name}}))


def _component(
    tree: ConfigTree,
    section: str,
    expected: type[T],
    host: PluginHost,
    components: dict[str, Component],
) -> T:
    """Make the component a section names, and settle its options in the tree."""
    kind = next(kind.name for kind in KINDS.values() if kind.section == section)
    component = registry.find(kind, tree.get(section, "name"), host=host)
    components[section] = component
    return _make(tree, (section,), component, expected)


def _make(tree: ConfigTree, path: KeyPath, component: Component, expected: type[T]) -> T:
    options = registry.validate_options(component, tree.options(*path))
    tree.settle(
        path,
        options.model_dump(mode="json", exclude_none=True),
        f"the defaults of {_whose(component)}",
    )
    made = registry.build(component, options)
    if not isinstance(made, expected):
        raise PluginError(
            f"{component.spec.factory} of {component.provider} made a {type(made).__name__}, "
            f"which is no ganzoo {component.spec.kind}"
        )
    return made


def _penalties(
    tree: ConfigTree, loss: Loss, host: PluginHost, components: dict[str, Component]
) -> dict[str, AnyPenalty]:
    """The user's penalties and the loss's own; a weight of 0 drops one."""
    home = components["loss"]
    tree.add(Layer(_whose(home), {"penalty": loss.default_penalties()}))
    penalties: dict[str, AnyPenalty] = {}
    for name in tree.named("penalty"):
        component = registry.find("penalty", name, host=host, prefer=home.plugin.distribution)
        components[f"penalty.{name}"] = component
        penalty: AnyPenalty = _make(
            tree,
            ("penalty", name),
            component,
            (Penalty, GeneratorPenalty),  # type: ignore[arg-type]
        )
        if penalty.weight:
            penalties[name] = penalty
    return penalties


def _observers(
    tree: ConfigTree, host: PluginHost, components: dict[str, Component]
) -> dict[str, Observer]:
    """The observers asked for, by name."""
    observers = {}
    for name in tree.named("observer"):
        component = registry.find("observer", name, host=host)
        components[f"observer.{name}"] = component
        observers[name] = _make(tree, ("observer", name), component, Observer)
    return observers


def _image(
    tree: ConfigTree,
    source: ImageSource,
    architecture: Architecture,
    components: Mapping[str, Component],
) -> ImageSpec:
    """The shape to train at: the user's, else the dataset's moved to what can be built."""
    natural = source.spec
    if tree.get("image", "size") is None:
        size = architecture.natural_size(natural.height, natural.width)
        moved = size != (natural.height, natural.width)
        origin = _whose(components["arch" if moved else "data"])
        tree.override(("image", "size"), list(size), origin)
    if tree.get("image", "channels") is None:
        tree.override(("image", "channels"), natural.channels, _whose(components["data"]))
    image = tree.validate().image
    assert image.size is not None
    assert image.channels is not None
    spec = ImageSpec(image.channels, *image.size, num_classes=natural.num_classes)
    if not source.resizable and spec != natural:
        raise UsageError(
            f"{_whose(components['data'])} exists as {natural} alone and cannot become {spec} "
            f"(asked for by {tree.origins['image', 'size']} and "
            f"{tree.origins['image', 'channels']})"
        )
    return spec


def _demands(
    tree: ConfigTree,
    loss: Loss,
    penalties: Mapping[str, AnyPenalty],
    image: ImageSpec,
    components: Mapping[str, Component],
) -> Demands:
    """What is asked of the networks; labels must be wanted by someone and exist."""
    demands = combined_demands(loss, penalties.values())
    path = ("training", "conditional")
    if demands.labels and not tree.get(*path):
        if tree.get(*path) is False:
            raise UsageError(
                f"{_whose(components['loss'])} needs labels, so it cannot train unconditionally "
                f"(asked for by {tree.origins[path]})"
            )
        tree.override(path, True, _whose(components["loss"]))
    if tree.get(*path):
        if not image.num_classes:
            raise UsageError(
                f"conditional training needs labels, and {_whose(components['data'])} has none "
                f"(asked for by {tree.origins[path]})"
            )
        demands |= Demands(labels=True)
    return demands


def _check(
    networks: Networks,
    image: ImageSpec,
    demands: Demands,
    conditional: bool,
    components: Mapping[str, Component],
    penalties: Mapping[str, AnyPenalty],
) -> None:
    """Try the discriminator before anything is trained; a refusal says whose demand it is."""
    try:
        with registry.blame(components["arch"]):
            check_demands(networks.discriminator, image, demands, conditional)
    except Unsupported as refusal:
        wanted = [_whose(components["loss"])]
        wanted += [_whose(components[f"penalty.{name}"]) for name in penalties]
        raise Unsupported(
            f"{_whose(components['arch'])} cannot be trained with {' and '.join(wanted)}: {refusal}"
        ) from None


def _resolve(tree: ConfigTree, path: KeyPath, value: Any) -> None:
    """Write down what an `auto` became."""
    if tree.get(*path) in (None, "auto"):
        tree.override(path, value, "auto")


def _whose(component: Component) -> str:
    return f"the {component.spec.kind} '{component.spec.name}'"
