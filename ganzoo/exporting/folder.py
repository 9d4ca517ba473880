"""`ganzoo.export`: a run's generator into a folder that can be given away."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors import SafetensorError

from ganzoo.discovery.host import PluginHost
from ganzoo.errors import GanzooError, UsageError, did_you_mean, setting
from ganzoo.exporting.card import model_card
from ganzoo.exporting.formats import WRITERS, check_installed
from ganzoo.exporting.latents import DRAWS
from ganzoo.exporting.subject import Subject
from ganzoo.run import Run

Format = Literal["onnx", "torch-export", "safetensors"]

FORMATS = tuple(WRITERS)


def export(
    run: Run | str | Path,
    format: Format = "onnx",  # noqa: A002  # as the command's option
    *,
    out: str | Path | None = None,
    step: int | Literal["best"] | None = None,
    force: bool = False,
    host: PluginHost | None = None,
) -> Path:
    """Write a run's averaged generator for others to use, with a model card beside it.

        folder = ganzoo.export("runs/first", "onnx")  # runs/first/exports/onnx-001500

    The folder holds `generator.onnx`, `.pt2` or `.safetensors` (float32, for any batch size),
    `ganzoo.json`, from which it can be built again, and `README.md`, the card: how it is used,
    what z is, what made it, how good it is. Where z is of a distribution that other libraries do
    not draw, `latents.npy` holds some.

    Args:
        run: a run or its directory.
        format: `"onnx"` (needs the extra `export`), `"torch-export"`, which torch loads without
            ganzoo, or `"safetensors"`, weights for a freshly built generator.
        out: a folder, new or empty; one below the run's `exports/` where None.
        step: of the checkpoint, or `"best"`; the latest where None. A `Run` has its own already.
        force: replace the files of an earlier export; others in the folder stay.
        host: where to look for the run's plugins; the installed ones where None. A `Run` has its
            own already.

    Returns:
        the folder.

    Raises:
        UsageError: there is no such run, checkpoint or format, the folder is taken, or a package
            is missing.
        GanzooError: the generator cannot be exported, with torch's reason, or the folder cannot
            be written; nothing half-written is left.
    """
    if format not in FORMATS:
        raise UsageError(
            f"no format '{format}'.{did_you_mean(format, FORMATS)} There are {', '.join(FORMATS)}."
        )
    if format == "onnx":
        check_installed()
    if isinstance(run, Run):
        if step is not None:
            raise UsageError("a Run has its checkpoint already: ganzoo.Run(path, step=…)")
    else:
        run = Run(run, step=step, device="cpu", host=host)
    place = run.path / "exports" / f"{format}-{run.checkpoint.name}" if out is None else Path(out)
    _check_free(place, force)
    return _write(Subject(run), format, place)


def _check_free(place: Path, force: bool) -> None:
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place} is a file; name a folder to export into")
    if place.is_dir() and any(place.iterdir()) and not force:
        raise UsageError(
            f"{place} exists and is not empty; name another folder, or replace the files of an "
            f"earlier export in it with {setting('force', True)}"
        )


def _write(subject: Subject, format_name: str, place: Path) -> Path:
    """Everything into a hidden folder beside the place, then by renaming into it."""
    temporary = None
    try:
        # in the nearest folder that is there already: a failure leaves no empty ones behind
        parent = next(p for p in (place.absolute(), *place.absolute().parents) if p.is_dir())
        temporary = Path(tempfile.mkdtemp(prefix=".ganzoo-export-", dir=parent))
        name = WRITERS[format_name](subject, temporary)
        (temporary / "ganzoo.json").write_text(subject.to_json(), encoding="utf-8")
        if not subject.latent.is_common:
            np.save(temporary / "latents.npy", subject.inputs(DRAWS)[0].numpy())
        card = model_card(subject, format_name, name)
        (temporary / "README.md").write_text(card, encoding="utf-8")
        place.mkdir(parents=True, exist_ok=True)
        for file in sorted(temporary.iterdir()):
            os.replace(file, place / file.name)  # noqa: PTH105  # over what is there, anywhere
    except (OSError, SafetensorError) as error:
        raise GanzooError(f"cannot write the export {place}: {error}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return place
