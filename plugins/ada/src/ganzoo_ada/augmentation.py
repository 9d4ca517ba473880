"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv:2006.06676)."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

import ganzoo
from ganzoo_ada import color, geometry
from ganzoo_ada.color import recolored
from ganzoo_ada.corruption import BandFilter, cutout, noise, random_gains
from ganzoo_ada.draws import Draws
from ganzoo_ada.options import AdaOptions
from ganzoo_ada.resampling import Resampling, moved_by_pixels


class Ada(ganzoo.Augmentation):
    """Random transforms, each with probability p, and the controller of p.

    The discriminator overfits when it scores all real images above 0. So r_t = E[sign D(x)] over
    the real images of an interval is held at a target:
    p <- p + sign(r_t - target) * images / (1000 * speed), within [0, 1].

    Attributes:
        p: probability of each transform.
        r_t: of the last whole interval.
        updates: discriminator updates so far.
        signs: the sum of the signs in this interval.
        images: real images in this interval.
    """

    options: AdaOptions
    p: Tensor
    r_t: Tensor
    updates: Tensor
    signs: Tensor
    images: Tensor

    def __init__(self, options: AdaOptions | None = None) -> None:
        super().__init__(options or AdaOptions())
        if idle := self.options.without_effect():
            message = (
                f"these options of ada have no effect: {', '.join(idle)}. Its groups are "
                f"{','.join(self.options.groups)}, and they are of others: add those to groups "
                "(`ganzoo show augmentation ada`)"
            )
            warnings.warn(ganzoo.GanzooWarning(message), stacklevel=2)
        start = ganzoo.value_at(self.options.p, ganzoo.Progress(0, 0))
        for name, value in {"p": start, "r_t": 0.0, "signs": 0.0, "images": 0.0}.items():
            self.register_buffer(name, torch.tensor(value))
        self.register_buffer("updates", torch.tensor(0))
        self.resampling = Resampling()
        self.band_filter = BandFilter()

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to as many transformed ones."""
        options = self.options
        draws = Draws(images, self.p)
        _, channels, height, width = images.shape

        # Geometry: one affine map, which needs no interpolation where pixels move to pixels.
        if options.any_of("geom"):
            images = self.resampling(images, geometry.random_maps(draws, options, height, width))
        elif options.any_of("blit"):
            images = moved_by_pixels(images, geometry.random_maps(draws, options, height, width))

        # Color: one matrix.
        if options.any_of("color"):
            images = recolored(images, color.random_maps(draws, options, grey=channels == 1))

        # Frequency bands, noise, cutout.
        if m := options.multiplier("filter"):
            images = self.band_filter(images, random_gains(draws, m))
        if m := options.multiplier("noise"):
            images = noise(images, draws, m)
        if m := options.multiplier("cutout"):
            images = cutout(images, draws, m)
        return images

    def at(self, progress: ganzoo.Progress) -> None:
        """Set p where it is fixed or scheduled."""
        if self.options.mode == "fixed":
            self.p.fill_(ganzoo.value_at(self.options.p, progress))

    def after_discriminator_step(
        self, real_scores: Tensor | None, fake_scores: Tensor | None
    ) -> dict[str, Tensor]:
        """Count the signs of the real scores, and move p at the end of each interval.

        Raises:
            Unsupported: p is adaptive, and the loss scores no real images.
        """
        options = self.options
        if real_scores is None:
            if options.mode == "adaptive":
                raise ganzoo.Unsupported(
                    "ada adapts p to the scores of real images, and this loss scores none; "
                    "set its options mode = 'fixed' and p, like p = 0.5"
                )
            return {"p": self.p.clone()}

        # Count.
        self.signs += real_scores.sign().sum()
        self.images += len(real_scores)
        self.updates += 1

        # Adapt at the end of an interval, without waiting for the device to say whether it is one.
        ends = self.updates % options.interval == 0
        self.r_t.copy_(torch.where(ends, self.signs / self.images, self.r_t))
        if options.mode == "adaptive":
            step = (self.r_t - options.target).sign() * self.images / (1000 * options.speed)
            self.p.copy_(torch.where(ends, (self.p + step).clamp(0, 1), self.p))
        for counter in (self.signs, self.images):
            counter.mul_(~ends)
        return {"p": self.p.clone(), "r_t": self.r_t.clone()}
