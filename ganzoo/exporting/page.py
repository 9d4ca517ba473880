"""The format `page`: one HTML file in which the generator runs, by ONNX Runtime for browsers.

Everything is inlined, compressed, so that the page opens from a disk and loads nothing.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from ganzoo.errors import Unsupported, UsageError, setting
from ganzoo.exporting.formats import write_onnx
from ganzoo.exporting.subject import Subject
from ganzoo.interfaces.architecture import StyleGenerator
from ganzoo.interfaces.latent import NormalLatent, UniformLatent
from ganzoo.latents import directions
from ganzoo.latents.space import Space

PACKAGE = Path("node_modules", "onnxruntime-web")

RUNTIME_FILES = ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm")
"""ONNX Runtime for browsers: JavaScript, and WebAssembly for one thread."""

SEEDS = 128
"""Seeds whose z is in the page."""

DIRECTIONS = 8
"""Largest number of sliders along directions."""

CONDITIONS = 16
"""Largest number of vectors or pictures to choose from."""


def find_runtime(folder: str | Path | None) -> Path:
    """The folder of onnxruntime-web: the given one, or `node_modules/` here or above.

    Raises:
        UsageError: it is not there; says how to install it.
    """
    here = Path.cwd()
    places = [Path(folder)] if folder is not None else [p / PACKAGE for p in (here, *here.parents)]
    for place in places:
        if all((place / name).is_file() for name in RUNTIME_FILES):
            return place
    missing = f"{folder} is not its folder" if folder is not None else "it is not installed here"
    raise UsageError(
        f"a page holds ONNX Runtime for browsers, and {missing}: run `npm install onnxruntime-web` "
        f"in this folder, or name the package's folder with {setting('runtime', 'DIR')}"
    )


class Steered(nn.Module):
    """A generator with a truncation and a shift of its latent, z or w, in one graph.

    Args:
        generator: the generator.
        mean: of the latent, `(D,)` of z or `(L, D)` of w.
    """

    mean: Tensor

    def __init__(self, generator: nn.Module, mean: Tensor) -> None:
        super().__init__()
        self.generator = generator
        self.register_buffer("mean", mean)

    def forward(
        self, z: Tensor, truncation: Tensor, shift: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        """Images of mean + truncation (latent - mean) + shift.

        Args:
            z: `(N, latent_dim)`.
            truncation: `(N, 1)`; 0 is the mean, 1 leaves the latent alone.
            shift: `(N, D)`, of all layers of w.
            labels: `(N, …)` of a conditional generator.
        """
        conditions = () if labels is None else (labels,)
        if self.mean.ndim == 1:
            point = self.mean + truncation * (z - self.mean) + shift
            images: Tensor = self.generator(point, *conditions)
            return images
        network = cast(StyleGenerator, self.generator)
        w = network.mapping(z, *conditions)
        return network.synthesis(self.mean + truncation[:, None] * (w - self.mean) + shift[:, None])


class PageSubject(Subject):
    """The subject with the inputs of a page."""

    @cached_property
    def space(self) -> Space:
        """The latent space of the sliders."""
        return Space(self.run)

    @cached_property
    def generator(self) -> nn.Module:
        """The generator, steered."""
        common = isinstance(self.run.latent, NormalLatent | UniformLatent)
        mean = self.space.mean.detach().to("cpu", torch.float32)
        if self.space.name == "z" and common:
            mean = torch.zeros_like(mean)
        return Steered(Subject(self.run).generator, mean).requires_grad_(False).eval()

    @property
    def input_names(self) -> list[str]:
        """z, truncation and shift, and labels if the generator is conditional."""
        first, *labels = super().input_names
        return [first, "truncation", "shift", *labels]

    def inputs(self, n: int, seed: int = 0) -> tuple[Tensor, ...]:
        """Draw z, with a truncation and a shift that change images, and labels."""
        z, *labels = super().inputs(n, seed)
        shift = torch.linspace(-0.5, 0.5, n * self.space.mean.shape[-1]).view(n, -1)
        return (z, torch.linspace(0.5, 1, n)[:, None], shift, *labels)


def write_page(subject: Subject, folder: Path, runtime: Path) -> str:
    """Write `index.html`.

    Args:
        subject: what is exported.
        folder: an existing folder.
        runtime: what `find_runtime` returned.

    Raises:
        UsageError: the images are no pictures of 1 or 3 channels.
    """
    image = subject.run.manifest.image
    if image.channels not in (1, 3):
        raise UsageError(
            f"a page shows images of 1 or 3 channels, and these have {image.channels}; export to "
            f"{setting('format', 'onnx')}"
        )

    # The generator, as ONNX, and what the page tells of it.
    steered = PageSubject(subject.run)
    onnx = folder / write_onnx(steered, folder)
    model = onnx.read_bytes()
    onnx.unlink()
    script, wasm = ((runtime / name).read_bytes() for name in RUNTIME_FILES)
    config = subject.run.config
    title = f"{config.arch.name} trained with {config.loss.name} on {config.data.name}"

    # Fill the template.
    sources = files("ganzoo.exporting") / "page_files"
    page, style, code = (
        (sources / name).read_text(encoding="utf-8")
        for name in ("page.html", "page.css", "page.js")
    )
    parts = {
        "title": html.escape(title),
        "lede": f"{subject.run.manifest.step:,} steps, {image.width} x {image.height} pixels",
        "style": style,
        "code": code,
        "facts": json.dumps(_facts(steered)).replace("<", "\\u003c"),
        "model": _packed(model),
        "script": _packed(script),
        "wasm": _packed(wasm),
    }
    filled = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)
    (folder / "index.html").write_text(filled, encoding="utf-8")
    return "index.html"


def _facts(subject: PageSubject) -> Mapping[str, Any]:
    """What the page's script needs: latents of seeds, directions, classes."""
    # Directions, in standard deviations; a generator may have none in closed form.
    run, space = subject.run, subject.space
    length = space.mean.shape[-1]
    try:
        found = directions(run, min(DIRECTIONS, length))
        moves = found.vectors * found.scales[:, None]
    except Unsupported:
        moves = torch.zeros(0, length)

    # Conditions: classes by name, or those of some training images.
    names, conditions = [], torch.zeros(0)
    if run.num_classes:
        names = list(run.manifest.class_names) or [str(k) for k in range(run.num_classes)]
    elif subject.is_conditional:
        conditions = Subject(run).inputs(CONDITIONS)[1]
        names = [f"{run.manifest.image.condition_kind} {k}" for k in range(len(conditions))]

    draws = [run.sampler.draw(1, seed=seed) for seed in range(SEEDS)]
    return {
        "shape": run.manifest.image.shape,
        "latent": run.latent.latent_dim,
        "moved": length,
        "space": space.name,
        "spherical": isinstance(run.latent, NormalLatent),
        "seeds": _packed(torch.cat(draws).numpy().astype("<f4").tobytes()),
        "directions": _packed(moves.numpy().astype("<f4").tobytes()),
        "names": names,
        "condition": list(run.manifest.image.condition_shape),
        "conditions": _packed(conditions.numpy().astype("<f4").tobytes()),
    }


def _packed(content: bytes) -> str:
    """Compress bytes to base64 text, the same for the same bytes."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
