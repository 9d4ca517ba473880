"""Good metrics, and ones that each break one promise."""

from __future__ import annotations

import torch

import ganzoo


class Good(ganzoo.Metric):
    """The gap between average colours."""

    scores = (ganzoo.Score("gap", "lower"),)
    blind_to = "everything but the average colour"

    def __init__(self, options=None):
        pass

    def measure(self, sample, reference, *, seed):
        gap = sample.images.float().mean() - reference.images.float().mean()
        return {"gap": ganzoo.Measured(abs(gap.item()))}


class GoodOfFeatures(Good):
    """The gap between average features, of a random half."""

    uses = "features"

    def measure(self, sample, reference, *, seed):
        rng = torch.Generator().manual_seed(seed)
        half = torch.randperm(len(sample), generator=rng)[: len(sample) // 2]
        gap = sample.features[half].mean(0) - reference.features.mean(0)
        return {"gap": ganzoo.Measured(gap.norm().item(), std=0.1)}


class GoodOfPoints(Good):
    """Takes points only."""

    def check(self, spec):
        if spec.height > 1:
            raise ganzoo.Unsupported("points only")


class MissesAScore(Good):
    """Names two scores and gives one."""

    scores = (ganzoo.Score("gap", "lower"), ganzoo.Score("spread", "higher"))


class DrawsFromTorch(GoodOfFeatures):
    """Its half follows from torch's own generator."""

    def measure(self, sample, reference, *, seed):
        return super().measure(sample, reference, seed=int(torch.randint(1000, ())))


class CentresInPlace(GoodOfFeatures):
    """Subtracts the mean from the features it was given."""

    def measure(self, sample, reference, *, seed):
        found = super().measure(sample, reference, seed=seed)
        sample.features.sub_(sample.features.mean(0))
        return found


class SaysNothing(Good):
    """Leaves open what it does not see."""

    blind_to = ""


class ReadsLabelsUnasked(Good):
    """Looks at labels that are not always there."""

    def measure(self, sample, reference, *, seed):
        gap = (sample.labels.float().mean() - reference.labels.float().mean()).abs()
        return {"gap": ganzoo.Measured(gap.item())}
