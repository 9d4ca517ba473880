"""The formats: ONNX, torch.export and safetensors. Each writes the generator to one file."""

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
"""Largest difference between pixels in [-1, 1] of the exported program and the generator."""

ONNX_PACKAGES = ("onnx", "onnxscript")
"""Packages that torch's ONNX exporter imports."""


def check_installed() -> None:
    """Check that the packages for ONNX export are installed.

    Raises:
        UsageError: one is missing; names the extra that installs it.
    """
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"to export to ONNX torch needs {' and '.join(missing)}, not installed here: "
            'pip install "gan-zoo[export]"'
        )


def write_onnx(subject: Subject, folder: Path) -> str:
    """Write `generator.onnx`, which includes the weights."""
    name = "generator.onnx"
    exported = export_program(subject, "onnx")
    with _silenced(), _explain_errors(subject, "onnx"):
        program = torch.onnx.export(
            exported,
            subject.inputs(2),
            dynamo=True,
            input_names=subject.input_names,
            output_names=["images"],
            dynamic_shapes=tuple({0: "batch"} for _ in subject.input_names),
            verbose=False,
        )
        assert program is not None, "torch returns the program if no file is named"
        program.model.metadata_props["ganzoo"] = subject.to_json()
        program.save(folder / name, external_data=False)
    return name


def write_torch_export(subject: Subject, folder: Path) -> str:
    """Write `generator.pt2`, which `torch.export.load` reads without ganzoo."""
    name = "generator.pt2"
    exported = export_program(subject, "torch-export")
    with _silenced(), _explain_errors(subject, "torch-export"):
        torch.export.save(exported, folder / name, extra_files={"ganzoo.json": subject.to_json()})
    return name


def write_safetensors(subject: Subject, folder: Path) -> str:
    """Write `generator.safetensors`: the weights alone; `ganzoo.json` describes the generator."""
    name = "generator.safetensors"
    weights = {key: value.contiguous() for key, value in subject.generator.state_dict().items()}
    save_file(weights, folder / name, metadata={"ganzoo": subject.to_json()})
    return name


WRITERS = {"onnx": write_onnx, "torch-export": write_torch_export, "safetensors": write_safetensors}


def export_program(subject: Subject, format_name: str) -> ExportedProgram:
    """Export the generator as a graph for any batch size, and compare its images.

    Raises:
        GanzooError: torch cannot export it, or the graph makes other images.
    """
    with _silenced(), _explain_errors(subject, format_name):
        # Export.
        try:
            exported = _export(subject, strict=False)
        except Exception as error:
            # reading bytecode, torch supports other Python: `len(z)`, for example
            try:
                exported = _export(subject, strict=True)
            except Exception:
                raise error from None

        # Compare images at two batch sizes.
        graph = exported.module()
        differences = [
            (subject.images(graph, n) - subject.images(subject.generator, n)).abs().max().item()
            for n in (1, 5)
        ]
    if not max(differences) <= TOLERANCE:  # NaN too
        raise GanzooError(
            f"{subject.title} cannot be exported to {format_name}: as a graph it makes images "
            f"that differ by up to {max(differences):.2g}, for its code depends on more than z and "
            f"labels. Its weights can be: {setting('format', 'safetensors')}"
        )
    return exported


def _export(subject: Subject, *, strict: bool) -> ExportedProgram:
    inputs = subject.inputs(2)
    shapes = tuple({0: Dim("batch", min=1)} for _ in inputs)
    return torch.export.export(subject.generator, inputs, dynamic_shapes=shapes, strict=strict)


@contextmanager
def _explain_errors(subject: Subject, format_name: str) -> Iterator[None]:
    """Explain an exception of torch in one line that names the generator."""
    try:
        yield
    except (GanzooError, OSError):
        raise
    except Exception as error:  # torch raises exceptions of many types
        raise GanzooError(
            f"{subject.title} cannot be exported to {format_name}: {_reason(error)}. "
            f"Its weights can be: {setting('format', 'safetensors')}"
        ) from error


def _reason(error: BaseException) -> str:
    """Torch's reason in one line: the message of the innermost cause."""
    if "specialized" in str(error):
        return "its code fixes the batch size (it uses the size as a number, not as torch's symbol)"
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}".rstrip(".")


@contextmanager
def _silenced() -> Iterator[None]:
    """Silence the warnings, logs and graphs that torch prints while exporting."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
