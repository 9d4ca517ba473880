"""Compatibility of a plan's components: the image shape and the demands on which they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ganzoo.assembly.demands import (
    CheckedDemands,
    check_classes,
    check_discriminator,
    check_generator,
    combined_demands,
)
from ganzoo.config import ConfigTree
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component
from ganzoo.errors import Unsupported, UsageError, command, setting
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.dataset import ConditionKind, ImageSource, ImageSpec
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty


def title(component: Component) -> str:
    """Return the title of a component for messages: `"the loss 'wgan-gp'"`."""
    return f"the {component.spec.kind} '{component.spec.name}'"


def resolve_image(
    tree: ConfigTree,
    source: ImageSource,
    architecture: Architecture,
    components: Mapping[str, Component],
) -> ImageSpec:
    """Resolve the image shape: the user's, else the dataset's, adapted to the architecture."""
    # Size and channels that the user leaves open.
    natural = source.spec
    if tree.get("image", "size") is None:
        size = architecture.natural_size(natural.height, natural.width)
        adapted = size != (natural.height, natural.width)
        origin = title(components["arch" if adapted else "data"])
        tree.override(("image", "size"), list(size), origin)
    if tree.get("image", "channels") is None:
        tree.override(("image", "channels"), natural.channels, title(components["data"]))

    # A dataset that cannot be resized.
    image = tree.validate().image
    assert image.size is not None
    assert image.channels is not None
    height, width = image.size
    spec = replace(natural, channels=image.channels, height=height, width=width)
    if not source.resizable and spec != natural:
        raise UsageError(
            f"{title(components['data'])} has the shape {natural} and cannot be resized to {spec} "
            f"(size from {tree.origins['image', 'size']}, channels from "
            f"{tree.origins['image', 'channels']})"
        )
    return spec


def resolve_demands(
    tree: ConfigTree,
    loss: Loss,
    penalties: Mapping[str, AnyPenalty],
    architecture: Architecture,
    image: ImageSpec,
    components: Mapping[str, Component],
) -> Demands:
    """Combine the demands of loss, penalties and conditional training; a condition must exist."""
    demands = combined_demands(loss, penalties.values())
    path = ("training", "conditional")

    # A loss that needs labels, or an architecture that needs a condition, makes it conditional.
    needing = "loss" if demands.labels else None
    if "none" not in architecture.conditions:
        needing = "arch"
    if needing and not tree.get(*path):
        if tree.get(*path) is False:
            what = "labels" if needing == "loss" else "a condition"
            raise UsageError(
                f"{title(components[needing])} needs {what}, so it cannot train with "
                f"{setting('conditional', False)} (from {tree.origins[path]})"
            )
        tree.override(path, True, title(components[needing]))

    # Conditional training needs a condition that the architecture takes.
    if tree.get(*path):
        if image.condition_kind not in architecture.conditions - {"none"}:
            raise _wrong_condition(tree, architecture, image, components)
        demands |= Demands(labels=True)
        try:
            check_classes(demands, image)
        except Unsupported as error:
            raise Unsupported(
                f"{title(components['loss'])} cannot be used here: {error.marked}"
            ) from None
    return demands


NAMES: Mapping[ConditionKind, str] = {
    "none": "nothing",
    "classes": "classes",
    "vector": "vectors",
    "picture": "pictures",
}
"""What images are conditioned on, in words."""


def _wrong_condition(
    tree: ConfigTree,
    architecture: Architecture,
    image: ImageSpec,
    components: Mapping[str, Component],
) -> UsageError:
    """The error about a dataset without the condition that the architecture takes."""
    kind, arch, data = image.condition_kind, title(components["arch"]), title(components["data"])
    origin = tree.origins["training", "conditional"]
    if kind == "none" and "classes" in architecture.conditions:
        return UsageError(f"conditional training needs labels, and {data} has none (from {origin})")
    takes = condition_names(architecture)
    gives = "has no condition" if kind == "none" else f"has {NAMES[kind]}"
    listed = f"`{command('list', 'datasets')}` shows all, and some give it by an option"
    advice = f"train on a dataset with {takes}; {listed}"
    if "none" in architecture.conditions and origin != title(components["loss"]):
        advice = f"train with {setting('conditional', False)}, or with another architecture"
    return UsageError(f"{arch} is conditioned on {takes}, and {data} {gives}: {advice}")


def condition_names(architecture: Architecture) -> str:
    """What networks are conditioned on if training is conditional: `"classes or vectors"`."""
    kinds = [name for kind, name in NAMES.items() if kind in architecture.conditions - {"none"}]
    return " or ".join(kinds) or "nothing"


def check_networks(
    networks: Networks,
    image: ImageSpec,
    demands: Demands,
    components: Mapping[str, Component],
    loss: Loss,
    penalties: Mapping[str, AnyPenalty],
) -> CheckedDemands:
    """Check that the networks meet the demands; an error names whose demands they are."""
    try:
        with registry.blame(components["arch"]):
            check_generator(networks.generator, demands)
            return check_discriminator(
                networks.discriminator, image, demands, takes_patches=loss.takes_patches
            )
    except Unsupported as error:
        demanding = [title(components["loss"])]
        demanding += [title(components[f"penalty.{name}"]) for name in penalties]
        raise Unsupported(
            f"{title(components['arch'])} cannot be trained with {' and '.join(demanding)}: "
            f"{error.marked}"
        ) from None
