"""Integrity: compares the files of checkpoints with the checksums of their manifests.

Imports no torch, so `ganzoo doctor` starts at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ganzoo.errors import GanzooError, reading, shown

FILES = ("generator.safetensors", "discriminator.safetensors", "ema.safetensors", "state.pt")
"""The files of every checkpoint, beside its manifest."""


def checksum(file: Path) -> str:
    """SHA-256 of a file, as a manifest has it."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def damage(file: Path, expected: object) -> str:
    """Return what is wrong with a file; empty if its checksum is the expected one.

    Raises:
        OSError: it cannot be read, which is no damage: there may be no permission.
    """
    try:
        right = checksum(file) == expected
    except FileNotFoundError:
        return "it is missing"
    return "" if right else "its checksum differs from that in the manifest"


def raw_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a checkpoint as it stands.

    Raises:
        FileNotFoundError: there is none.
        GanzooError: it cannot be read, or is damaged.
    """
    with reading("manifest.json", passing=FileNotFoundError):
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("it is no JSON object")
    return manifest


def examine_checkpoint(folder: Path) -> list[str]:
    """Return what is wrong with each file of a checkpoint; empty if it is intact."""
    # The manifest.
    try:
        manifest = raw_manifest(folder)
    except FileNotFoundError:
        return ["it has no manifest.json"]
    except GanzooError as error:
        return [str(error)]
    if manifest.get("step") != int(folder.name):
        return [f"manifest.json is of step {shown(manifest.get('step'))}"]

    # The files: those of every checkpoint, and any other that it names.
    checksums = manifest.get("checksums")
    if not isinstance(checksums, dict):
        return ["manifest.json has no checksums"]
    names = dict.fromkeys([*FILES, *(name for name in checksums if Path(name).name == name)])
    left_out = manifest.get("left_out")
    problems = []
    for name in names:
        if isinstance(left_out, list) and name in left_out:
            continue
        try:
            problem = damage(folder / name, checksums.get(name))
        except OSError as error:
            problem = f"it cannot be read ({error.strerror or error})"
        if problem:
            problems.append(f"{name}: {problem}")
    return problems


def examine_checkpoints(folders: Sequence[Path]) -> dict[Path, list[str]]:
    """Examine checkpoints side by side; those that are removed meanwhile are left out."""
    with ThreadPoolExecutor() as threads:
        found = zip(folders, threads.map(examine_checkpoint, folders), strict=True)
        return {folder: problems for folder, problems in found if folder.exists()}
