"""Composition: from layers of a config to components, networks and a trainer.

config -> components -> dataset -> image shape -> networks -> `Plan`. Every setting is resolved and
every combination checked here, once; nothing is trained and no image is decoded before
`Plan.open_images`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.config import ConfigTree, KeyPath, Layer, RunConfig
from ganzoo.data.loading import Images
from ganzoo.data.store import ImageStore
from ganzoo.data.stream import ImageStream
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, default_host
from ganzoo.discovery.specs import KINDS
from ganzoo.errors import Unsupported, UsageError, setting
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.dataset import Dataset, ImageSource, ImageSpec
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.run.networks import build_networks
from ganzoo.training.demands import CheckedDemands, check_discriminator, combined_demands
from ganzoo.training.trainer import Trainer


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
    checked: CheckedDemands
    networks: Networks
    execution: Execution
    observers: Mapping[str, Observer]
    host: PluginHost
    sources: tuple[str, ...] = ()

    @property
    def demands(self) -> Demands:
        """What loss and penalties demand of the networks."""
        return self.checked.demands

    def open_images(self, progress: Callable[[int, int], None] | None = None) -> Images:
        """Decode the dataset to the training shape, or open what is in the cache already.

        A set too large to cache is streamed.
        """
        image, size = self.config.image, (self.image.height, self.image.width)
        count = len(self.source.images)  # type: ignore[arg-type]
        if count * math.prod(self.image.shape) > image.store_gib * 2**30:
            return ImageStream(
                self.source,
                size=size,
                channels=self.image.channels,
                skip_bad_images=image.skip_bad_images,
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
            skip_bad_images=image.skip_bad_images,
            key=key,
            progress=progress,
        )

    def trainer(self, images: Images) -> Trainer:
        """The trainer of this plan."""
        return Trainer(
            generator=self.networks.generator,
            discriminator=self.networks.discriminator,
            loss=self.loss,
            data=images,
            latent=self.architecture.latent,
            penalties=self.penalties,
            training=self.config.training,
            execution=self.execution,
            image=self.config.image,
            demands=self.checked,
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

    # Components.
    components: dict[str, Component] = {}
    loss: Loss = _component(tree, "loss", host, components)
    architecture: Architecture = _component(tree, "arch", host, components)
    dataset: Dataset = _component(tree, "data", host, components)
    penalties = _penalties(tree, loss, host, components)
    observers = _observers(tree, host, components)
    _find_evaluation(tree.validate(), host)

    # Settings that the papers recommend, below the user's.
    tree.add(Layer(_whose(components["loss"]), {"training": loss.settings()}))
    tree.add(Layer(_whose(components["arch"]), {"training": architecture.settings()}))

    # Images and what is demanded of the networks.
    tree.validate()
    source = dataset.open("train")
    image = _image(tree, source, architecture, components)
    demands = _demands(tree, loss, penalties, image, components)

    # Networks, and how they are computed.
    training = tree.validate().training
    networks = build_networks(architecture, components["arch"], image, demands, training.seed)
    execution = Execution(tree.validate().execution, networks, training.batch_size)
    checked = _check(networks, image, demands, components, penalties)
    _resolve(tree, ("execution", "device"), str(execution.device))
    _resolve(tree, ("execution", "precision"), execution.precision)

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
        checked=checked,
        networks=networks,
        execution=execution,
        observers=observers,
        host=host,
        sources=tuple(dict.fromkeys(layer.origin for layer in layers if layer.tree)),
    )


def _choose_dataset(tree: ConfigTree, host: PluginHost) -> None:
    """Where the user names no dataset, take the one that offers itself as a start."""
    if tree.get("data", "name") is not None:
        return
    advice = f"choose the dataset to train on with {setting('data', 'NAME')}"
    name = registry.the_one_offering("dataset", "starter", advice, host=host).rpartition("/")[2]
    tree.add(Layer("ganzoo (the dataset to start with)", {"data": {"name": name}}))


def _component(
    tree: ConfigTree, section: str, host: PluginHost, components: dict[str, Component]
) -> Any:
    """Make the component that a section names, and settle its options in the tree."""
    kind = next(kind.name for kind in KINDS.values() if kind.section == section)
    component = registry.find(kind, tree.get(section, "name"), host=host)
    components[section] = component
    return _make(tree, (section,), component)


def _make(tree: ConfigTree, path: KeyPath, component: Component) -> Any:
    options = registry.validate_options(component, tree.options(*path))
    tree.settle(
        path,
        options.model_dump(mode="json", exclude_none=True),
        f"the defaults of {_whose(component)}",
    )
    return registry.build(component, options)


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
        penalty: AnyPenalty = _make(tree, ("penalty", name), component)
        if penalty.weight:
            penalties[name] = penalty
    return penalties


def _observers(
    tree: ConfigTree, host: PluginHost, components: dict[str, Component]
) -> dict[str, Observer]:
    """The observers that the config names."""
    observers = {}
    for name in tree.named("observer"):
        component = registry.find("observer", name, host=host)
        components[f"observer.{name}"] = component
        observers[name] = _make(tree, ("observer", name), component)
    return observers


def _find_evaluation(config: RunConfig, host: PluginHost) -> None:
    """Refuse metrics and an extractor of evaluation during training that are not installed."""
    for name in config.logging.eval_metrics:
        registry.find("metric", name, host=host)
    if config.logging.eval_extractor is not None:
        registry.find("extractor", config.logging.eval_extractor, host=host)


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
    """What loss, penalties and conditional training demand; labels must exist."""
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
    components: Mapping[str, Component],
    penalties: Mapping[str, AnyPenalty],
) -> CheckedDemands:
    """Try the discriminator before anything is trained; a refusal says whose demand it is."""
    try:
        with registry.blame(components["arch"]):
            return check_discriminator(networks.discriminator, image, demands)
    except Unsupported as refusal:
        demanding = [_whose(components["loss"])]
        demanding += [_whose(components[f"penalty.{name}"]) for name in penalties]
        raise Unsupported(
            f"{_whose(components['arch'])} cannot be trained with {' and '.join(demanding)}: "
            f"{refusal.marked}"
        ) from None


def _resolve(tree: ConfigTree, path: KeyPath, value: Any) -> None:
    """Write down what an `auto` became."""
    if tree.get(*path) in (None, "auto"):
        tree.override(path, value, "auto")


def _whose(component: Component) -> str:
    return f"the {component.spec.kind} '{component.spec.name}'"
