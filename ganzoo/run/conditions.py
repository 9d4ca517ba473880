"""Conditions of a run: vectors or pictures of some training images, to sample without the dataset.

They lie in `conditions.safetensors` of the run directory, pictures as uint8.
"""

from __future__ import annotations

import torch
from safetensors.torch import load_file, save

from ganzoo.data.pixels import from_uint8, to_uint8
from ganzoo.errors import reading
from ganzoo.files import replacing_file
from ganzoo.interfaces.dataset import ImageSpec, Picture
from ganzoo.run.directory import RunDirectory
from ganzoo.sampling import Conditions

FILE = "conditions.safetensors"


def write_conditions(directory: RunDirectory, conditions: Conditions | None) -> None:
    """Write the conditions that a run keeps, unless it keeps none or has written them.

    Raises:
        GanzooError: the file cannot be written.
    """
    file = directory.path / FILE
    if conditions is None or conditions.kept is None or file.exists():
        return
    kept = conditions.kept
    stored = to_uint8(kept) if isinstance(conditions.image.condition, Picture) else kept
    with replacing_file(file) as stream:
        stream.write(save({"conditions": stored.contiguous()}))


def read_conditions(directory: RunDirectory, image: ImageSpec) -> Conditions:
    """Read the conditions that a run keeps; none if their file is missing.

    Raises:
        GanzooError: it is damaged.
    """
    file = directory.path / FILE
    if image.condition is None or not file.exists():
        return Conditions(image)
    is_picture = isinstance(image.condition, Picture)
    with reading(file):
        kept = load_file(file)["conditions"]
        dtype = torch.uint8 if is_picture else torch.float32
        if kept.shape[1:] != image.condition_shape or kept.dtype != dtype or not len(kept):
            raise ValueError(f"it holds {kept.dtype} of shape {tuple(kept.shape)}")
    return Conditions(image, from_uint8(kept) if is_picture else kept)
