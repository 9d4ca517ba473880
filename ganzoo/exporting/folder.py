"""`ganzoo.export`: write a run's generator into a folder for others to use."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from safetensors import SafetensorError

from ganzoo.discovery.host import PluginHost
from ganzoo.errors import GanzooError, GanzooWarning, UsageError, did_you_mean, setting
from ganzoo.exporting.card import export_card
from ganzoo.exporting.formats import WRITERS, check_installed
from ganzoo.exporting.latents import DRAWS
from ganzoo.exporting.page import find_runtime, write_page
from ganzoo.exporting.subject import Subject
from ganzoo.files import replacing_file
from ganzoo.run import Run

Format = Literal["onnx", "torch-export", "safetensors", "page"]

FORMATS = (*WRITERS, "page")

Writer = Callable[[Subject, Path], str]
"""Writes a generator into a folder, and returns the name of the file."""

EXAMPLES = 16
"""Conditions in `conditions.npy`, as many as the card's program makes images."""


def export(
    run: Run | str | Path,
    format: Format = "onnx",  # noqa: A002  # as the command's option
    *,
    out: str | Path | None = None,
    step: int | Literal["best"] | None = None,
    force: bool = False,
    runtime: str | Path | None = None,
    host: PluginHost | None = None,
) -> Path:
    """Export a run's averaged generator, with a model card.

        folder = ganzoo.export("runs/first", "onnx")  # runs/first/exports/onnx-001500

    The folder holds

    - `generator.onnx`, `.pt2` or `.safetensors`: float32, for any batch size; or `index.html`;
    - `ganzoo.json`: the facts needed to build the generator again;
    - `README.md`: the model card, with a program, the inputs and outputs, metrics and provenance;
    - `z.npy` (and `labels.npy`) and `image.npy`, which the generator makes of it, with ONNX, unless
      the generator draws noise too;
    - `latents.npy`: 256 draws of z, if its distribution is not normal or uniform;
    - `conditions.npy`: vectors or pictures of some training images, if it is conditioned on these.

    Args:
        run: a run or its directory.
        format: `"onnx"` (needs the extra `export`), `"torch-export"` for torch without ganzoo,
            `"safetensors"`: the weights alone; or `"page"`: one HTML file in which the generator
            runs in a browser (needs the extra `export`, and onnxruntime-web of npm).
        out: a new or empty folder; by default one in the run's `exports/`.
        step: of the checkpoint, or `"best"`; by default the latest. Not with a `Run`.
        force: replace the files of an earlier export; other files in the folder stay.
        runtime: folder of the npm package onnxruntime-web, for a page; by default
            `node_modules/onnxruntime-web` in this folder or one above.
        host: the plugins to choose from; by default the installed ones. Not used with a `Run`.

    Returns:
        the folder.

    Raises:
        UsageError: there is no such run, checkpoint or format, the folder is not empty, or a
            package is missing.
        GanzooError: the checkpoint is damaged, torch cannot export the generator, or the folder
            cannot be written; nothing half-written is left.
    """
    if format not in FORMATS:
        raise UsageError(
            f"no format '{format}'.{did_you_mean(format, FORMATS)} There are {', '.join(FORMATS)}."
        )
    if runtime is not None and format != "page":
        raise UsageError(f"{setting('runtime')} is for {setting('format', 'page')} alone")
    if format in ("onnx", "page"):
        check_installed()
    writer = WRITERS.get(format) or partial(write_page, runtime=find_runtime(runtime))
    if not isinstance(run, Run):
        run = Run(run, step=step, device="cpu", host=host)
    elif step is not None:
        raise UsageError("a Run has its checkpoint already: ganzoo.Run(path, step=…)")
    if run.manifest.refines:
        message = (
            f"the loss '{run.config.loss.name}' moves z by the discriminator before images are "
            "sampled; the export holds the generator alone, so it samples without that"
        )
        warnings.warn(GanzooWarning(message), stacklevel=2)
    folder = run.path / "exports" / f"{format}-{run.checkpoint.name}" if out is None else Path(out)
    _check_free(folder, force)
    return _write(Subject(run), format, writer, folder)


def _check_free(folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder to export into")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise UsageError(
            f"{folder} exists and is not empty; name another folder, or replace the files of an "
            f"earlier export in it with {setting('force', True)}"
        )


def _write(subject: Subject, format_name: str, writer: Writer, folder: Path) -> Path:
    """Write all files into a hidden folder, then move them into place."""
    path = folder.absolute()
    try:
        # in the nearest existing parent, so that a failure leaves no empty folders behind
        parent = next(p for p in (path, *path.parents) if p.is_dir())
        with TemporaryDirectory(
            prefix=".ganzoo-export-", dir=parent, ignore_cleanup_errors=True
        ) as name:
            temporary = Path(name)
            _write_files(subject, format_name, writer, temporary)
            folder.mkdir(parents=True, exist_ok=True)
            for file in sorted(temporary.iterdir()):
                with file.open("rb") as source, replacing_file(folder / file.name) as target:
                    shutil.copyfileobj(source, target)  # behind links, with usual permissions
    except (OSError, SafetensorError) as error:
        raise GanzooError(f"cannot write the export {folder}: {error}") from error
    return folder


def _write_files(subject: Subject, format_name: str, writer: Writer, folder: Path) -> None:
    """Write the generator, `ganzoo.json`, arrays beside it, and the model card."""
    file = writer(subject, folder)
    (folder / "ganzoo.json").write_text(subject.to_json(), encoding="utf-8")
    if not subject.latent.is_common:
        np.save(folder / "latents.npy", subject.inputs(DRAWS)[0].numpy())
    if subject.is_conditional and not subject.run.num_classes:
        np.save(folder / "conditions.npy", subject.inputs(EXAMPLES)[1].numpy())
    if format_name == "onnx" and not subject.draws_noise:
        values = (*subject.inputs(1), subject.images(subject.generator, 1))
        for name, value in zip((*subject.input_names, "image"), values, strict=True):
            np.save(folder / f"{name}.npy", np.ascontiguousarray(value.numpy()))
    card = export_card(subject, format_name, file)
    (folder / "README.md").write_text(card, encoding="utf-8")
