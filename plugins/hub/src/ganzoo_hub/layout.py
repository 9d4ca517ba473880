"""The files of a run in a repository: a run directory with safetensors, TOML, JSON and a picture.

None of them can run code when it is read. Others are neither pushed nor pulled.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import ganzoo

CONFIG, CARD, CONDITIONS = "config.toml", "README.md", "conditions.safetensors"
JOURNAL, LOG, EVALUATIONS = "events.jsonl", "metrics.jsonl", "evaluations.jsonl"

AVERAGED = "ema.safetensors"
"""The averaged generator's weights, which a run samples with."""

DISCRIMINATOR = "discriminator.safetensors"
"""Weights that a run samples with too, if its loss moves z by the discriminator."""

WEIGHTS = (AVERAGED, "generator.safetensors", DISCRIMINATOR)
"""All networks; the last two are there to start another run from."""

TRAINING_STATE = "state.pt"
"""Never shared: a pickle, though ganzoo reads it without running code."""

_FILES = (CONFIG, CARD, CONDITIONS, JOURNAL, LOG, EVALUATIONS)
_IN_FOLDERS = re.compile(
    r"samples/[0-9]{6,18}\.png"
    r"|checkpoints/[0-9]{6,18}/(?:manifest\.json|(?:ema|generator|discriminator)\.safetensors)"
)

LARGEST_TEXT = 2**26
"""Bytes of a file that holds no weights."""


def is_expected(name: str) -> bool:
    """Return whether a repository's file is one of a run: a plain relative path, by its name."""
    return name in _FILES or _IN_FOLDERS.fullmatch(name) is not None


def is_too_large(name: str, size: int) -> bool:
    """Return whether a file without weights has too many bytes for what it is."""
    return size > LARGEST_TEXT and not name.endswith(".safetensors")


def checkpoint_of(name: str) -> str | None:
    """Return the folder of a checkpoint's manifest, by the manifest's name; else None."""
    folder, _, file = name.rpartition("/")
    return folder if file == "manifest.json" else None


def sha256(file: Path) -> str:
    """SHA-256 of a file, as a manifest has it."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_weights(folder: Path) -> None:
    """Compare the weights of a checkpoint with its manifest, and read their headers.

    Raises:
        DataError: one is damaged, or no safetensors file.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        checksums = dict(manifest["checksums"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ganzoo.DataError(f"{folder.name}/manifest.json is damaged: {error}") from None
    for file in sorted(folder.glob("*.safetensors")):
        if sha256(file) != checksums.get(file.name):
            raise ganzoo.DataError(
                f"{folder.name}/{file.name} is damaged: its checksum differs from that in the "
                "manifest"
            )
        check_header(file)


def check_header(file: Path) -> None:
    """Check that a file is one of safetensors.

    Raises:
        DataError: it is another.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            pass
    except SafetensorError as error:
        raise ganzoo.DataError(f"{file.name} is no safetensors file: {error}") from None
