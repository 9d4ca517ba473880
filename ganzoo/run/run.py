"""Run: an opened run directory, to draw samples from and to read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from ganzoo.config import RunConfig, load_config
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, PluginHost
from ganzoo.errors import GanzooError, GanzooWarning, UsageError, setting
from ganzoo.execution.device import resolve_device
from ganzoo.interfaces.architecture import Architecture
from ganzoo.interfaces.dataset import Dataset
from ganzoo.randomness import derive
from ganzoo.run import journal
from ganzoo.run.checkpoint_writer import best_step
from ganzoo.run.checkpoints import Manifest, read_manifest, read_weights
from ganzoo.run.directory import RunDirectory
from ganzoo.run.missing import missing_explained
from ganzoo.run.networks import build_networks
from ganzoo.run.pictures import grid
from ganzoo.sampling import decode, resolve_labels, sample_images


class Run:
    """A run directory, training or finished.

    Args:
        path: the run directory.
        step: of the checkpoint; `"best"` for the best by `keep_best`, the latest if None.
        device: of the generator.
        host: the plugins to choose from; the installed ones if None.

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
    ) -> None:
        self.directory = RunDirectory(Path(path))
        self._step = step
        self._device = device
        self._host = host
        if not self.directory.config.is_file():
            raise UsageError(f"{path} is no run directory: it has no config.toml")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.directory.path

    @cached_property
    def config(self) -> RunConfig:
        """The resolved config."""
        return load_config(self.directory.config)

    @property
    def steps(self) -> list[int]:
        """Steps of all checkpoints, in order."""
        return self.directory.checkpoint_steps()

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
        architecture: Architecture = self._component("architecture", "arch")
        return architecture

    @cached_property
    def provider(self) -> Component:
        """Descriptor of the architecture, and the plugin that provides it."""
        with missing_explained(self.path, self.versions):
            return registry.find("architecture", self.config.arch.name, host=self._host)

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset with its options; its images may be missing."""
        dataset: Dataset = self._component("dataset", "data")
        return dataset

    @cached_property
    def generator(self) -> nn.Module:
        """The averaged generator, in evaluation mode: `generator(z)` or `generator(z, labels)`.

        Raises:
            GanzooError: the weights are damaged, or do not fit the installed architecture.
        """
        component = self.provider
        generator = build_networks(
            self.architecture, component, self.manifest.image, self.manifest.demands, seed=0
        ).generator
        try:
            generator.load_state_dict(read_weights(self.checkpoint, "ema"))
        except RuntimeError as error:
            version = self.manifest.versions.get(component.plugin.distribution, "unknown")
            raise GanzooError(
                f"the weights of {self.checkpoint} do not fit '{component.spec.name}' of "
                f"{component.provider} (trained with {version}): {error}"
            ) from None
        return generator.to(resolve_device(self._device)).eval()

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
            labels: `(n,)` or one for all, for a conditional run; all classes in turn if None.
            truncation: bound of z (see `ganzoo.Latent.sample`).

        Returns:
            float32 `(n, C, H, W)` in [-1, 1], on the CPU; `ganzoo.save_grid` writes them.

        Raises:
            UsageError: n, a label or the truncation is out of range.
        """
        return sample_images(
            self.generator,
            self.architecture.latent,
            n,
            seed=seed,
            num_classes=self.num_classes,
            labels=labels,
            truncation=truncation,
        )

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

        # Random stops.
        latent = self.architecture.latent
        rng = torch.Generator().manual_seed(derive(seed, "walk"))
        points = latent.sample(stops * n, generator=rng, truncation=truncation).view(stops, n, -1)

        # Points of latent space between them.
        path = [
            latent.interpolate(points[k], points[(k + 1) % stops], j / frames)
            for k in range(stops)
            for j in range(frames)
        ]

        # Images.
        classes = resolve_labels(labels, n, self.num_classes)
        device = next(self.generator.parameters()).device
        images = [decode(self.generator, z.to(device), classes, seed=seed) for z in path]
        return torch.stack(images)

    def picture(self, images: Tensor, columns: int | None = None) -> Tensor:
        """Draw a batch as the dataset renders it, or else as a grid.

        If the dataset's plugin is no longer installed, it warns and draws a grid.

        Args:
            images: `(N, C, H, W)` in [-1, 1].
            columns: of the grid; as many as rows if None.

        Returns:
            uint8 `(3, H', W')`.
        """
        try:
            rendered = self.dataset.render(images)
        except registry.UnknownComponent as error:
            warnings.warn(GanzooWarning(f"drawn as a plain grid: {error}"), stacklevel=2)
            rendered = None
        return grid(images, columns) if rendered is None else rendered

    def metrics(self) -> list[dict[str, Any]]:
        """Read the log: one dict every `log_every` steps."""
        return journal.read_log(self.directory.metrics)

    def evaluations(self) -> list[dict[str, Any]]:
        """Read the results of all evaluations, the oldest first, as in `ganzoo.Evaluation`."""
        return journal.read_evaluations(self.directory.evaluations)

    def events(self) -> list[journal.Event]:
        """Read the journal, the oldest event first: see `ganzoo.run.journal`."""
        return journal.read(self.directory.journal)

    @property
    def state(self) -> str:
        """`"running"`, `"finished"`, `"stopped"` (Ctrl-C), `"failed"` or `"killed"`.

        A killed run has ended without writing so: SIGKILL, out of memory, a power cut.
        """
        lock = FileLock(self.directory.lock, timeout=0)
        try:
            with lock:
                pass
        except Timeout:
            return "running"
        except OSError:  # a directory that cannot be written has no writer either
            pass
        return journal.end_of_latest_session(self.events()) or "killed"

    @property
    def provenance(self) -> dict[str, Any]:
        """Command, versions, device, commit, dataset and seed of the latest session.

        Raises:
            GanzooError: the journal has lost them.
        """
        session = journal.latest_beginning(self.events())
        if session is None or "provenance" not in session:
            raise GanzooError(f"{self.directory.journal} does not say how the run was started")
        return dict(session["provenance"])

    def _component(self, kind: str, section: str) -> Any:
        """Make a component of the config."""
        choice = getattr(self.config, section)
        with missing_explained(self.path, self.versions):
            return registry.create(kind, choice.name, host=self._host, **choice.options)
