"""Good extractors, and ones that each break one promise."""

from __future__ import annotations

import itertools

import torch
from torch import nn

import ganzoo

count = itertools.count()


class Good(ganzoo.Extractor):
    """Means of patches."""

    display = "Patches"
    fingerprint = "patches-1"
    resizing = "none"

    def __init__(self, options=None):
        self.network = nn.Sequential(nn.AvgPool2d(4), nn.Flatten())

    def features(self, images):
        return self.network(images.float() / 255)


class GoodOfColours(Good):
    """Takes coloured images only."""

    def features(self, images):
        if images.shape[1] != 3:
            raise ganzoo.Unsupported("colours only")
        return super().features(images)


class GoodWithMaps(Good):
    """Patches of two sizes."""

    def maps(self, images):
        return (nn.functional.avg_pool2d(images, 2), nn.functional.avg_pool2d(images, 4))


class RoundsItsMaps(GoodWithMaps):
    def maps(self, images):
        return super().maps((127.5 * images).round() / 127.5)


class MapsFromCoarseToFine(GoodWithMaps):
    def maps(self, images):
        return super().maps(images)[::-1]


class GoodClassifier(Good, ganzoo.Classifier):
    """Learns the average brightness of each class."""

    needs_labels = True

    def prepare(self, reference, identity):
        found = self.features(reference.images)
        classes = range(reference.num_classes)
        self.means = torch.stack([found[reference.labels == k].mean(0) for k in classes])
        return {"accuracy": 1.0}

    def logits(self, images):
        return -torch.cdist(self.features(images), self.means)


class GoodWithoutWeights(Good):
    """Its weights are not here."""

    @property
    def fingerprint(self):
        raise ganzoo.DataError("no weights")


class HalfPrecision(Good):
    """Gives what its network gives."""

    def features(self, images):
        return super().features(images).bfloat16()


class NormOfTheBatch(Good):
    """A batch norm left in training mode."""

    def __init__(self, options=None):
        super().__init__(options)
        self.network.append(nn.BatchNorm1d(48))

    def features(self, images):
        made = self.network[:-1](images.float() / 255)
        return made - made.mean(0) if len(made) > 1 else made


class NewFingerprint(Good):
    """Hashes something that is never the same."""

    @property
    def fingerprint(self):
        return str(next(count))


class BrightensInPlace(Good):
    """Changes the images it was given."""

    def features(self, images):
        found = super().features(images)
        images.add_(1)
        return found
