"""Own components: what a library user's run names by class, for no plugin provides it."""

from __future__ import annotations

import re

from ganzoo.discovery.host import default_host
from ganzoo.errors import UsageError, setting
from ganzoo.interfaces.latent import Latent, NormalLatent, UniformLatent

IN_MEMORY = "own:images"
"""The name of a dataset of images in memory."""

_COMMON = re.compile(r"(NormalLatent|UniformLatent)\(([0-9]{1,9})\)")


def is_own(name: str) -> bool:
    """Whether a name in a config is that of a class, and not of a plugin's component."""
    return ":" in name


def name_of(kind: str, component: object) -> str:
    """The name of a component that an installed plugin provides, or else its class."""
    own = type(component)
    path = f"{own.__module__}:{own.__qualname__}"
    for installed in default_host().components(kind):
        if installed.spec.factory == path:
            return installed.spec.name
    return path


def refuse_own_network(name: str, path: object) -> None:
    """Refuse to build a network that no plugin builds.

    Raises:
        UsageError: says how to open the run.
    """
    if is_own(name):
        raise UsageError(
            f"{path} was trained by a ganzoo.Trainer, and no plugin builds its generator, {name}. "
            f"Python gives it: ganzoo.Run({str(path)!r}, generator=…) samples, evaluates and "
            "exports it"
        )


def refuse_own_loss(name: str, path: object) -> None:
    """Refuse to sample with a loss that no plugin makes, and that moves z.

    Raises:
        UsageError: says how to open the run.
    """
    if is_own(name):
        raise UsageError(
            f"{path} was trained with {name}, which moves the z of samples, and no plugin makes "
            f"it: give its refiner, ganzoo.Run({str(path)!r}, refiner=…)"
        )


def refuse_own_images(name: str, path: object) -> None:
    """Refuse to open images that no plugin opens.

    Raises:
        UsageError: says how to name others.
    """
    if is_own(name):
        raise UsageError(
            f"{path} was trained on images in memory, which are not kept; name others: "
            f"{setting('against', 'DATASET')}"
        )


def latent_named(text: str) -> Latent:
    """A distribution of z as its repr says; normal and uniform ones alone.

    Raises:
        UsageError: it is another.
    """
    if found := _COMMON.fullmatch(text):
        kinds = {"NormalLatent": NormalLatent, "UniformLatent": UniformLatent}
        return kinds[found[1]](int(found[2]))
    raise UsageError(f"the run's z is drawn by {text}: give it, {setting('latent')}=…")
