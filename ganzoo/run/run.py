"""Run: an opened run directory, to draw samples from and to read."""

from __future__ import annotations

import warnings
from copy import copy

import torch
from PIL import Image
from torch import Tensor

from ganzoo.discovery import registry
from ganzoo.errors import GanzooWarning, UsageError, whole
from ganzoo.interfaces.critic import Refiner
from ganzoo.randomness import derive
from ganzoo.run.own import is_own
from ganzoo.run.parts import RunParts
from ganzoo.run.pictures import enlarged, grid, pil_image, side_by_side
from ganzoo.run.showing import run_html, run_png


class Run(RunParts):
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
        refiner: that of such a run's loss, if it has one.

    Raises:
        UsageError: there is no run; on first use, no such checkpoint, or a plugin is missing.
        GanzooError: on first use, a file of the run is damaged.
    """

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """Show state and latest sample grid in a notebook; builds no network."""
        return run_html(self)

    def _repr_png_(self) -> bytes | None:
        """Show the latest sample grid where no HTML is shown."""
        return run_png(self)

    def refined(self, refiner: Refiner) -> Run:
        """The run with other samples: a refiner moves their z, in place of the loss's.

            run = ganzoo.Run("runs/first").refined(lambda critic, fake, noise: fake.z)  # as drawn

        Their evaluations are not appended to the run's.
        """
        run = copy(self)
        run.__dict__.pop("sampler", None)
        run.refined_by = refiner
        return run

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
            UsageError: n, a label or the truncation is out of range, or labels are given to an
                unconditional run.
        """
        return self.sampler.sample(
            self.generator, n, seed=seed, labels=labels, truncation=truncation
        )

    def show(
        self,
        n: int = 16,
        *,
        seed: int = 0,
        labels: Tensor | int | None = None,
        truncation: float | None = None,
    ) -> Image.Image:
        """Sample images and draw them as one picture, which a notebook shows.

            run.show()
            run.show(8, seed=1).save("eight.png")

        Args:
            n: number of images.
            seed: see `sample`.
            labels: see `sample`; without any, classes have a column each.
            truncation: see `sample`.

        Returns:
            a picture of Pillow; small ones are enlarged, as by `ganzoo sample`.

        Raises:
            UsageError: as for `sample`.
        """
        images = self.sample(n, seed=seed, labels=labels, truncation=truncation)
        columns = self.columns(n, labels)
        return pil_image(enlarged(self.picture(images, columns, labels)))

    def columns(self, n: int, labels: Tensor | int | None = None) -> int | None:
        """Columns of a grid of n images: one for each class if all are drawn; None for a square."""
        return min(self.num_classes, n) if self.num_classes and labels is None else None

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

        Raises:
            UsageError: z has another shape, or a label is out of range.
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

        Raises:
            UsageError: as for `sample`; too few stops or frames; the images do not depend on z.
        """
        n, stops, frames = whole("n", n), whole("stops", stops, 2), whole("frames", frames)
        self.sampler.check_memory(stops * frames * n)

        # Random stops.
        latent = self.latent
        rng = torch.Generator().manual_seed(derive(whole("seed", seed, None), "walk"))
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
        self, images: Tensor, columns: int | None = None, labels: Tensor | int | None = None
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
