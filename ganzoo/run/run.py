"""Run: an opened run directory, to draw samples from and to read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ganzoo.copying import copied
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost
from ganzoo.errors import GanzooError, GanzooWarning, UsageError, setting
from ganzoo.execution.device import resolve_device
from ganzoo.interfaces.architecture import Architecture
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.randomness import derive
from ganzoo.run.checkpoint_writer import best_step
from ganzoo.run.checkpoints import Manifest, read_manifest, read_weights
from ganzoo.run.conditions import read_conditions
from ganzoo.run.missing import missing_explained
from ganzoo.run.networks import build_networks
from ganzoo.run.own import is_own, latent_named, refuse_own_images, refuse_own_network
from ganzoo.run.pictures import grid, side_by_side
from ganzoo.run.records import Records
from ganzoo.sampling import Sampler, settles_of, settles_of_constraints


class Run(Records):
    """A run directory, training or finished.

    Args:
        path: the run directory.
        step: of the checkpoint; `"best"` for the best by `keep_best`, the latest if None.
        device: of the generator.
        host: the plugins to choose from; the installed ones if None.
        generator: to load the weights into, if no plugin builds it (`ganzoo.Trainer.save`).
        discriminator: likewise.
        latent: the distribution of z of such a run, or the length of a normal one; needed if it is
            neither a normal nor a uniform one.

    Raises:
        UsageError: there is no run, or no such checkpoint.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        step: int | Literal["best"] | None = None,
        device: str = "auto",
        host: PluginHost | None = None,
        generator: nn.Module | None = None,
        discriminator: nn.Module | None = None,
        latent: Latent | int | None = None,
    ) -> None:
        super().__init__(path)
        self._step = step
        self._device = device
        self._host = host
        self.own = {"generator": generator, "discriminator": discriminator}
        """Networks to load weights into, in place of those of an architecture."""
        self._latent = NormalLatent(latent) if isinstance(latent, int) else latent

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @cached_property
    def checkpoint(self) -> Path:
        """The folder of the checkpoint in use."""
        if not self.steps:
            raise UsageError(f"{self.path} has no checkpoint yet")
        step = self.steps[-1] if self._step is None else self._step
        if step == "best":
            step = self._best()
        if step not in self.steps:
            known = ", ".join(map(str, self.steps))
            raise UsageError(f"{self.path} has no checkpoint of step {step}; there are {known}")
        return self.directory.checkpoint(step)

    def _best(self) -> int:
        """Return the step of the best checkpoint by `keep_best`."""
        best_by = self.config.logging.keep_best
        if best_by is None:
            raise UsageError(f"{self.path} was trained without {setting('keep_best', 'METRIC')}")
        step = best_step(self.directory, best_by)
        if step is None:
            raise UsageError(f"{self.path} has no checkpoint with a value of {best_by.metric}")
        return step

    @cached_property
    def manifest(self) -> Manifest:
        """Step, image shape, classes and versions of the checkpoint."""
        return read_manifest(self.checkpoint)

    def versions(self) -> Mapping[str, str]:
        """Return the versions it was trained with, by distribution; empty if they are lost."""
        with suppress(GanzooError):
            return self.manifest.versions
        with suppress(GanzooError, KeyError, TypeError, ValueError):
            return dict(self.provenance["versions"])
        return {}

    @property
    def num_classes(self) -> int:
        """Number of classes of a conditional generator; 0 for an unconditional one."""
        return self.manifest.image.num_classes if self.manifest.demands.labels else 0

    @cached_property
    def architecture(self) -> Architecture:
        """The architecture with its options."""
        refuse_own_network(self.config.arch.name, self.path)
        architecture: Architecture = self._component("architecture", "arch")
        return architecture

    @cached_property
    def provider(self) -> Component:
        """Descriptor of the architecture, and the plugin that provides it."""
        refuse_own_network(self.config.arch.name, self.path)
        with missing_explained(self.path, self.versions):
            return registry.find("architecture", self.config.arch.name, host=self._host)

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset with its options; its images may be missing."""
        refuse_own_images(self.config.data.name, self.path)
        dataset: Dataset = self._component("dataset", "data")
        return dataset

    @cached_property
    def generator(self) -> nn.Module:
        """The averaged generator at rest, in evaluation mode: `generator(z)`, or with labels.

        Raises:
            GanzooError: the weights are damaged, or do not fit the installed architecture.
        """
        generator = self._network("generator", "ema")
        return self.sampler.at_rest(generator)

    @cached_property
    def discriminator(self) -> nn.Module:
        """The discriminator, in evaluation mode: `discriminator(images)`, or with labels.

        Raises:
            GanzooError: as for the generator.
        """
        return self._network("discriminator", "discriminator")

    @cached_property
    def latent(self) -> Latent:
        """The distribution of z: the architecture's, as the loss may have changed it.

        Raises:
            UsageError: the loss has changed it, and its plugin is not installed.
        """
        if self.own["generator"] is None:
            latent = self.architecture.latent
        else:
            latent = self._latent or latent_named(self.manifest.latent)
        if self.manifest.latent in ("", repr(latent)):  # empty in checkpoints of 0.1
            return latent
        loss: Loss = self._component("loss", "loss")
        return loss.latent(latent)

    @cached_property
    def sampler(self) -> Sampler:
        """Draws images from z."""
        constraints = self._constraints("generator").values()
        if self.own["generator"] is None:
            settles = settles_of(self.architecture, constraints)
        else:
            settles = settles_of_constraints(constraints)
        conditions = None
        if self.manifest.demands.labels:
            conditions = read_conditions(self.directory, self.manifest.image)
        return Sampler(self.latent, self.manifest.image, conditions, settles)

    def _constraints(self, network: str) -> dict[str, Constraint]:
        """The constraints on a network, which may have wrapped its layers."""
        loss = self.config.loss.name.rpartition("/")[0] or None
        with missing_explained(self.path, self.versions):
            return {
                name: registry.make(
                    registry.find("constraint", name, host=self._host, prefer=loss), options
                )
                for name, options in self.config.named("constraint").items()
                if options.get("networks", network) in (network, "both") and not is_own(name)
            }

    def _network(self, name: Literal["generator", "discriminator"], weights: str) -> nn.Module:
        """Build a network, or copy the caller's, and load its weights."""
        state, own = read_weights(self.checkpoint, weights), self.own[name]
        if own is None:
            network, title = self._built(name)
        else:
            network, title = copied(own), f"the {type(own).__name__} that is given as {name}"
            if network.state_dict().keys() != state.keys():  # constraints have not wrapped it
                for constraint in self._constraints(name).values():
                    constraint.wrap(network)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise GanzooError(
                f"the weights of {self.checkpoint} do not fit {title}: {error}"
            ) from None
        return network.to(resolve_device(self._device)).eval()

    def _built(self, name: Literal["generator", "discriminator"]) -> tuple[nn.Module, str]:
        """Build a network by the architecture; returns its title too."""
        component = self.provider
        networks = build_networks(
            self.architecture,
            component,
            self.manifest.image,
            self.manifest.demands,
            seed=0,
            constraints=self._constraints(name),
        )
        version = self.manifest.versions.get(component.plugin.distribution, "unknown")
        title = f"'{component.spec.name}' of {component.provider} (trained with {version})"
        network: nn.Module = getattr(networks, name)
        return network, title

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Sample images from the averaged generator.

        Args:
            n: number of images.
            seed: random seed of z; the i-th image depends on it and on i, not on n.
            labels: of a conditional run: classes `(n,)`, vectors `(n, D)` or pictures
                `(n, C', H, W)` in [-1, 1]; or one for all. If None, all classes in turn, or the
                vectors or pictures that the run keeps.
            truncation: bound of z (see `ganzoo.Latent.sample`).

        Returns:
            float32 `(n, C, H, W)` in [-1, 1], on the CPU; `ganzoo.save_grid` writes them.

        Raises:
            UsageError: n, a label or the truncation is out of range.
        """
        return self.sampler.sample(
            self.generator, n, seed=seed, labels=labels, truncation=truncation
        )

    def decode(
        self, z: Tensor, labels: Tensor | int | None = None, *, truncation: float | None = None
    ) -> Tensor:
        """Images of given points of latent space.

        Args:
            z: `(N, latent_dim)`.
            labels: as for `sample`.
            truncation: see `ganzoo.Latent.images`.

        Returns:
            float32 `(N, C, H, W)` in [-1, 1], on the CPU.
        """
        return self.sampler.decode(self.generator, z, labels, truncation=truncation)

    def interpolate(
        self,
        n: int = 16,
        *,
        stops: int = 4,
        frames: int = 16,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Tensor:
        """Interpolate between random points of latent space, in a closed loop.

        Args:
            n: number of walks, side by side.
            stops: random points of each walk, at least 2.
            frames: images from one stop to the next.
            seed: random seed of the points.
            labels: constant along a walk; see `sample`.
            truncation: see `sample`.

        Returns:
            float32 `(stops * frames, n, C, H, W)` in [-1, 1]; the last frame leads to the first.
        """
        if n < 1 or stops < 2 or frames < 1:
            counts = f"n={n}, stops={stops}, frames={frames}"
            raise UsageError(f"a walk needs n of at least 1, 2 stops and 1 frame; got {counts}")
        self.sampler.check_memory(stops * frames * n)

        # Random stops.
        latent = self.latent
        rng = torch.Generator().manual_seed(derive(seed, "walk"))
        points = latent.sample(stops * n, generator=rng, truncation=truncation).view(stops, n, -1)

        # Points of latent space between them.
        path = [
            latent.interpolate(points[k], points[(k + 1) % stops], j / frames)
            for k in range(stops)
            for j in range(frames)
        ]

        # Images.
        images = [
            self.sampler.decode(self.generator, z, labels, seed=seed, truncation=truncation)
            for z in path
        ]
        walk = torch.stack(images)
        if self.manifest.image.condition is not None and bool((walk == walk[:1]).all()):
            raise UsageError(
                f"the images of {self.path} do not depend on z, so there is nothing to interpolate"
            )
        return walk

    def picture(
        self, images: Tensor, columns: int | None = None, labels: Tensor | None = None
    ) -> Tensor:
        """Draw a batch as the dataset renders it, or else as a grid.

        Images that are conditioned on pictures stand beside these. If the dataset's plugin is no
        longer installed, it warns and draws a grid.

        Args:
            images: `(N, C, H, W)` in [-1, 1].
            columns: of the grid; as many as rows if None.
            labels: of a run that is conditioned on pictures: those of the images, as for `sample`.

        Returns:
            uint8 `(3, H', W')`.
        """
        if self.manifest.demands.labels and self.manifest.image.condition_kind == "picture":
            pictures = self.sampler.labels(labels, len(images))
            assert pictures is not None
            return grid(side_by_side(pictures, images), columns)
        if is_own(self.config.data.name):
            return grid(images, columns)
        try:
            rendered = self.dataset.render(images)
        except registry.UnknownComponent as error:
            warnings.warn(GanzooWarning(f"drawn as a plain grid: {error}"), stacklevel=2)
            rendered = None
        return grid(images, columns) if rendered is None else rendered

    def _component(self, kind: str, section: str) -> Any:
        """Make a component of the config."""
        choice = getattr(self.config, section)
        with missing_explained(self.path, self.versions):
            return registry.make(registry.find(kind, choice.name, host=self._host), choice.options)
