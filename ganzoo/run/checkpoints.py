"""Checkpoints: weights as safetensors, the rest as a file `torch.load(weights_only=True)` reads.

A checkpoint is written under a temporary name, flushed to disk and renamed, so it is complete or
absent. Reading one never runs code.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganzoo.assembly.trainer import Trainer
from ganzoo.config import ImageConfig
from ganzoo.errors import GanzooError, UsageError, reading, setting
from ganzoo.files import building_folder, usual_permissions
from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.dataset import Condition, ImageSpec
from ganzoo.interfaces.options import explain
from ganzoo.monitoring.term_buffer import TermBuffer, TermBufferState
from ganzoo.run import integrity
from ganzoo.run.directory import RunDirectory

NETWORKS = ("generator", "discriminator", "ema")


@dataclass(frozen=True)
class Manifest:
    """The facts needed to build the networks again, without the dataset.

    Attributes:
        step: number of generator updates.
        image: shape of the images and number of classes.
        demands: demands that the networks were built for.
        class_names: in label order; empty if the dataset has none.
        versions: by distribution, of ganzoo, torch and the providers of the run's components.
        metrics: the latest line of the log.
        checksums: SHA-256 of each other file of the checkpoint, by name.
        latent: the distribution of z, as its repr; empty if it is unknown.
        trained_with: pretrained networks that training used, as their `Extractor.display`.
        refines: whether the loss moves the z of samples: `Loss.refiner`.
        left_out: files that this copy of a checkpoint lacks on purpose, as a pulled run does.
    """

    step: int
    image: ImageSpec
    demands: Demands
    class_names: tuple[str, ...]
    versions: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    latent: str = ""
    trained_with: tuple[str, ...] = ()
    refines: bool = False
    left_out: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the manifest as JSON."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Parse a manifest; raises ValueError if the text is none."""
        # Types.
        try:
            manifest = _MANIFEST.validate_json(text, strict=True)
            image = manifest.image
            ImageConfig(size=(image.height, image.width), channels=image.channels)
        except ValidationError as error:
            raise ValueError(explain(error, {})) from None

        # Facts of a later ganzoo, which this one would ignore.
        raw = json.loads(text)
        parts: list[tuple[str, ImageSpec | Demands | Condition, dict[str, Any]]] = [
            ("image", manifest.image, raw["image"]),
            ("demands", manifest.demands, raw["demands"]),
        ]
        if manifest.image.condition is not None:
            parts.append(("condition", manifest.image.condition, raw["image"]["condition"]))
        for name, part, given in parts:
            if unknown := given.keys() - {field.name for field in fields(part)}:
                raise ValueError(f"'{name}' has an unknown '{min(unknown)}'")
        return manifest


_MANIFEST = TypeAdapter(Manifest)


@dataclass(frozen=True)
class Snapshot:
    """The content of a checkpoint, copied to the CPU, so that training continues meanwhile."""

    weights: Mapping[str, dict[str, Tensor]]
    state: Mapping[str, Any]


def snapshot(trainer: Trainer, term_buffer: TermBufferState | None = None) -> Snapshot:
    """Copy the state of a trainer to the CPU.

    Args:
        trainer: between two steps.
        term_buffer: the loss terms since the last line of the log.
    """
    state: dict[str, Any] = _copied(trainer.state_dict())
    ema = state.pop("ema")
    prefix = "module."
    weights = {
        "generator": state.pop("generator"),
        "discriminator": state.pop("discriminator"),
        "ema": {k.removeprefix(prefix): v for k, v in ema.items() if k.startswith(prefix)},
    }
    state["ema_updates"] = ema["n_averaged"]
    state["term_buffer"] = term_buffer or {}
    return Snapshot(weights, state)


def write(folder: Path, snapshot: Snapshot, manifest: Manifest) -> Path:
    """Write a checkpoint under a temporary name, flush it to the disk and rename it.

    Args:
        folder: must not exist.
        snapshot: the content.
        manifest: without checksums.

    Raises:
        GanzooError: the disk is full or not writable; no partial checkpoint is left.
    """
    try:
        # Not `parents=True`: a run directory that was removed is not made again.
        folder.parent.mkdir(exist_ok=True)
        with building_folder(folder) as temporary:
            # Weights and training state.
            for name, tensors in snapshot.weights.items():
                metadata = {"step": str(manifest.step)}
                plain = {key: tensor.contiguous() for key, tensor in tensors.items()}
                file = temporary / f"{name}.safetensors"
                with usual_permissions(file):
                    save_file(plain, file, metadata=metadata)
            with (temporary / "state.pt").open("wb") as stream:  # its errors name the cause
                torch.save(dict(snapshot.state), stream)

            # Manifest with checksums.
            files = sorted(temporary.iterdir())
            checksums = {file.name: integrity.checksum(file) for file in files}
            text = replace(manifest, checksums=checksums).to_json()
            (temporary / "manifest.json").write_text(text, encoding="utf-8")

            # Flush to the disk before renaming.
            for file in temporary.iterdir():
                _flush(file)
        _flush(folder.parent)
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch tells where it was in the file, and the system's error behind it why
        cause = error.__context__ if isinstance(error.__context__, OSError) else error
        raise GanzooError(f"cannot write the checkpoint {folder}: {cause}") from error
    return folder


def remove(folder: Path) -> None:
    """Remove a checkpoint. It is renamed first, so that no reader finds a part of it."""
    hidden = folder.with_name(f".{folder.name}.removed")
    try:
        folder.rename(hidden)
    except OSError as error:
        raise GanzooError(f"cannot remove the checkpoint {folder}: {error.strerror}") from error
    shutil.rmtree(hidden, ignore_errors=True)


def sweep(checkpoints: Path) -> None:
    """Remove partial checkpoints that a crash left. Only for the holder of the run's lock."""
    for partial in checkpoints.glob(".[0-9]*.*"):
        shutil.rmtree(partial, ignore_errors=True)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a checkpoint.

    Raises:
        GanzooError: it is missing or damaged.
    """
    with reading(file := folder / "manifest.json"):
        return Manifest.from_json(file.read_text(encoding="utf-8"))


def read_weights(folder: Path, network: str) -> dict[str, Tensor]:
    """Read the weights of `"generator"`, `"discriminator"` or `"ema"`.

    Raises:
        GanzooError: the file is missing or damaged.
    """
    file = _intact(folder, f"{network}.safetensors")
    with reading(file):
        return load_file(file)


def restore(folder: Path, trainer: Trainer) -> TermBufferState:
    """Load a checkpoint into a trainer, bit for bit.

    Returns:
        the loss terms since the last line of the log.

    Raises:
        GanzooError: a file is missing or damaged.
    """
    # Training state.
    file = _intact(folder, "state.pt")
    with reading(file):
        state: dict[str, Any] = torch.load(file, weights_only=True)
        if not isinstance(state, dict) or state.get("step") != int(folder.name):
            raise ValueError(f"it is not the training state of step {int(folder.name)}")
        term_buffer: TermBufferState = state.pop("term_buffer")
        TermBuffer().load_state_dict(term_buffer)
        ema_updates = state.pop("ema_updates")

    # Weights.
    ema = {f"module.{name}": value for name, value in read_weights(folder, "ema").items()}
    state["ema"] = {**ema, "n_averaged": ema_updates}
    state["generator"] = read_weights(folder, "generator")
    state["discriminator"] = read_weights(folder, "discriminator")
    with reading(f"the checkpoint {folder}"):
        trainer.load_state_dict(state)
    return term_buffer


def refuse_left_out(folder: Path, name: str) -> Manifest:
    """Refuse a file that a copy of a checkpoint lacks on purpose; returns the manifest.

    Raises:
        UsageError: says what such a copy is for.
    """
    manifest = read_manifest(folder)
    if name in manifest.left_out:
        raise UsageError(
            f"{folder} is a copy without {name}: it samples, evaluates and exports. To start "
            "another run, it needs the discriminator; to resume, the whole run"
        )
    return manifest


def _intact(folder: Path, name: str) -> Path:
    """Return a file of a checkpoint if its checksum is right; else advise the checkpoint before."""
    # Compare the checksum.
    file, manifest = folder / name, refuse_left_out(folder, name)
    try:
        damage = integrity.damage(file, manifest.checksums.get(name))
    except OSError as error:  # no permission, a lost network drive: the file may be intact
        raise GanzooError(f"cannot read {file}: {error.strerror}") from None
    if not damage:
        return file

    # Advise the checkpoint before.
    advice = ""
    steps = RunDirectory(folder.parent.parent).checkpoint_steps()
    earlier = [step for step in steps if step < int(folder.name)]
    if earlier:
        advice = (
            f". The checkpoint before is of step {max(earlier)}: sample it with "
            f"{setting('step', max(earlier))}, or remove {folder} to resume from it"
        )
    raise GanzooError(f"{file} is damaged: {damage}{advice}")


def _copied(value: Any) -> Any:
    """Copy a state dict, every tensor to the CPU."""
    match value:
        case Tensor():
            # Strides are kept: the order of sums depends on them.
            return value.detach().to("cpu", copy=True)
        case Mapping():
            return {key: _copied(part) for key, part in value.items()}
        case list() | tuple():
            return type(value)(_copied(part) for part in value)
        case _:
            return value


def _flush(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders, and renames durably
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
