"""What an extractor promises: features of each image alone, the same each time."""

from __future__ import annotations

from unittest import SkipTest

import torch
from torch import Tensor

from ganzoo.errors import DataError, Unsupported
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.interfaces.extractor import Extractor
from ganzoo.testing.core import Bench, Promises, expect
from ganzoo.testing.metric import CLASSES, image_set

N = 6
SHAPES = ((3, 16, 16), (1, 16, 16))


class ExtractorBench(Bench):
    """An extractor under test."""

    def ready(self, shape: tuple[int, int, int]) -> Extractor:
        """A fresh one, prepared.

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
        """Of six images."""
        return self.ready(shape).features(images(shape))


def images(shape: tuple[int, int, int]) -> Tensor:
    """uint8 `(6, C, H, W)`."""
    return image_set(ImageSpec(*shape, CLASSES), 7, N).images


promise = Promises(ExtractorBench)


@promise(mend="flatten what the network gives to `(N, D)` and return `.float()`")
def features_of_each_image(bench: ExtractorBench) -> None:
    """Its features are finite float32 `(N, D)`, for grey and for coloured images it takes."""
    taken = 0
    for shape in SHAPES:
        try:
            found = bench.features(shape)
        except Unsupported:
            continue
        taken += 1
        fine = found.ndim == 2 and len(found) == N and found.dtype == torch.float32
        expect(fine, f"{found.dtype} of shape {tuple(found.shape)} for {N} images {shape}")
        expect(found.isfinite().all(), f"some are not finite, for images {shape}")
    if not taken:
        raise SkipTest(f"'{bench.name}' takes no images of 16x16 pixels")


@promise(mend="put the network into eval mode, so that neither batch norm nor dropout is at work")
def each_image_alone(bench: ExtractorBench) -> None:
    """An image's features depend on it alone, and are the same each time."""
    extractor = bench.ready(SHAPES[0])
    batch = images(SHAPES[0])
    together = extractor.features(batch.clone())
    torch.rand(5)
    alone = torch.cat([extractor.features(image[None].clone()) for image in batch])
    far = (together - alone).abs().max().item()
    expect(
        far <= 1e-3 * together.abs().max().item() + 1e-5,
        f"they differ by {far:.3g} where an image is alone",
    )


@promise(mend="hash the weights, and name the options that change the features")
def fingerprint_and_resizing(bench: ExtractorBench) -> None:
    """It has a fingerprint and says how it resizes; two made alike have the same."""
    first, second = (bench.ready(SHAPES[0]) for _ in range(2))
    for name in ("fingerprint", "resizing"):
        one, other = getattr(first, name), getattr(second, name)
        expect(isinstance(one, str) and one, f"its {name} is {one!r}")
        expect(one == other, f"its {name} is {one!r} and then {other!r}")


@promise(mend="copy what is to be changed: other extractors are given the same images")
def leaves_the_images_alone(bench: ExtractorBench) -> None:
    """It does not change the images it is given."""
    extractor, batch = bench.ready(SHAPES[0]), images(SHAPES[0])
    extractor.features(batch)
    expect(torch.equal(batch, images(SHAPES[0])), "it changed them")
