"""Checkpoints: weights as safetensors, the rest as a file `torch.load(weights_only=True)` reads.

A checkpoint is written under a temporary name, flushed to disk and renamed: it is there whole or
not at all. Reading one never runs code.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganzoo.errors import GanzooError, setting
from ganzoo.files import building_folder
from ganzoo.interfaces.architecture import Demands
from ganzoo.interfaces.dataset import ImageSpec
from ganzoo.run.term_buffer import TermBufferState
from ganzoo.training.trainer import Trainer

NETWORKS = ("generator", "discriminator", "ema")


@dataclass(frozen=True)
class Manifest:
    """What one must know to build the networks again, without the dataset.

    Attributes:
        step: generator updates done.
        image: shape and number of classes.
        demands: what the networks were asked for.
        class_names: in label order; empty where there are none.
        versions: of every distribution that took part.
        metrics: the latest line of the log.
        checksums: SHA-256 of each of the checkpoint's other files, by name.
    """

    step: int
    image: ImageSpec
    demands: Demands
    class_names: tuple[str, ...]
    versions: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """From text; raises ValueError, KeyError or TypeError where it is not a manifest."""
        raw = json.loads(text)
        return cls(
            step=int(raw["step"]),
            image=ImageSpec(**raw["image"]),
            demands=Demands(**raw["demands"]),
            class_names=tuple(raw["class_names"]),
            versions=dict(raw["versions"]),
            metrics={name: float(value) for name, value in raw["metrics"].items()},
            checksums=dict(raw["checksums"]),
        )


@dataclass(frozen=True)
class Snapshot:
    """Everything a checkpoint holds, copied into memory, so that training may go on meanwhile."""

    weights: Mapping[str, dict[str, Tensor]]
    state: Mapping[str, Any]


def snapshot(trainer: Trainer, term_buffer: TermBufferState | None = None) -> Snapshot:
    """Copy what a checkpoint holds.

    Args:
        trainer: between two steps.
        term_buffer: what the next line of the log has gathered so far.
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


def write(folder: Path, taken: Snapshot, manifest: Manifest) -> Path:
    """Write a checkpoint: under a temporary name, flushed to the disk, then renamed.

    Args:
        folder: where; it must not exist.
        taken: what to write.
        manifest: what the checkpoint says of itself; checksums are filled in.

    Raises:
        GanzooError: the disk is full or not writable; nothing half-written is left.
    """
    try:
        folder.parent.mkdir(exist_ok=True)  # not the run directory: who removed it meant it
        with building_folder(folder) as temporary:
            # Weights, then everything else.
            for name, tensors in taken.weights.items():
                metadata = {"step": str(manifest.step)}
                plain = {key: tensor.contiguous() for key, tensor in tensors.items()}
                save_file(plain, temporary / f"{name}.safetensors", metadata=metadata)
            with (temporary / "state.pt").open("wb") as stream:  # Python's, whose errors say why
                torch.save(dict(taken.state), stream)

            # The manifest, with checksums.
            checksums = {file.name: _checksum(file) for file in sorted(temporary.iterdir())}
            text = replace(manifest, checksums=checksums).to_json()
            (temporary / "manifest.json").write_text(text, encoding="utf-8")

            # All of it on the disk before it gets its name.
            for file in temporary.iterdir():
                _flush(file)
        _flush(folder.parent)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise GanzooError(f"cannot write the checkpoint {folder}: {error}") from error
    return folder


def remove(folder: Path) -> None:
    """Remove a checkpoint: first from sight, so that no half of one is ever found."""
    hidden = folder.with_name(f".{folder.name}.removed")
    try:
        folder.rename(hidden)
    except OSError as error:
        raise GanzooError(f"cannot remove the checkpoint {folder}: {error.strerror}") from error
    shutil.rmtree(hidden, ignore_errors=True)


def sweep(checkpoints: Path) -> None:
    """Remove what a crash left half written or half removed. Only for the run's one writer."""
    for left in checkpoints.glob(".[0-9]*.*"):
        shutil.rmtree(left, ignore_errors=True)


def read_manifest(folder: Path) -> Manifest:
    """What a checkpoint says of itself.

    Raises:
        GanzooError: it is missing or damaged.
    """
    try:
        return Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GanzooError(f"the checkpoint {folder} is missing or damaged: {error}") from None


def read_weights(folder: Path, network: str) -> dict[str, Tensor]:
    """The weights of `"generator"`, `"discriminator"` or `"ema"`.

    Raises:
        GanzooError: the file is missing or damaged.
    """
    file = _intact(folder, f"{network}.safetensors")
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise GanzooError(f"cannot read {file}: {error}") from None


def restore(folder: Path, trainer: Trainer) -> TermBufferState:
    """Put a trainer to where the checkpoint was taken, bit for bit.

    Returns:
        what the next line of the log had gathered.

    Raises:
        GanzooError: a file is missing or damaged.
    """
    file = _intact(folder, "state.pt")
    try:
        state: dict[str, Any] = torch.load(file, weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise GanzooError(f"cannot read {file}: {error}") from None
    ema = {f"module.{name}": value for name, value in read_weights(folder, "ema").items()}
    state["ema"] = {**ema, "n_averaged": state.pop("ema_updates")}
    state["generator"] = read_weights(folder, "generator")
    state["discriminator"] = read_weights(folder, "discriminator")
    term_buffer: TermBufferState = state.pop("term_buffer")
    trainer.load_state_dict(state)
    return term_buffer


def _intact(folder: Path, name: str) -> Path:
    """A file of a checkpoint, if it is as it was written; else the checkpoint before is offered."""
    file = folder / name
    try:
        if _checksum(file) == read_manifest(folder).checksums.get(name):
            return file
        damage = "its checksum is not the one noted when it was written"
    except OSError as error:
        damage = error.strerror or str(error)
    steps = [int(p.name) for p in folder.parent.iterdir() if p.name.isdigit()]
    earlier = max((step for step in steps if step < int(folder.name)), default=None)
    offer = (
        ""
        if earlier is None
        else f". The checkpoint before is of step {earlier}: sample it with "
        f"{setting('step', earlier)}, or remove {folder} to resume from it"
    )
    raise GanzooError(f"{file} is damaged: {damage}{offer}")


def _copied(value: Any) -> Any:
    """A state dict with every tensor copied to the CPU."""
    match value:
        case Tensor():
            return value.detach().to("cpu", copy=True)  # its strides with it: sums depend on them
        case Mapping():
            return {key: _copied(part) for key, part in value.items()}
        case list() | tuple():
            return type(value)(_copied(part) for part in value)
        case _:
            return value


def _checksum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Have the operating system put a file or a folder's entries on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders, and renames durably
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
