"""The subject of an export: a generator on the CPU, and the facts needed to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.copying import copied
from ganzoo.exporting.latents import LatentCard, describe_latent
from ganzoo.randomness import isolated, reseed
from ganzoo.run import Run
from ganzoo.run.own import is_own

SCHEMA = 1
"""Version of the content of `ganzoo.json`."""


@dataclass(frozen=True)
class Subject:
    """A run's averaged generator, to be exported."""

    run: Run

    @cached_property
    def generator(self) -> nn.Module:
        """A copy of the run's generator on the CPU, in float32 and evaluation mode."""
        generator = copied(self.run.generator).to("cpu", torch.float32)
        return generator.requires_grad_(False).eval()

    @property
    def title(self) -> str:
        """`"the generator of 'dcgan' (gan-zoo 0.1.0)"`, or `"the generator MyGenerator"`."""
        if self.own_class:
            return f"the generator {self.own_class[1]}"
        component = self.run.provider
        return f"the generator of '{component.spec.name}' ({component.provider})"

    @property
    def own_class(self) -> tuple[str, str] | None:
        """Module and name of a generator that no plugin builds; None for an architecture's."""
        name = self.run.config.arch.name
        module, _, qualified = name.partition(":")
        return (module, qualified) if is_own(name) else None

    @cached_property
    def latent(self) -> LatentCard:
        """The distribution of z."""
        return describe_latent(self.run.latent)

    @property
    def input_names(self) -> list[str]:
        """`z`, and `labels` if the generator is conditional."""
        return ["z", "labels"] if self.is_conditional else ["z"]

    @property
    def is_conditional(self) -> bool:
        """Whether the generator takes labels: classes, vectors or pictures."""
        return self.run.sampler.conditions is not None

    def inputs(self, n: int, seed: int = 0) -> tuple[Tensor, ...]:
        """Draw z `(n, latent_dim)`, with labels `(n, …)` in turn if conditional."""
        rng = torch.Generator().manual_seed(seed)
        z = self.run.latent.sample(n, generator=rng)
        labels = self.run.sampler.labels(None, n)
        return (z,) if labels is None else (z, labels)

    @property
    def draws_noise(self) -> bool:
        """Whether images depend on random numbers beside z and labels."""
        return not torch.equal(*(self.images(self.generator, 1, seed=seed) for seed in (0, 1)))

    @torch.no_grad()
    def images(self, generator: nn.Module, n: int, seed: int = 0) -> Tensor:
        """Generate images `(n, C, H, W)`, from the same inputs and random numbers each time."""
        cpu = torch.device("cpu")
        with isolated(cpu):
            reseed(cpu, seed, "noise")
            images: Tensor = generator(*self.inputs(n))
        return images

    def to_json(self) -> str:
        """Return JSON with the facts needed to build the generator again and to use it."""
        manifest = self.run.manifest
        facts: Mapping[str, Any] = {
            "schema": SCHEMA,
            "architecture": self._architecture(),
            "image": asdict(manifest.image),
            "demands": asdict(manifest.demands),
            "range": [-1, 1],
            "inputs": self.input_names,
            "latent": {
                "distribution": self.latent.distribution,
                "length": self.latent.length,
                "words": self.latent.description,
            },
            "class_names": list(manifest.class_names) if self.run.num_classes else [],
            "step": manifest.step,
            "versions": dict(manifest.versions),
        }
        return json.dumps(facts, indent=2) + "\n"

    def _architecture(self) -> dict[str, Any]:
        """Name, options and plugin of the architecture; the name of the class without one."""
        if self.own_class:
            return {"name": self.run.config.arch.name}
        component = self.run.provider
        return {
            "name": component.spec.name,
            "options": self.run.config.arch.options,
            "distribution": component.plugin.distribution,
            "version": component.plugin.version,
        }
