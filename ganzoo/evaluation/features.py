"""Features: images through an extractor in batches; the features of real images are cached."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ganzoo.data.cache import cache_dir, cache_name
from ganzoo.errors import GanzooError, PluginError
from ganzoo.files import replacing_file
from ganzoo.interfaces.extractor import Classifier, Extractor
from ganzoo.interfaces.metric import ImageSet

BATCH = 64
"""Images in one forward pass of the extractor."""


def with_features(
    images: ImageSet, extractor: Extractor, device: torch.device, *, identity: str = ""
) -> ImageSet:
    """Add features to images, and logits if the extractor is a classifier.

    Args:
        images: the images.
        extractor: a prepared extractor.
        device: where its network runs.
        identity: a hash of the images, by which their features are cached; not cached if empty.
    """
    outputs, file = None, None
    if identity:
        text = json.dumps([identity, extractor.fingerprint, extractor.resizing, len(images)])
        file = cache_dir() / "features" / f"{cache_name(text)}.safetensors"
        outputs = _load(file, len(images))
    if outputs is None:
        outputs = _compute(images.images, extractor, device)
        if file is not None:
            _save(file, outputs)
    return replace(images, features=outputs["features"], logits=outputs.get("logits"))


@torch.inference_mode()
def _compute(images: Tensor, extractor: Extractor, device: torch.device) -> dict[str, Tensor]:
    """Features, and logits of a classifier, of all images."""
    batches: dict[str, list[Tensor]] = {}
    for start in range(0, len(images), BATCH):
        # Run the extractor.
        batch = images[start : start + BATCH].to(device)
        outputs = {"features": extractor.features(batch)}
        if isinstance(extractor, Classifier):
            outputs["logits"] = extractor.logits(batch)

        # Check the shapes.
        for name, output in outputs.items():
            if output.ndim != 2 or len(output) != len(batch):
                raise PluginError(
                    f"{type(extractor).__name__}.{name} must return a tensor (N, D), but for "
                    f"{len(batch)} images it returns one of shape {tuple(output.shape)}"
                )
            batches.setdefault(name, []).append(output.float().cpu())

    # Check the values.
    whole = {name: torch.cat(outputs).clone() for name, outputs in batches.items()}
    for name, output in whole.items():
        if bad := int((~output.isfinite()).any(1).sum()):
            raise PluginError(
                f"{type(extractor).__name__}.{name} is not finite for {bad:,} of "
                f"{len(images):,} images"
            )
    return whole


def _load(file: Path, n: int) -> dict[str, Tensor] | None:
    """Load features from the cache; None if they are not there or damaged."""
    try:
        outputs = load_file(file)
    except (OSError, SafetensorError):
        return None
    whole = all(len(output) == n and output.isfinite().all() for output in outputs.values())
    return outputs if "features" in outputs and whole else None


def _save(file: Path, outputs: dict[str, Tensor]) -> None:
    """Save features in the cache, if it can be written."""
    with suppress(GanzooError, SafetensorError), replacing_file(file) as stream:
        stream.write(save(outputs))
