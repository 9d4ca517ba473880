"""Consistency of the discriminator under a transform of images: CR and bCR."""

from __future__ import annotations

import copy
import warnings
from dataclasses import replace

import torch
from torch import Tensor

import ganzoo
from ganzoo_consistency.options import BalancedConsistencyOptions, ConsistencyOptions


class Consistency(ganzoo.Penalty):
    """E[(D(x) - D(T(x)))^2] on real images (CR, Zhang et al. 2020, arXiv:1910.12027).

    T is drawn anew for each image. D(x) is that of the loss, so CR costs one pass. Augmentations of
    the training come after T: with A the penalty is (D(A(x)) - D(A'(T(x))))^2. A picture that an
    image is conditioned on goes through the same T, so that they still fit each other.
    """

    reuses_scores = True

    options: ConsistencyOptions
    transform: ganzoo.Augmentation

    def __init__(self, options: ConsistencyOptions | None = None) -> None:
        super().__init__(options or ConsistencyOptions())
        self.transform = make_transform(self.options.augmentation)

    def at(self, progress: ganzoo.Progress) -> None:
        """Tell the transform."""
        self.transform.at(progress)

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes) -> Tensor:
        """Scalar; zero where no real image's score changes."""
        return self.change(critic, real)

    def change(self, critic: ganzoo.Critic, batch: ganzoo.Batch) -> Tensor:
        """E[(D(x) - D(T(x)))^2] over a batch."""
        return (critic(batch) - critic(self.transformed(batch))).square().mean()

    def transformed(self, batch: ganzoo.Batch) -> ganzoo.Batch:
        """T(x), with the same class or vector, or the picture transformed alike."""
        labels = batch.labels
        if labels is None or labels.ndim < 4:
            return batch.with_images(self.transform(batch.images))
        channels = [batch.images.shape[1], labels.shape[1]]
        both = self.transform(torch.cat([batch.images, labels], 1))
        images, pictures = torch.split(both, channels, 1)
        return replace(batch, images=images, labels=pictures)


class BalancedConsistency(Consistency):
    """CR on real images and on fakes (bCR, Zhao et al. 2021, arXiv:2002.04724).

    With CR alone the generator may learn the transform, as the discriminator ignores it.
    """

    options: BalancedConsistencyOptions

    def __init__(self, options: BalancedConsistencyOptions | None = None) -> None:
        super().__init__(options or BalancedConsistencyOptions())

    def penalty(self, critic: ganzoo.Critic, real: ganzoo.Batch, fake: ganzoo.Fakes) -> Tensor:
        """Scalar; zero where no image's score changes."""
        fakes = self.options.fake_weight * self.change(critic, fake)
        return self.change(critic, real) + fakes


def make_transform(choice: str | dict[str, object]) -> ganzoo.Augmentation:
    """An augmentation of a name, or of a table of name and options.

    Raises:
        UsageError: none of this name is installed, or an option is out of range.
    """
    options = {"name": choice} if isinstance(choice, str) else dict(choice)
    name = str(options.pop("name"))
    transform: ganzoo.Augmentation = ganzoo.create("augmentation", name, **options)

    # What waits for scores to become strong does nothing here.
    base = ganzoo.Augmentation.after_discriminator_step
    if type(transform).after_discriminator_step is not base and _does_nothing(transform):
        message = (
            f"the augmentation '{name}' adapts its strength to scores. As the transform of a "
            "consistency penalty it keeps the strength that it starts with, which leaves images as "
            "they are, so the penalty is 0: choose another strength by a table of its options, "
            f"{{name = '{name}', …}} (`ganzoo show augmentation {name}`)"
        )
        warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)
    return transform


@torch.no_grad()
def _does_nothing(transform: ganzoo.Augmentation) -> bool:
    """Whether it leaves images as they are, by a trial before and after all schedules."""
    tried = copy.deepcopy(transform)
    with torch.random.fork_rng(devices=[]):
        images = torch.rand(256, 3, 8, 8) * 2 - 1
        for progress in (ganzoo.Progress(0, 0), ganzoo.Progress(2**40, 2**50)):
            tried.at(progress)
            try:
                same = torch.allclose(tried(images), images, atol=1e-4)
            except Exception:  # it may be for other images
                return False
            if not same:
                return False
    return True
