"""What a user gives to compare, as two sources of images of one shape.

A run, a checkpoint, a folder of images, a dataset's split, or images themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch.utils.data
from PIL import Image
from torch import Tensor

from ganzoo import registry
from ganzoo.data.store import ImageStore
from ganzoo.errors import DataError, UsageError
from ganzoo.evaluation.sources import Generated, Source, Split, Stored, store_of
from ganzoo.host import PluginHost
from ganzoo.interfaces.values import ImageSpec
from ganzoo.run import Run

Given = Run | ImageStore | Tensor | str | Path | Mapping[str, Any]
"""What can be compared: see `ganzoo.evaluate`."""


class Folder(torch.utils.data.Dataset[Image.Image]):
    """The images below a folder, not decoded yet; any kinds and sizes."""

    def __init__(self, path: Path) -> None:
        known = {end for end, kind in Image.registered_extensions().items() if kind in Image.OPEN}
        self.path = path
        self.files = sorted(p for p in path.rglob("*") if p.suffix.lower() in known)
        if not self.files:
            raise DataError(f"there are no images in {path}")

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Image.Image:
        with Image.open(self.files[index]) as image:
            image.load()
            return image

    def decoded(self, spec: ImageSpec | None) -> Stored:
        """Its images in a shape, or in that of the first."""
        size = None if spec is None else (spec.height, spec.width)
        channels = None if spec is None else spec.channels
        store = ImageStore.from_dataset(self, size=size, channels=channels)
        return Stored(str(self.path), store)


def open_both(
    a: Given, b: Given | None, *, device: str, host: PluginHost | None
) -> tuple[Source, Source]:
    """Sample and reference, as sources of images of one shape.

    A run and images that were given have the shape they have; a dataset or a folder is decoded to
    that of the other side, and of two of these to the reference's own.

    Raises:
        UsageError: something cannot be compared, or the shapes differ.
    """
    sample = _resolve(a, device, host)
    if b is None:
        if not isinstance(sample, Generated):
            raise UsageError(
                "only a run knows what to be compared with (the images it was trained on); say "
                "what this is to be compared with: --against DATASET, a folder or a run"
            )
        reference: Source | Split | Folder = _trained_on(sample.run, host)
    else:
        reference = _resolve(b, device, host)
    spec = next((s.spec for s in (sample, reference) if isinstance(s, Source)), None)
    if spec is None:
        own = next((s for s in (reference, sample) if isinstance(s, Split)), None)
        spec = own.source.spec if own is not None else None
    opened_b = _decoded(reference, spec)
    opened_a = _decoded(sample, spec or opened_b.spec)
    if opened_a.spec.shape != opened_b.spec.shape:
        raise UsageError(
            f"{opened_a.title} has images of {opened_a.spec}, and {opened_b.title} of "
            f"{opened_b.spec}; only images of one shape are compared"
        )
    return opened_a, opened_b


def _decoded(found: Source | Split | Folder, spec: ImageSpec | None) -> Source:
    match found:
        case Source():
            return found
        case Folder():
            return found.decoded(spec)
        case Split():
            return found.decoded(spec or found.source.spec)


def _trained_on(run: Run, host: PluginHost | None) -> Split:
    data, image = run.config.data, run.config.image
    run.dataset  # noqa: B018  # says what to install where the plugin is gone
    return Split(data.name, options=data.options, host=host, skip_bad=image.skip_bad)


def _resolve(given: Given, device: str, host: PluginHost | None) -> Source | Split | Folder:
    match given:
        case Run():
            return Generated(given)
        case ImageStore():
            return Stored("images in memory", given)
        case Tensor():
            return Stored("images in memory", store_of(given))
        case Mapping():
            own = ("name", "split", "skip_bad")
            options = {key: value for key, value in given.items() if key not in own}
            if "name" not in given:
                raise UsageError("a dataset is given as a name, or as a dict with a name")
            return Split(
                str(given["name"]),
                str(given.get("split", "")),
                options,
                host=host,
                skip_bad=bool(given.get("skip_bad", False)),
            )
        case Path() | str():
            return _named(given, device, host)
    raise UsageError(
        f"a {type(given).__name__} cannot be compared; give a run, a checkpoint, a folder of "
        "images, the name of a dataset, or images (N, C, H, W)"
    )


def _named(given: str | Path, device: str, host: PluginHost | None) -> Source | Split | Folder:
    """A path that is there, or else the name of a dataset."""
    path = Path(given)
    if (path / "config.toml").is_file():
        return Generated(Run(path, device=device, host=host))
    if (path / "manifest.json").is_file():
        run = path.absolute().parents[1]
        if not path.name.isdigit() or not (run / "config.toml").is_file():
            raise UsageError(f"{path} is a checkpoint without its run; keep it inside the run")
        return Generated(Run(run, step=int(path.name), device=device, host=host))
    if path.is_dir():
        return Folder(path)
    if path.exists() or isinstance(given, Path):
        raise UsageError(f"{path} is no folder: neither of images nor of a run")
    name, _, split = str(given).partition(":")
    try:
        return Split(name, split, host=host)
    except registry.UnknownComponent as error:
        raise UsageError(
            f"'{given}' is no run, no checkpoint, no folder of images, and {error}"
        ) from None
