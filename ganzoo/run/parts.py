"""Parts of a run: its checkpoint, components, networks and sampler, each made on first use."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from ganzoo.copying import copied
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost
from ganzoo.errors import GanzooError, UsageError, setting, shown
from ganzoo.execution.device import resolve_device
from ganzoo.interfaces.architecture import Architecture
from ganzoo.interfaces.constraint import Constraint
from ganzoo.interfaces.critic import Refiner
from ganzoo.interfaces.dataset import Dataset
from ganzoo.interfaces.latent import Latent, NormalLatent
from ganzoo.interfaces.loss import Loss
from ganzoo.run.checkpoint_writer import best_step
from ganzoo.run.checkpoints import Manifest, read_manifest, read_weights
from ganzoo.run.conditions import read_conditions
from ganzoo.run.missing import missing_explained
from ganzoo.run.networks import build_networks
from ganzoo.run.own import (
    is_own,
    latent_named,
    refuse_own_images,
    refuse_own_loss,
    refuse_own_network,
)
from ganzoo.run.records import Records
from ganzoo.sampling import Sampler, settles_of, settles_of_constraints
from ganzoo.scoring import refine_by


class RunParts(Records):
    """The parts of a `Run`, which has its arguments."""

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
        refiner: Refiner | None = None,
    ) -> None:
        super().__init__(path)
        if latent is not None and generator is None:
            raise UsageError("latent goes with a generator of your own: give generator=… too")
        self._step = step
        self._device = device
        self._host = host
        self.own = {"generator": generator, "discriminator": discriminator}
        """Networks to load weights into, in place of those of an architecture."""
        self._latent = NormalLatent(latent) if isinstance(latent, int) else latent
        self._refiner = refiner
        self.refined_by: Refiner | None = None
        """What moves the z of samples in place of the loss's refiner: see `refined`."""

    @cached_property
    def checkpoint(self) -> Path:
        """The folder of the checkpoint in use."""
        if not self.steps:
            raise UsageError(f"{self.path} has no checkpoint yet")
        step = self.steps[-1] if self._step is None else self._step
        if step == "best":
            step = self._best()
        if step not in self.steps:
            known = f"there are {', '.join(map(str, self.steps))}"
            raise UsageError(f"{self.path} has no checkpoint of step {shown(step)}; {known}")
        return self.directory.checkpoint(int(step))

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
            UsageError: the loss has changed it, and its plugin is missing; or another is given.
        """
        if self.own["generator"] is None:
            latent = self.architecture.latent
        else:
            latent = self._latent or latent_named(self.manifest.latent)
        if self.manifest.latent in ("", repr(latent)):  # empty in checkpoints of 0.1
            return latent
        if self._latent is None or not is_own(self.config.loss.name):
            loss: Loss = self._component("loss", "loss")
            latent = loss.latent(latent)
        if self._latent is not None and repr(latent) != self.manifest.latent:
            wanted = self.manifest.latent
            raise UsageError(f"{self.path} was trained with z of {wanted}, and not {latent!r}")
        return latent

    @property
    def refiner(self) -> Refiner | None:
        """What moves z by the discriminator before images are sampled; None if nothing does.

        Raises:
            UsageError: the loss does, and its plugin is not installed.
        """
        given = self.refined_by or self._refiner
        if given is not None or not self.manifest.refines:
            return given
        refuse_own_loss(self.config.loss.name, self.path)
        loss: Loss = self._component("loss", "loss")
        return loss.refiner()

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
        refine = refine_by(self.refiner, lambda: self.discriminator)
        return Sampler(self.latent, self.manifest.image, conditions, settles, refine)

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

    @torch.inference_mode(False)  # which a caller may be in
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

    def _component(self, kind: str, section: str) -> Any:
        """Make a component of the config."""
        choice = getattr(self.config, section)
        with missing_explained(self.path, self.versions):
            return registry.make(registry.find(kind, choice.name, host=self._host), choice.options)
