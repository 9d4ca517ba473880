"""Features: images through an extractor in batches, and those of real images kept in the cache."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ganzoo.data.cache import cache_dir
from ganzoo.errors import GanzooError, PluginError
from ganzoo.files import replacing_file
from ganzoo.interfaces.extractor import Classifier, Extractor
from ganzoo.interfaces.metric import ImageSet

BATCH = 64
"""Images in the network at once."""


def with_features(
    images: ImageSet, extractor: Extractor, device: torch.device, *, identity: str = ""
) -> ImageSet:
    """The images with their features, and logits where the extractor classifies.

    Args:
        images: what to look at.
        extractor: prepared.
        device: where its network runs.
        identity: a hash of what the images are, by which the features are kept; computed anew
            where empty.
    """
    file = None
    if identity:
        text = json.dumps([identity, extractor.fingerprint, extractor.resizing, len(images)])
        name = hashlib.sha256(text.encode()).hexdigest()[:32]
        file = cache_dir() / "features" / f"{name}.safetensors"
    found = _read(file, len(images)) if file else None
    if found is None:
        found = _compute(images.images, extractor, device)
        if file:
            _write(file, found)
    return replace(images, features=found["features"], logits=found.get("logits"))


@torch.inference_mode()
def _compute(images: Tensor, extractor: Extractor, device: torch.device) -> dict[str, Tensor]:
    found: dict[str, list[Tensor]] = {}
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].to(device)
        made = {"features": extractor.features(batch)}
        if isinstance(extractor, Classifier):
            made["logits"] = extractor.logits(batch)
        for name, part in made.items():
            if part.ndim != 2 or len(part) != len(batch):
                raise PluginError(
                    f"an extractor of {type(extractor).__name__} gave {name} of shape "
                    f"{tuple(part.shape)} for {len(batch)} images; (N, D) was promised"
                )
            found.setdefault(name, []).append(part.float().cpu())
    return {name: torch.cat(parts).clone() for name, parts in found.items()}


def _read(file: Path, n: int) -> dict[str, Tensor] | None:
    """What is kept; None where it is not there or not whole."""
    try:
        kept = load_file(file)
    except (OSError, SafetensorError):
        return None
    return kept if len(kept.get("features", ())) == n else None


def _write(file: Path, tensors: dict[str, Tensor]) -> None:
    """Keep features; a cache that cannot be written is no failure."""
    with suppress(GanzooError, SafetensorError), replacing_file(file) as stream:
        stream.write(save(tensors))
