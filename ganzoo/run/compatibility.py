"""Compatibility of a plan's components: the image shape and the demands on which they agree."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.config import ConfigTree
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component
from ganzoo.errors import Unsupported, UsageError, setting
from ganzoo.interfaces.architecture import Architecture, Demands, Networks
from ganzoo.interfaces.dataset import ImageSource, ImageSpec
from ganzoo.interfaces.loss import Loss
from ganzoo.interfaces.penalty import AnyPenalty
from ganzoo.training.demands import CheckedDemands, check_discriminator, combined_demands


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
    spec = ImageSpec(image.channels, *image.size, num_classes=natural.num_classes)
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
    image: ImageSpec,
    components: Mapping[str, Component],
) -> Demands:
    """Combine the demands of loss, penalties and conditional training; labels must exist."""
    demands = combined_demands(loss, penalties.values())
    path = ("training", "conditional")

    # A loss that needs labels makes the training conditional.
    if demands.labels and not tree.get(*path):
        if tree.get(*path) is False:
            raise UsageError(
                f"{title(components['loss'])} needs labels, so it cannot train with "
                f"{setting('conditional', False)} (from {tree.origins[path]})"
            )
        tree.override(path, True, title(components["loss"]))

    # Conditional training needs labels.
    if tree.get(*path):
        if not image.num_classes:
            raise UsageError(
                f"conditional training needs labels, and {title(components['data'])} has none "
                f"(from {tree.origins[path]})"
            )
        demands |= Demands(labels=True)
    return demands


def check_networks(
    networks: Networks,
    image: ImageSpec,
    demands: Demands,
    components: Mapping[str, Component],
    penalties: Mapping[str, AnyPenalty],
) -> CheckedDemands:
    """Check that the discriminator meets the demands; an error names whose demands they are."""
    try:
        with registry.blame(components["arch"]):
            return check_discriminator(networks.discriminator, image, demands)
    except Unsupported as error:
        demanding = [title(components["loss"])]
        demanding += [title(components[f"penalty.{name}"]) for name in penalties]
        raise Unsupported(
            f"{title(components['arch'])} cannot be trained with {' and '.join(demanding)}: "
            f"{error.marked}"
        ) from None
