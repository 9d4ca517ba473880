"""Map of classes: real and generated images in the plane, near each other if features are alike.

images -> features of an extractor -> t-SNE (van der Maaten & Hinton 2008) -> a figure
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.data.pixels import from_uint8
from ganzoo.discovery import registry
from ganzoo.errors import UsageError, importing
from ganzoo.evaluation.features import with_features
from ganzoo.evaluation.sources import Stored
from ganzoo.interfaces.extractor import Extractor
from ganzoo.interfaces.metric import ImageSet
from ganzoo.reporting.charts import Figure, escaped
from ganzoo.reporting.images import COLUMNS, data_uri, refuse_points, training_images
from ganzoo.run import Run
from ganzoo.run.image_sources import generated_uint8
from ganzoo.run.pictures import GAP, grid, pil_image
from ganzoo.sampling import device_of

POINTS = 1000
"""Maximum number of images in all maps of a page, half of them real."""

PIXELS = 2**27
"""Maximum number of pixels of the real images: there are fewer points of large images."""

SMALLEST = 5
"""Smallest number of real images."""

THUMBNAIL = 32
"""Maximum width or height of the pictures that the page shows beside a point."""

SHEET_COLUMNS = 32
"""Thumbnails in a row of their sheet."""

COLOURS = 10
"""Colours of classes; further classes have them again, with another mark."""

MARKS = ("circle", "diamond")


@dataclass(frozen=True)
class ClassMap:
    """A map of classes.

    Attributes:
        figure: the traces; each point has the number of its thumbnail.
        sheet: a grid of thumbnails, as a data URI.
        cells: of that grid: the columns, and width, height and distance of thumbnails.
        real: number of real images, and of generated ones.
        conditional: whether generated images have the class that they were made for.
        extractor: of the features.
        biased: whether the generator was trained with the help of that extractor.
        shown: number of classes in it.
        total: number of classes.
    """

    figure: Figure
    sheet: str
    cells: dict[str, int]
    real: int
    conditional: bool
    extractor: str
    biased: bool
    shown: int
    total: int


def class_map(run: Run, points: int) -> ClassMap:
    """Draw the map of a run whose dataset has classes.

    Args:
        run: with a checkpoint.
        points: maximum number of images, half of them real.

    Raises:
        UsageError: there is no extractor, or there are too few images or too many classes.
        Unsupported: the extractor cannot be used for these images.
    """
    image, device = run.manifest.image, device_of(run.generator)
    conditional = bool(run.num_classes)
    shown = min(image.num_classes, COLUMNS)
    if shown < image.num_classes and not conditional:
        raise UsageError(
            f"{image.num_classes:,} classes are too many to be told apart by colour, and the "
            "generated images have no class by which to choose some"
        )

    # Real images of the first classes, and generated ones.
    source = training_images(run).decoded(image)
    count = min(points // 2, PIXELS // prod(image.shape))
    drawn = source.draw(min(source.count or 0, count * image.num_classes // shown), seed=0)
    real = _of_first_classes(drawn, shown, count)
    if len(real) < SMALLEST:
        raise UsageError(f"there are {len(real)} training images for it, and it takes {SMALLEST}")
    assert real.labels is not None
    samples = run.sample(len(real), labels=real.labels if conditional else None)
    refuse_points(run, samples)
    fake = ImageSet(images=generated_uint8(samples, str(run.path)))

    # Features, and the class of each generated image.
    extractor = _extractor(run, source)
    identity = f"{source.identity}/map/{len(real)}/{shown}" if source.identity else ""
    of_real = with_features(real, extractor, device, identity=identity).features
    of_fake = with_features(fake, extractor, device).features
    assert of_real is not None
    assert of_fake is not None
    labels = real.labels
    if not conditional:
        labels = labels[torch.cdist(of_fake, of_real).argmin(1)]

    # Map.
    plane = embedded(torch.cat([of_real, of_fake]), seed=0)
    names = run.manifest.class_names or tuple(map(str, range(image.num_classes)))
    thumbnails = _thumbnails(torch.cat([real.images, fake.images]))
    _, _, height, width = thumbnails.shape
    sheet = pil_image(grid(thumbnails, SHEET_COLUMNS))
    return ClassMap(
        figure=_figure(plane, real.labels, labels, names[:shown]),
        sheet=data_uri(sheet, max(sheet.size)),
        cells={"columns": SHEET_COLUMNS, "width": width, "height": height, "gap": GAP},
        real=len(real),
        conditional=conditional,
        extractor=extractor.display,
        biased=extractor.display in run.manifest.trained_with,
        shown=shown,
        total=image.num_classes,
    )


def embedded(features: Tensor, *, seed: int) -> np.ndarray:
    """Embed features `(N, D)` in the plane by t-SNE: `(N, 2)`, within [-1, 1].

    One thread computes it: several wait for each other where other programs run, and sum in
    another order each time.

    Raises:
        UsageError: scikit-learn is not installed, or the features are all alike.
    """
    with importing("it", "gan-zoo[report]"):
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits
    if bool((features == features[0]).all()):
        raise UsageError("the features of all images are the same")

    # Principal components first, as the paper has it.
    n = len(features)
    with threadpool_limits(1):
        components = min(50, n, features.shape[1])
        reduced = PCA(components, random_state=seed).fit_transform(features.double().numpy())
        method = TSNE(init="pca", perplexity=min(30, (n - 1) / 3), random_state=seed)
        plane: np.ndarray = method.fit_transform(reduced)

    plane -= (plane.max(0) + plane.min(0)) / 2
    plane /= np.abs(plane).max()
    return plane


def _of_first_classes(images: ImageSet, classes: int, count: int) -> ImageSet:
    """The first `count` images of the first classes."""
    assert images.labels is not None
    rows = torch.nonzero(images.labels < classes)[:count, 0]
    return ImageSet(
        images=images.images[rows], labels=images.labels[rows], num_classes=images.num_classes
    )


def _extractor(run: Run, reference: Stored) -> Extractor:
    """The extractor of the run's evaluations, else the default one; prepared."""
    name = run.config.logging.eval_extractor or registry.the_one_offering(
        "extractor", "starter", "`logging.eval_extractor` of a run chooses one"
    )
    component = registry.find("extractor", name)
    extractor: Extractor = registry.make(component, {})
    if extractor.prepares:
        with registry.blame(component):
            extractor.prepare(reference.whole(), reference.identity)
    return extractor


def _thumbnails(pixels: Tensor) -> Tensor:
    """Reduce images `(N, C, H, W)`, uint8, to thumbnails in [-1, 1]."""
    scale = THUMBNAIL / max(pixels.shape[2:])
    if scale >= 1:
        return from_uint8(pixels)
    size = [max(round(side * scale), 1) for side in pixels.shape[2:]]
    return torch.cat([F.interpolate(from_uint8(c), size, mode="area") for c in pixels.chunk(16)])


def _figure(plane: np.ndarray, real: Tensor, generated: Tensor, names: tuple[str, ...]) -> Figure:
    """Make the figure: real images are hollow marks, below generated ones, which are full."""
    traces: list[dict[str, Any]] = []
    labels = torch.cat([real, generated])
    is_real = torch.arange(len(labels)) < len(real)
    for kind, of_kind, style in (("real", is_real, "-open"), ("generated", ~is_real, "")):
        for number, name in enumerate(names):
            rows = torch.nonzero((labels == number) & of_kind)[:, 0].tolist()
            if not rows:
                continue
            mark = MARKS[number // COLOURS % len(MARKS)]
            traces.append(
                {
                    "x": [round(float(plane[row, 0]), 3) for row in rows],
                    "y": [round(float(plane[row, 1]), 3) for row in rows],
                    "customdata": rows,
                    "name": escaped(name),
                    "legendgroup": str(number),
                    "showlegend": str(number) not in {trace["legendgroup"] for trace in traces},
                    "type": "scatter",
                    "mode": "markers",
                    "colour": number % COLOURS,
                    "marker": {"symbol": mark + style, "size": 7, "opacity": 0.8},
                    "hovertemplate": f"%{{fullData.name}}, {kind}<extra></extra>",
                }
            )
    return {"data": traces}
