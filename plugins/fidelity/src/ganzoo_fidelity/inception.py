"""The Inception network of the original FID, as torch-fidelity has it."""

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
"""How the sha256 of the standard weights begins: torch-fidelity's file is named by it."""


class Inception(ganzoo.Extractor):
    """2048 features of the network, weights and resizing that the FID was defined with.

    With other weights in a file of the same layout nothing is called FID.

    Weights are downloaded and opened when they are first needed. That raises `ganzoo.DataError`
    where they cannot be had, and `ganzoo.UsageError` where the file holds others.

    Args:
        options: where the weights are.

    Raises:
        ganzoo.UsageError: torch-fidelity is not installed.
    """

    display = "Inception"

    def __init__(self, options: InceptionOptions | None = None) -> None:
        self.options = options or InceptionOptions()
        self._module = fidelity("feature_extractor_inceptionv3")

    @cached_property
    def _file(self) -> Path:
        if self.options.weights:
            return Path(self.options.weights)
        return _downloaded(self._module.URL_INCEPTION_V3)

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights."""
        return _checked(self._file)

    @cached_property
    def network(self) -> Any:
        """torch-fidelity's, once the file is known to hold no code."""
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
        """That of the original."""
        return "299x299, bilinear as in TensorFlow 1, [-1, 1), grey as RGB"

    def features(self, images: Tensor) -> Tensor:
        """The 2048 features before the last layer."""
        if images.shape[1] not in (1, 3) or min(images.shape[2:]) < 2:
            raise ganzoo.Unsupported(f"the Inception network sees pictures, not {images.shape[1:]}")
        found: Tensor = self.network.to(images.device)(images.expand(-1, 3, -1, -1))[0]
        return found

    def title(self, score: str) -> str:
        """FID and KID, by the standard weights alone."""
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
                f"the Inception weights cannot be downloaded ({error}). Get\n  {url}\nand say "
                "--weights FILE; or use --extractor efficientnet-lite0, which comes with its "
                "weights"
            ) from None
    return file


def _checked(file: Path) -> str:
    """The file's sha256, if it holds tensors and no code: torch-fidelity would run that."""
    try:
        data = file.read_bytes()
        torch.load(file, weights_only=True, map_location="cpu")
    except OSError as error:
        raise ganzoo.DataError(f"{file} cannot be read: {error.strerror or error}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError):
        raise ganzoo.UsageError(f"{file} is no file of weights that torch opens safely") from None
    return hashlib.sha256(data).hexdigest()
