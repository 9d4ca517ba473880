"""STAND-IN by the lead until the data helper's store lands; overwrite freely."""

from __future__ import annotations
from typing import Any
import numpy as np, torch
from PIL import Image, ImageOps
from ganzoo.interfaces.values import Batch, ImageSource, ImageSpec


class ImageStore:
    def __init__(self, images, labels, spec, class_names=()):
        self.images, self.labels, self.spec, self.class_names = (
            images,
            labels,
            spec,
            tuple(class_names),
        )

    def __len__(self):
        return len(self.images)

    @classmethod
    def from_source(
        cls,
        source,
        *,
        size=None,
        channels=None,
        skip_bad=False,
        key=None,
        cache_dir=None,
        progress=None,
    ):
        size = size or (source.spec.height, source.spec.width)
        size = (size, size) if isinstance(size, int) else size
        channels = channels or source.spec.channels
        out, labels = [], []
        for i in range(len(source.images)):
            im, y = source.images[i]
            if isinstance(im, torch.Tensor):
                out.append(im.permute(1, 2, 0))
            else:
                im = ImageOps.fit(
                    im.convert("L" if channels == 1 else "RGB"),
                    size[::-1],
                    Image.Resampling.BICUBIC,
                )
                out.append(torch.from_numpy(np.array(im)).view(*size, channels))
            labels.append(y)
        return cls(
            torch.stack(out),
            torch.tensor(labels),
            ImageSpec(channels, *size, source.spec.num_classes),
            source.class_names,
        )

    @classmethod
    def from_dataset(
        cls, images, *, size=None, channels=None, class_names=(), num_classes=None, **kw
    ):
        c, h, w = images[0][0].shape
        return cls.from_source(ImageSource(images, ImageSpec(c, h, w, num_classes or 0)))

    def batch(self, indices, device):
        x = self.images[indices].to(device).permute(0, 3, 1, 2).float().mul_(1 / 127.5).sub_(1)
        return Batch(x, self.labels[indices].to(device) if self.spec.num_classes else None)
