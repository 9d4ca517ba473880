"""The subject of an export: a generator on the CPU, and the facts needed to use it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.exporting.latents import LatentCard, describe_latent
from ganzoo.randomness import isolated, reseed
from ganzoo.run import Run

SCHEMA = 1
"""Version of the content of `ganzoo.json`."""


@dataclass(frozen=True)
class Subject:
    """A run's averaged generator, to be exported."""

    run: Run

    @cached_property
    def generator(self) -> nn.Module:
        """A copy of the run's generator on the CPU, in float32 and evaluation mode."""
        generator = copy.deepcopy(self.run.generator).to("cpu", torch.float32)
        return generator.requires_grad_(False).eval()

    @property
    def title(self) -> str:
        """`"the generator of 'dcgan' (gan-zoo 0.1.0)"`."""
        component = self.run.provider
        return f"the generator of '{component.spec.name}' ({component.provider})"

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

    @torch.no_grad()
    def images(self, generator: nn.Module, n: int) -> Tensor:
        """Generate images `(n, C, H, W)`, from the same inputs and random numbers each time."""
        cpu = torch.device("cpu")
        with isolated(cpu):
            reseed(cpu, 0, "noise")
            images: Tensor = generator(*self.inputs(n))
        return images

    def to_json(self) -> str:
        """Return JSON with the facts needed to build the generator again and to use it."""
        manifest = self.run.manifest
        component = self.run.provider
        facts: Mapping[str, Any] = {
            "schema": SCHEMA,
            "architecture": {
                "name": component.spec.name,
                "options": self.run.config.arch.options,
                "distribution": component.plugin.distribution,
                "version": component.plugin.version,
            },
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
