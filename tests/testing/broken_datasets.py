"""Good datasets, and ones that each break one promise."""

from __future__ import annotations

import random
import uuid

import torch

import ganzoo


def picture(k: int, channels: int = 3) -> torch.Tensor:
    return torch.full((channels, 8, 8), 20 * k, dtype=torch.uint8)


class Good(ganzoo.Dataset):
    spec = ganzoo.ImageSpec(3, 8, 8, num_classes=2)
    names = ("even", "odd")

    def __init__(self, options):
        self.options = options

    def open(self, split="train"):
        if split != "train":
            raise ganzoo.UsageError(f"no split '{split}', only train")
        return ganzoo.ImageSource(self.items(), self.spec, self.names)

    def items(self):
        return [(picture(k), k % 2) for k in range(10)]


class GoodPoints(Good):
    """Unlabelled, not resizable, drawn by itself, and from a folder where one is named."""

    def open(self, split="train"):
        if split != "train":
            raise ganzoo.UsageError(f"no split '{split}', only train")
        if self.options.path is not None and not self.options.path.exists():
            raise ganzoo.DataError(f"{self.options.path} does not exist")
        points = [(torch.full((2, 1, 1), k, dtype=torch.uint8), 0) for k in range(5)]
        return ganzoo.ImageSource(points, ganzoo.ImageSpec(2, 1, 1), resizable=False)

    def render(self, images):
        return torch.zeros(3, 4, 4, dtype=torch.uint8)


class GoodPairs(Good):
    """Coloured pictures of grey ones."""

    spec = ganzoo.ImageSpec(3, 8, 8, condition=ganzoo.Picture(1))
    names = ()

    def items(self):
        return [(picture(k), self.condition(k)) for k in range(10)]

    def condition(self, k):
        return picture(k, channels=1)


class GoodAttributes(GoodPairs):
    spec = ganzoo.ImageSpec(3, 8, 8, condition=ganzoo.Vector(3))

    def condition(self, k):
        return [k / 10, 0.5, -k]


class LabelsForPictures(GoodPairs):
    def condition(self, k):
        return k


class ColouredPictures(GoodPairs):
    def condition(self, k):
        return picture(k, channels=3)


class SmallerPictures(GoodPairs):
    def condition(self, k):
        return picture(k, channels=1)[:, ::2, ::2]


class OneAttributeMore(GoodAttributes):
    def condition(self, k):
        return [*super().condition(k), 1.0]


class UnknownAttributes(GoodAttributes):
    def condition(self, k):
        return [float("nan"), 0.5, -k]


class Empty(Good):
    def items(self):
        return []


class Triples(Good):
    def items(self):
        return [(picture(k), k % 2, f"{k}.png") for k in range(10)]


class Shuffled(Good):
    def items(self):
        items = super().items()
        random.SystemRandom().shuffle(items)
        return items


class OtherFingerprints(Good):
    def open(self, split="train"):
        source = super().open(split)
        return ganzoo.ImageSource(source.images, self.spec, self.names, uuid.uuid4().hex)


class LabelsFromOne(Good):
    def items(self):
        return [(image, label + 1) for image, label in super().items()]


class LabelsAsText(Good):
    def items(self):
        return [(image, str(label)) for image, label in super().items()]


class OneNameForTwo(Good):
    names = ("number", "number")


class Lazily:
    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return self.make(index)


class HoldsALambda(Good):
    def items(self):
        return Lazily(lambda k: (picture(k), k % 2))


class GreyBySpec(Good):
    spec = ganzoo.ImageSpec(1, 8, 8, num_classes=2)


class FloatingPoint(Good):
    def items(self):
        return [(image / 255, label) for image, label in super().items()]


class PointsOfAnotherShape(Good):
    def open(self, split="train"):
        source = super().open(split)
        wide = ganzoo.ImageSpec(3, 16, 16, num_classes=2)
        return ganzoo.ImageSource(source.images, wide, self.names, resizable=False)


class AnySplit(Good):
    def open(self, split="train"):
        return super().open("train")


class FileNotFound(Good):
    def open(self, split="train"):
        if self.options.path is not None:
            (self.options.path / "labels.txt").read_text()
        return super().open(split)


class ReadsWhenMade(Good):
    def __init__(self, options):
        super().__init__(options)
        if options.path is not None:
            self.files = sorted(options.path.iterdir())


class FloatingPicture(Good):
    def render(self, images):
        return torch.zeros(3, 4, 4)
