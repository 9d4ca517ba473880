"""The Inception network of the original FID, as implemented by torch-fidelity."""

from __future__ import annotations

import hashlib
import pickle
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor

import ganzoo
from ganzoo_fidelity.metrics import fidelity
from ganzoo_fidelity.options import InceptionOptions

STANDARD = "6726825d"
"""First digits of the sha256 of the standard weights; part of torch-fidelity's file name."""


class Inception(ganzoo.Extractor):
    """2048 features, with the network, weights and resizing that define the FID.

    With other weights of the same layout, no score is named FID.

    Weights are downloaded and loaded on first use. That raises `ganzoo.DataError` if the download
    fails or the file cannot be read, and `ganzoo.UsageError` if it holds other weights.

    Raises:
        ganzoo.UsageError: torch-fidelity is not installed.
    """

    display = "Inception"

    options: InceptionOptions

    def __init__(self, options: InceptionOptions | None = None) -> None:
        super().__init__(options or InceptionOptions())
        self._module = fidelity("feature_extractor_inceptionv3")

    @cached_property
    def _file(self) -> Path:
        if self.options.weights:
            return Path(self.options.weights)
        return _downloaded(self._module.URL_INCEPTION_V3)

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the weight file."""
        return _checked(self._file)

    @cached_property
    def network(self) -> Any:
        """torch-fidelity's network, loaded after the file is checked to contain no code."""
        _ = self.fingerprint
        try:
            return self._module.FeatureExtractorInceptionV3(
                "inception", ["2048"], feature_extractor_weights_path=str(self._file)
            )
        except (RuntimeError, AttributeError, TypeError) as error:
            raise ganzoo.UsageError(
                f"{self._file} does not hold the weights of torch-fidelity's Inception network: "
                f"{str(error).splitlines()[0]}"
            ) from None

    @property
    def resizing(self) -> str:
        """The resizing of the original FID."""
        return "299x299, bilinear as in TensorFlow 1, [-1, 1), grey as RGB"

    def features(self, images: Tensor) -> Tensor:
        """The 2048 features of the last pooling layer."""
        if images.shape[1] not in (1, 3) or min(images.shape[2:]) < 2:
            raise ganzoo.Unsupported(
                "the Inception network needs images of 1 or 3 channels and at least 2x2 pixels, "
                f"not {'x'.join(map(str, images.shape[1:]))}"
            )
        features: Tensor = self.network.to(images.device)(images.expand(-1, 3, -1, -1))[0]
        return features

    def title(self, score: str) -> str:
        """FID and KID with the standard weights, otherwise Inception-FD and Inception-KD."""
        if self.fingerprint.startswith(STANDARD) and score in ("FD", "KD"):
            return {"FD": "FID", "KD": "KID"}[score]
        return super().title(score)


def _downloaded(url: str) -> Path:
    file = ganzoo.cache_dir() / "weights" / url.rpartition("/")[2]
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(file), hash_prefix=STANDARD, progress=False)
        except (URLError, OSError, RuntimeError) as error:
            raise ganzoo.DataError(
                f"the Inception weights cannot be downloaded ({error}). Download\n  {url}\nand "
                f"use {ganzoo.setting('weights', 'FILE')}, or "
                f"{ganzoo.setting('extractor', 'efficientnet-lite0')}, whose weights are "
                "installed with it"
            ) from None
    return file


def _checked(file: Path) -> str:
    """The file's sha256, if it contains tensors only: torch-fidelity would execute pickled code."""
    try:
        data = file.read_bytes()
        torch.load(file, weights_only=True, map_location="cpu")
    except OSError as error:
        raise ganzoo.DataError(f"{file} cannot be read: {error.strerror or error}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError):
        raise ganzoo.UsageError(f"{file} is no weight file that torch can load safely") from None
    return hashlib.sha256(data).hexdigest()
