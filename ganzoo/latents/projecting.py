"""Projection: the point of latent space whose image is nearest to a given one (GAN inversion)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo.data.decode import to_pixels
from ganzoo.data.depth import load_file
from ganzoo.data.pixels import checked_uint8, to_images
from ganzoo.errors import DataError, Unsupported, UsageError, listed, reading, setting, shown, whole
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.latents.space import Space
from ganzoo.run import Run
from ganzoo.run.pictures import grid, side_by_side

CANDIDATES = 256
"""Random points among which the starts are chosen."""

COARSEST = 4
"""Smallest side of a level of the pyramid."""


@dataclass(frozen=True)
class Projection:
    """Points of latent space whose images are near given ones.

    Attributes:
        latent: z `(N, latent_dim)`, for `Run.decode`; or w `(N, L, D)`, for `synthesis`.
        images: of the points, `(N, C, H, W)` in [-1, 1].
        targets: the given images, in the same shape and range.
        distances: root mean square differences over a pyramid of resolutions, for pixels in [0, 1].
        labels: classes or conditions of the points; None if the run is unconditional.
        space: `"z"`, `"w"` or `"w+"`.
    """

    latent: Tensor
    images: Tensor
    targets: Tensor
    distances: tuple[float, ...]
    labels: Tensor | None
    space: str

    def picture(self) -> Tensor:
        """Draw each given image beside its projection, uint8 `(3, H', W')`."""
        return grid(side_by_side(self.targets, self.images))


def project(
    run: Run | str | Path,
    image: Tensor | str | Path | Sequence[str | Path],
    *,
    space: Literal["z", "w", "w+"] | None = None,
    labels: Tensor | int | None = None,
    steps: int = 300,
    starts: int = 4,
    lr: float = 0.1,
    seed: int = 0,
) -> Projection:
    """Project images onto what a generator can make, by optimization of its latent.

        found = ganzoo.project("runs/first", "cat.png")
        print(found.distances)

    The starts are the nearest of 256 random images. Adam minimizes the distance, with a learning
    rate that decays to 0, and the best start is kept. Coordinates stay within those of 1,000
    random points, so that the image remains one that the generator makes.

    Args:
        run: a run or its directory.
        image: files, which are cropped and resized as training images are; or a tensor
            `(C, H, W)` or `(N, C, H, W)`, uint8 or in [-1, 1].
        space: `"z"`; or of a style generator `"w"`, one style for all layers, or `"w+"`, one for
            each, which comes nearer and is edited less well (Abdal et al. 2019, arXiv:1904.03189).
            By default w of a style generator, and z of any other.
        labels: one for all images of a conditional run: see `Run.sample`; by default those of the
            nearest starts.
        steps: of the optimization, at least 1.
        starts: points that are optimized for each image, 1 to 256.
        lr: learning rate, in standard deviations of the latent.
        seed: random seed of the random images.

    Raises:
        UsageError: there is no such run or space, an argument is out of range, or a tensor is of
            another shape, type or range than images.
        Unsupported: the generator has no w, or its images do not depend on the latent.
        DataError: a file is no readable image.
    """
    # Arguments.
    steps, starts = whole("steps", steps), whole("starts", starts)
    if starts > CANDIDATES or not 0 < lr < math.inf:
        given = ", ".join((setting("starts", starts), setting("lr", lr)))
        raise UsageError(
            f"a projection takes 1 to {CANDIDATES} starts and a finite learning rate above 0; got "
            f"{given}"
        )
    run = run if isinstance(run, Run) else Run(run)
    of = Space(run, space if space != "w+" else "w")
    name = space or of.name
    targets = _targets(image, run.manifest.image).to(of.device, of.dtype)

    # Random points and their images.
    conditions = of.labels(labels, CANDIDATES)
    with of.frozen(seed):
        candidates = of.draw(CANDIDATES, seed=seed, labels=conditions)
        images = of.decode(candidates, conditions, seed=seed).to(of.device, of.dtype)

    # Project each image.
    found = []
    for target in targets:
        nearest = squared_distance(images, target).topk(starts, largest=False).indices
        own = None if conditions is None else conditions[nearest]
        points = _optimized(of, candidates[nearest], own, target, name, steps, lr, seed)
        squares = squared_distance(of.decode(points, own, seed=seed).to(target), target)
        best = int(squares.argmin())
        found.append((points[best], nearest[best]))

    # Result.
    latent = torch.stack([point for point, _ in found])
    chosen = None if conditions is None else conditions[torch.stack([k for _, k in found])]
    made = of.decode(latent, chosen, seed=seed)
    return Projection(
        latent.float().cpu(),
        made,
        targets.float().cpu(),
        tuple(distance(made, targets.float().cpu()).tolist()),
        None if chosen is None else chosen.cpu(),
        name,
    )


def distance(images: Tensor, targets: Tensor) -> Tensor:
    """Distance of images: root mean square difference, averaged over a pyramid of resolutions.

    The mean of the squared difference at full resolution, and after each averaging over squares of
    2 x 2 pixels, down to sides of 4 pixels. Unlike LPIPS it needs no network.

    Args:
        images: `(N, C, H, W)` in [-1, 1].
        targets: likewise, or one for all.

    Returns:
        `(N,)`, in pixels of [0, 1]: 0 for equal images, 1 for black and white.
    """
    return squared_distance(images, targets).sqrt()


def squared_distance(images: Tensor, targets: Tensor) -> Tensor:
    """The square of `distance`, which is smooth at 0."""
    difference = (images - targets) / 2
    levels = [difference.square().flatten(1).mean(1)]
    while min(difference.shape[2:]) >= 2 * COARSEST:
        difference = avg_pool2d(difference, 2)
        levels.append(difference.square().flatten(1).mean(1))
    return torch.stack(levels).mean(0)


def _targets(image: Tensor | str | Path | Sequence[str | Path], spec: ImageSpec) -> Tensor:
    """Images in [-1, 1] of the generator's shape, of files or a tensor."""
    if isinstance(image, Tensor):
        pixels = checked_uint8(image if image.ndim == 4 else image[None])
        arrays = [to_pixels(each, *spec.shape) for each in pixels.cpu()]
    else:
        arrays = []
        for file in listed(image):
            if not isinstance(file, str | Path):
                raise UsageError(
                    f"images to project are files, or one tensor (N, C, H, W); got {shown(file)}"
                )
            with reading(file, DataError):
                arrays.append(to_pixels(load_file(file), *spec.shape))
    if not arrays:
        raise UsageError("there is no image to project; name at least one")
    return to_images(torch.stack([torch.tensor(array) for array in arrays]))


def _optimized(
    space: Space,
    starts: Tensor,
    labels: Tensor | None,
    target: Tensor,
    name: str,
    steps: int,
    lr: float,
    seed: int,
) -> Tensor:
    """Move points `(S, …)` so that each one's image comes nearer to the target."""
    # Offsets in standard deviations; w has one for all layers.
    scale = space.points.std(0).square().mean().sqrt()
    low, high = ((bound - starts) / scale for bound in space.points.aminmax(dim=0))
    if name == "w":
        low, high = low.amax(1, keepdim=True), high.amin(1, keepdim=True)
    low, high = low.clamp(max=0), high.clamp(min=0)
    offsets = torch.zeros_like(low, requires_grad=True)
    optimizer = torch.optim.Adam([offsets], betas=(0.9, 0.99))

    # Minimize; the learning rate decays by a half cosine.
    with torch.enable_grad():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * step / steps)) / 2
            with space.frozen(seed):
                images = space.images(starts + scale * offsets, labels)
                if not images.requires_grad:
                    raise Unsupported(
                        f"the images of {space.run.path} do not depend on {space.name}, so no "
                        "point of it is nearest to an image"
                    )
                loss = squared_distance(images, target).sum()
                (offsets.grad,) = torch.autograd.grad(loss, offsets)
            optimizer.step()
            with torch.no_grad():
                offsets.clamp_(low, high)
    return (starts + scale * offsets).detach()
