"""The formats: each writes one file from a generator, and says how it is used."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.export import Dim, ExportedProgram

from ganzoo.errors import GanzooError, UsageError, setting
from ganzoo.exporting.subject import Subject

TOLERANCE = 1e-4
"""How far an image of the exported program may be from the eager one, for pixels in [-1, 1]."""

ONNX_NEEDS = ("onnx", "onnxscript")


def check_installed() -> None:
    """See that what torch needs for ONNX is there, before any work.

    Raises:
        UsageError: naming what is missing, and the extra that brings it.
    """
    missing = [name for name in ONNX_NEEDS if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"to export to ONNX torch needs {' and '.join(missing)}, not installed here: "
            'pip install "gan-zoo[export]"'
        )


def write_onnx(subject: Subject, folder: Path) -> str:
    """`generator.onnx`, weights and all, by torch's exporter."""
    name = "generator.onnx"
    exported = program(subject, "onnx")
    with _quietly(), _explained(subject, "onnx"):
        made = torch.onnx.export(
            exported,
            subject.inputs(2),
            dynamo=True,
            input_names=subject.input_names,
            output_names=["images"],
            dynamic_shapes=tuple({0: "batch"} for _ in subject.input_names),
            verbose=False,
        )
        assert made is not None, "torch gives the program where no file is named"
        made.model.metadata_props["ganzoo"] = subject.to_json()
        made.save(folder / name, external_data=False)
    return name


def write_torch_export(subject: Subject, folder: Path) -> str:
    """`generator.pt2`, which `torch.export.load` reads without ganzoo."""
    name = "generator.pt2"
    exported = program(subject, "torch-export")
    with _quietly(), _explained(subject, "torch-export"):
        torch.export.save(exported, folder / name, extra_files={"ganzoo.json": subject.to_json()})
    return name


def write_safetensors(subject: Subject, folder: Path) -> str:
    """`generator.safetensors`: the weights; `ganzoo.json` says what they belong to."""
    name = "generator.safetensors"
    weights = {key: value.contiguous() for key, value in subject.generator.state_dict().items()}
    save_file(weights, folder / name, metadata={"ganzoo": subject.to_json()})
    return name


WRITERS = {
    "onnx": write_onnx,
    "torch-export": write_torch_export,
    "safetensors": write_safetensors,
}


def program(subject: Subject, format_name: str) -> ExportedProgram:
    """The generator as a graph for any batch size, seen to make the same images.

    Raises:
        GanzooError: torch cannot, or the graph makes other images.
    """
    generator, inputs = subject.generator, subject.inputs(2)
    shapes = tuple({0: Dim("batch", min=1)} for _ in inputs)
    with _quietly(), _explained(subject, format_name):
        try:
            exported = torch.export.export(generator, inputs, dynamic_shapes=shapes, strict=False)
        except Exception as first:
            # reading bytecode, torch understands other things: `len(z)`, say
            try:
                exported = torch.export.export(
                    generator, inputs, dynamic_shapes=shapes, strict=True
                )
            except Exception:
                raise first from None
        graph = exported.module()
        errors = [
            (subject.images(graph, n) - subject.images(generator, n)).abs().max().item()
            for n in (1, 5)
        ]
    if not max(errors) <= TOLERANCE:
        raise GanzooError(
            f"{subject.whose} cannot be exported to {format_name}: as a graph it makes images "
            f"that differ by up to {max(errors):.2g}, for its code depends on more than z and "
            f"labels. Its weights can be: {setting('format', 'safetensors')}"
        )
    return exported


@contextmanager
def _explained(subject: Subject, format_name: str) -> Iterator[None]:
    """What torch raises while it exports, in a line, with whose generator it is."""
    try:
        yield
    except (GanzooError, OSError):
        raise
    except Exception as error:  # torch raises many kinds
        raise GanzooError(
            f"{subject.whose} cannot be exported to {format_name}: {_reason(error)}. "
            f"Its weights can be: {setting('format', 'safetensors')}"
        ) from error


def _reason(error: BaseException) -> str:
    """Torch's reason in a line: that of the innermost cause."""
    if "specialized" in str(error):
        return "its code fixes the batch size (it asks for a number where torch has a symbol)"
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'torch gives no reason'}".rstrip(".")


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what torch tells its own developers, by warnings, logs and graphs on stderr."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
