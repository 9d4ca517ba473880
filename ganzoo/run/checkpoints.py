"""Checkpoints: weights as safetensors, the rest as a file `torch.load(weights_only=True)` reads.

A checkpoint is written under a temporary name, flushed to disk and renamed: it is there whole or
not at all. Reading one never runs code.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganzoo.engine.trainer import Trainer
from ganzoo.errors import GanzooError
from ganzoo.interfaces.values import Demands, ImageSpec

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
    """

    step: int
    image: ImageSpec
    demands: Demands
    class_names: tuple[str, ...]
    versions: Mapping[str, str]

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
        )


LogSums = dict[str, tuple[Tensor, int]]
"""Sum and number of each loss term since the last line of the log."""


def save(folder: Path, trainer: Trainer, manifest: Manifest, log: LogSums | None = None) -> Path:
    """Write a checkpoint.

    Args:
        folder: where; it must not exist.
        trainer: what to save, between two steps.
        manifest: what the checkpoint says of itself.
        log: what the next line of the log has gathered so far.

    Raises:
        GanzooError: the disk is full or not writable; nothing half-written is left.
    """
    state = trainer.state_dict()
    ema = state.pop("ema")
    prefix = "module."
    weights = {
        "generator": state.pop("generator"),
        "discriminator": state.pop("discriminator"),
        "ema": {k.removeprefix(prefix): v for k, v in ema.items() if k.startswith(prefix)},
    }
    state["ema_updates"] = ema["n_averaged"]
    state["log"] = log or {}
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        for name, tensors in weights.items():
            plain = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
            save_file(
                plain, temporary / f"{name}.safetensors", metadata={"step": str(manifest.step)}
            )
        torch.save(state, temporary / "state.pt")
        (temporary / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        for file in temporary.iterdir():
            _flush(file)
        temporary.rename(folder)
        _flush(folder.parent)
    except (OSError, SafetensorError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise GanzooError(f"cannot write the checkpoint {folder}: {error}") from error
    return folder


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
    try:
        return load_file(folder / f"{network}.safetensors")
    except (OSError, SafetensorError) as error:
        raise GanzooError(f"cannot read {folder / network}.safetensors: {error}") from None


def restore(folder: Path, trainer: Trainer) -> LogSums:
    """Put a trainer to where the checkpoint was taken, bit for bit.

    Returns:
        what the next line of the log had gathered.

    Raises:
        GanzooError: a file is missing or damaged.
    """
    try:
        state: dict[str, Any] = torch.load(folder / "state.pt", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise GanzooError(f"cannot read {folder / 'state.pt'}: {error}") from None
    ema = {f"module.{name}": value for name, value in read_weights(folder, "ema").items()}
    state["ema"] = {**ema, "n_averaged": state.pop("ema_updates")}
    state["generator"] = read_weights(folder, "generator")
    state["discriminator"] = read_weights(folder, "discriminator")
    log: LogSums = state.pop("log")
    trainer.load_state_dict(state)
    return log


def _flush(path: Path) -> None:
    """Have the operating system put a file or a folder's entries on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
