"""Plan: resolves the layers of a config into components, networks and settings, all checked.

config -> components -> dataset -> image shape -> networks -> `Plan`. Every setting is resolved and
every combination checked here, once. No image is decoded before `Plan.open_images`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ganzoo.assembly.demands import CheckedDemands
from ganzoo.assembly.settings import check_one_length, check_training
from ganzoo.assembly.trainer import Trainer
from ganzoo.assembly.trial import check_shapes
from ganzoo.config import ConfigTree, KeyPath, Layer, RunConfig
from ganzoo.config.length import length_in_steps
from ganzoo.config.run_config import LENGTHS
from ganzoo.config.schema import MOST_STEPS
from ganzoo.copying import of_shapes
from ganzoo.data.conditions import stored_bytes
from ganzoo.data.loading import Images
from ganzoo.data.store import ImageStore
from ganzoo.data.stream import ImageStream
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost, default_host
from ganzoo.discovery.specs import KINDS
from ganzoo.execution.execution import Execution
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.augmentation import Augmentation
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.dataset import Dataset, ImageSource, ImageSpec
from ganzoo.interfaces.latent import Latent
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.observer import Observer
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.run.arguments import choose_dataset
from ganzoo.run.compatibility import check_networks, resolve_demands, resolve_image, title
from ganzoo.run.evaluator import check_evaluation
from ganzoo.run.networks import build_networks
from ganzoo.run.threads import check_threads, chosen_threads, multiply_adds
from ganzoo.sampling import settles_of

THREADS: KeyPath = ("execution", "threads")

BY_SIZE = "auto, by the size of the networks"
"""The origin of a number of threads that was chosen."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run, resolved and checked.

    Attributes:
        config: every setting.
        origins: of each value of the config, by path.
        components: by section; those of a section with several by `"section.name"`.
        architecture: of the networks.
        loss: of both networks.
        penalties: by name, those of weight 0 left out.
        constraints: on weights, by name; they have wrapped the networks.
        augmentations: of what the discriminator sees, by name in their order.
        dataset: of the images.
        source: the opened dataset, not decoded.
        image: shape of the images and number of classes.
        checked: demands of loss and penalties, which the discriminator meets.
        networks: with their initial weights.
        execution: device, precision and everything else that `[execution]` decides.
        observers: those of plugins, by name.
        host: the plugins that components were chosen from.
        sources: origins of the user's layers.
    """

    config: RunConfig
    origins: Mapping[KeyPath, str]
    components: Mapping[str, Component]
    architecture: Architecture
    loss: Loss
    penalties: Mapping[str, AnyPenalty]
    constraints: Mapping[str, Constraint]
    augmentations: Mapping[str, Augmentation]
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
        """Demands of loss and penalties on the networks."""
        return self.checked.demands

    @property
    def image_count(self) -> int:
        """Number of training images."""
        return len(self.source.images)  # type: ignore[arg-type]  # torch's Dataset lacks __len__

    def open_images(self, progress: Callable[[int, int], None] | None = None) -> Images:
        """Open the images: decoded in the cache, or streamed if the dataset is too large for it.

        Args:
            progress: called with the number of decoded images and of all images.
        """
        # Stream a large dataset.
        image, size = self.config.image, (self.image.height, self.image.width)
        if self.image_count * stored_bytes(self.image) > image.store_gib * 2**30:
            return ImageStream(
                self.source,
                size=size,
                channels=self.image.channels,
                skip_bad_images=image.skip_bad_images,
                workers=self.config.execution.workers,
            )

        # Decode a small one, or open it in the cache.
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
        """Make the trainer."""
        return Trainer(
            generator=self.networks.generator,
            discriminator=self.networks.discriminator,
            loss=self.loss,
            data=images,
            latent=self.architecture.latent,
            penalties=self.penalties,
            constraints=self.constraints,
            augment=self.augmentations,
            training=self.config.training,
            execution=self.execution,
            image=self.config.image,
            demands=self.checked,
            settles=settles_of(self.architecture, self.constraints.values()),
        )


def compose(layers: Iterable[Layer], host: PluginHost | None = None) -> Plan:
    """Resolve a config into a plan.

    The user's values win over the loss's, the architecture's and ganzoo's, in this order.

    Args:
        layers: the user's values, the strongest layer first.
        host: the plugins to choose from; the installed ones if None.

    Raises:
        UsageError: an unknown name, an invalid option or an impossible combination.
        DataError: the dataset is missing.
    """
    components: dict[str, Component] = {}
    with registry.blame_by_trace(components.values()):
        return _compose(list(layers), host or default_host(), components)


def _compose(layers: list[Layer], host: PluginHost, components: dict[str, Component]) -> Plan:
    """Resolve a config into a plan; adds each component to `components` as it is found."""
    # Layers.
    tree = ConfigTree()
    for layer in layers:
        tree.add(layer)
    choose_dataset(tree, host)
    tree.validate()

    # Components.
    loss: Loss = _component(tree, "loss", host, components)
    architecture: Architecture = _component(tree, "arch", host, components)
    dataset: Dataset = _component(tree, "data", host, components)
    bring = {"penalty": loss.default_penalties(), "constraint": loss.default_constraints()}
    tree.add(Layer(title(components["loss"]), bring))
    bring = {"constraint": architecture.default_constraints()}
    tree.add(Layer(title(components["arch"]), bring))
    penalties = _named(tree, "penalty", host, components)
    penalties = {name: penalty for name, penalty in penalties.items() if penalty.weight}
    constraints = _named(tree, "constraint", host, components)
    augmentations = _named(tree, "augment", host, components)
    observers = _named(tree, "observer", host, components)
    _check_evaluation(tree.validate(), host)

    # Settings that the papers recommend.
    tree.add(Layer(title(components["loss"]), {"training": loss.settings()}))
    tree.add(Layer(title(components["arch"]), {"training": architecture.settings()}))

    # Image shape and demands on the networks.
    tree.validate()
    source = dataset.open("train")
    image = resolve_image(tree, source, architecture, components)
    demands = resolve_demands(tree, loss, penalties, architecture, image, components)
    count = len(source.images)  # type: ignore[arg-type]  # see image_count
    _resolve_length(tree, count, [layer.origin for layer in layers])

    # Networks and execution.
    loss.latent(architecture.latent)  # refuses a z that is too short for its codes
    training = tree.validate().training
    networks = build_networks(
        architecture, components["arch"], image, demands, training.seed, constraints
    )
    execution = Execution(tree.validate().execution, networks, training.batch_size)
    checked = check_networks(networks, image, demands, components, loss, penalties)
    _replace_auto(tree, ("execution", "device"), str(execution.device))
    _replace_auto(tree, ("execution", "precision"), execution.precision)
    _resolve_threads(tree, networks, image, architecture.latent, execution.device)

    return Plan(
        config=tree.validate(),
        origins=tree.origins,
        components=components,
        architecture=architecture,
        loss=loss,
        penalties=penalties,
        constraints=constraints,
        augmentations=augmentations,
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


def _component(
    tree: ConfigTree, section: str, host: PluginHost, components: dict[str, Component]
) -> Any:
    """Make the component that a section names."""
    kind = next(kind.name for kind in KINDS.values() if kind.section == section)
    component = registry.find(kind, tree.get(section, "name"), host=host)
    components[section] = component
    return _make(tree, (section,), component)


DEFAULTS_OF = "the defaults of"
"""How the origin of an option begins that nobody has set."""


def _make(tree: ConfigTree, path: KeyPath, component: Component) -> Any:
    """Make a component from the options in the tree, and add its defaults to the tree."""
    options = registry.validate_options(component, tree.options(*path))
    tree.settle(
        path,
        options.model_dump(mode="json", exclude_none=True),
        f"{DEFAULTS_OF} {title(component)}",
    )
    return registry.build(component, options)


def _named(
    tree: ConfigTree, section: str, host: PluginHost, components: dict[str, Component]
) -> dict[str, Any]:
    """Make the components of a section that names several; the loss's own plugin comes first."""
    kind = next(kind.name for kind in KINDS.values() if kind.section == section)
    prefer = components["loss"].plugin.distribution
    made = {}
    for name in tree.named(section):
        component = registry.find(kind, name, host=host, prefer=prefer)
        components[f"{section}.{name}"] = component
        made[name] = _make(tree, (section, name), component)
    return made


def _check_evaluation(config: RunConfig, host: PluginHost) -> None:
    """Refuse `eval_metrics` and `eval_extractor` that are not installed, or lack their extra."""
    if config.logging.eval_every is not None:
        check_evaluation(config, host)
    for name in config.logging.eval_metrics:
        registry.find("metric", name, host=host)
    if config.logging.eval_extractor is not None:
        registry.find("extractor", config.logging.eval_extractor, host=host)


def _resolve_length(tree: ConfigTree, image_count: int, layers: list[str]) -> None:
    """Replace a length in kimg or epochs by the steps it takes.

    Of steps, kimg and epochs those of the strongest layer count. Minutes replace another length of
    a weaker layer; otherwise the run ends at the first of both.

    Args:
        tree: of all layers.
        image_count: images of the dataset.
        layers: origins of the user's layers, the strongest first.
    """

    # Steps, kimg or epochs: the strongest.
    def ranked() -> tuple[dict[str, str], dict[str, int]]:
        paths = {unit: ("training", unit) for unit in LENGTHS}
        origins = {u: tree.origins[path] for u, path in paths.items() if path in tree.origins}
        return origins, {u: (*layers, o).index(o) for u, o in origins.items()}

    _, ranks = ranked()
    ranks.pop("minutes", None)
    for unit, rank in ranks.items():
        if rank > min(ranks.values()):
            tree.drop(("training", unit))
    check_one_length({unit: tree.get("training", unit) for unit in ranks})

    check_training(tree.validate().training)
    if tree.get("training", "minutes") is not None:
        # Lengths that the minutes replace.
        origins, ranks = ranked()
        weaker = [unit for unit in origins if ranks[unit] > ranks["minutes"]]
        for unit in weaker:
            tree.drop(("training", unit))

        # Without another length the steps are open.
        if len(weaker) == len(origins) - 1:
            origin = f"the minutes (from {origins['minutes']})"
            tree.override(("training", "steps"), MOST_STEPS, origin)

    # Steps of the other units.
    training = tree.validate().training
    for unit in ("kimg", "epochs"):
        if getattr(training, unit) is not None:
            path = ("training", unit)
            origin = f"{getattr(training, unit):g} {unit} (from {tree.origins[path]})"
            tree.override(("training", "steps"), length_in_steps(training, image_count), origin)
            tree.drop(path)


def _resolve_threads(
    tree: ConfigTree, networks: Networks, image: ImageSpec, latent: Latent, device: torch.device
) -> None:
    """Choose the number of CPU threads by the networks' size, unless the user has.

    Networks that do not fit are refused, whatever the device is.
    """
    training = tree.validate().training
    conditional, given = training.conditional, tree.get(*THREADS)
    if device.type == "cpu" and given is None:
        work = multiply_adds(networks, image, latent, conditional=conditional)
        tree.override(THREADS, chosen_threads(work * training.batch_size), BY_SIZE)
        return
    of_shapes(
        lambda on: check_shapes(networks, image, latent, conditional=conditional, device=on),
        networks,
        torch.device("cpu"),
    )
    if device.type == "cpu":
        check_threads(given)


def _replace_auto(tree: ConfigTree, path: KeyPath, value: Any) -> None:
    """Replace an `auto` by its resolved value."""
    if tree.get(*path) in (None, "auto"):
        tree.override(path, value, "auto")
