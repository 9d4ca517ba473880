"""Promises of an extractor: reproducible features, each of one image alone."""

from __future__ import annotations

from unittest import SkipTest

import torch
from torch import Tensor

from ganzoo.data.pixels import from_uint8
from ganzoo.errors import DataError, Unsupported
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.extractor import Extractor
from ganzoo.testing.core import Bench, Promises, expect
from ganzoo.testing.metric import CLASSES, image_set

N = 6
"""Images in a batch."""

SHAPES = ((3, 16, 16), (1, 16, 16))


class ExtractorBench(Bench):
    """An extractor under test."""

    def ready(self, shape: tuple[int, int, int]) -> Extractor:
        """Make and prepare an extractor.

        Raises:
            SkipTest: its weights are not here.
        """
        extractor: Extractor = self.make()
        extractor.prepare(image_set(ImageSpec(*shape, CLASSES), 5, 80), "")
        try:
            _ = extractor.fingerprint
        except DataError as error:
            raise SkipTest(f"the weights of '{self.name}' are not here: {error}") from None
        return extractor

    def features(self, shape: tuple[int, int, int]) -> Tensor:
        """Features of N images."""
        return self.ready(shape).features(images(shape))


def images(shape: tuple[int, int, int]) -> Tensor:
    """Images `(N, C, H, W)`, uint8."""
    return image_set(ImageSpec(*shape, CLASSES), 7, N).images


promise = Promises(ExtractorBench)


@promise(mend="flatten the network's output to `(N, D)` and return `.float()`")
def features_of_each_image(bench: ExtractorBench) -> None:
    """Its features are finite float32 `(N, D)`, for grey and for coloured images it takes."""
    tested = 0
    for shape in SHAPES:
        try:
            features = bench.features(shape)
        except Unsupported:
            continue
        tested += 1
        right = features.ndim == 2 and len(features) == N and features.dtype == torch.float32
        seen = f"{features.dtype} of shape {tuple(features.shape)} for {N} images {shape}"
        expect(right, seen)
        expect(features.isfinite().all(), f"some are not finite, for images {shape}")
    if not tested:
        raise SkipTest(f"'{bench.name}' takes no images of 16x16 pixels")


@promise(mend="put the network into eval mode, which switches batch statistics and dropout off")
def each_image_alone(bench: ExtractorBench) -> None:
    """An image's features depend on it alone, and are the same each time."""
    extractor = bench.ready(SHAPES[0])
    batch = images(SHAPES[0])
    together = extractor.features(batch.clone())
    torch.rand(5)  # advances torch's generator
    alone = torch.cat([extractor.features(image[None].clone()) for image in batch])
    difference = (together - alone).abs().max().item()
    expect(
        difference <= 1e-3 * together.abs().max().item() + 1e-5,
        f"they differ by {difference:.3g} where an image is alone",
    )


@promise(mend="hash the weights, and name the options that change the features")
def fingerprint_and_resizing(bench: ExtractorBench) -> None:
    """It has a fingerprint and describes its resizing; both are the same for the same options."""
    first, second = (bench.ready(SHAPES[0]) for _ in range(2))
    for name in ("fingerprint", "resizing"):
        value, again = getattr(first, name), getattr(second, name)
        expect(isinstance(value, str) and value, f"its {name} is {value!r}")
        expect(value == again, f"its {name} is {value!r} and then {again!r}")


@promise(mend="change a copy: other extractors get the same images")
def leaves_the_images_alone(bench: ExtractorBench) -> None:
    """It does not change the images it is given."""
    extractor, batch = bench.ready(SHAPES[0]), images(SHAPES[0])
    extractor.features(batch)
    expect(torch.equal(batch, images(SHAPES[0])), "it changed them")


@promise(
    mend="scale and resize the images without rounding, clamping them or torch.no_grad(); freeze "
    "the network (`.eval().requires_grad_(False)`)"
)
def maps_are_differentiable(bench: ExtractorBench) -> None:
    """If it has maps, they are each image's own, from fine to coarse, with a gradient by pixels."""
    extractor = bench.ready(SHAPES[0])
    pixels = from_uint8(images(SHAPES[0])).requires_grad_()
    try:
        maps = extractor.maps(pixels)
    except Unsupported as refusal:
        raise SkipTest(f"'{bench.name}' has no maps: {refusal}") from None

    # Shapes.
    shapes = [tuple(each.shape) for each in maps]
    expect(maps and all(len(s) == 4 and s[0] == N for s in shapes), f"their shapes are {shapes}")
    areas = [shape[2] * shape[3] for shape in shapes]
    expect(areas == sorted(areas, reverse=True), f"they are not from fine to coarse: {shapes}")

    # Each map of the first image has a gradient by that image, and by no other.
    for k, each in enumerate(maps):
        expect(each.requires_grad, f"map {k} has no gradient by the images")
        (gradient,) = torch.autograd.grad(each[0].square().sum(), pixels, retain_graph=True)
        expect(gradient[0].isfinite().all(), f"map {k} has a gradient that is not finite")
        expect(gradient[0].any(), f"map {k} of an image has a gradient of zero by its pixels")
        expect(not gradient[1:].any(), f"map {k} of an image depends on the other images")
