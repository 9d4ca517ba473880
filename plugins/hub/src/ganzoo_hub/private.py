"""A run without what is private: paths, host, user, command, and what happened on the machine."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tomlkit

import ganzoo
from ganzoo_hub.layout import (
    AVERAGED,
    CONDITIONS,
    CONFIG,
    DISCRIMINATOR,
    EVALUATIONS,
    JOURNAL,
    LOG,
    TRAINING_STATE,
    WEIGHTS,
    check_weights,
)

PUBLIC = (
    "python",
    "versions",
    "device",
    "processes",
    "threads",
    "git",
    "seed",
    "dataset",
    "images",
)
"""Facts of the provenance that are shared. Command, process, host and platform are not."""

_ADDRESS = r"(?P<address>(?<!\w)(?!file:)[a-z][a-z0-9+.-]+://[^\s/]\S*)"
_ROOT = r"(?:file:)?(?:~[\w.-]*|[a-z]:|\.{1,2}|)[/\\](?!\s)"
_FOLDERS = re.compile(
    rf"{_ADDRESS}|(?<![\w./\\~)\]}}-]){_ROOT}(?:[^/\\\n]*[/\\])*(?=[^/\\\n])", re.IGNORECASE
)
"""The folders of a path that is absolute, or starts at home or here, of any system."""

_PLACE = re.compile(r"(?:~[\w.-]*|[a-z]:(?=[/\\])|\.\.|)[/\\]*", re.IGNORECASE)
"""All of a text that is a home, a root or the folder above."""

_SLASHES = re.compile(r"[/\\]")


def without_folders(value: Any) -> Any:
    """Shorten paths in JSON values to their last name: `"/home/anna/cats"` to `"cats"`."""
    if isinstance(value, str):
        while (shorter := _shortened(value)) != value:
            value = shorter
        return value
    if isinstance(value, Mapping):
        return {without_folders(key): without_folders(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_folders(part) for part in value]
    return value


def _shortened(text: str) -> str:
    # Paths of which it consists, or that are in it.
    if _PLACE.fullmatch(text):
        return ""
    shorter = _FOLDERS.sub(lambda found: found["address"] or "", text)
    if shorter != text:  # a folder's path may end in slashes
        return shorter if "\n" in shorter else shorter.rstrip("/\\")

    # What leads out of a folder, or to a home.
    names = _SLASHES.split(text)
    if ".." in names:
        return next((name for name in reversed(names) if name not in ("", ".", "..")), "")
    return re.sub(r"^(?:~+|file:)", "", text, flags=re.IGNORECASE)


def write_public(run: ganzoo.Run, folder: Path, *, discriminator: bool) -> None:
    """Write a run directory of one checkpoint, without what is private.

    Args:
        run: with the checkpoint.
        folder: an empty one.
        discriminator: include it, and the generator that is not averaged.

    Raises:
        UsageError: the run is a copy without these.
        DataError: the weights are damaged.
    """
    step, manifest = run.manifest.step, run.manifest
    names = WEIGHTS if discriminator else (AVERAGED,)
    if manifest.refines:  # images are made by both
        names = (*dict.fromkeys((*names, DISCRIMINATOR)),)
    if {*names} & {*manifest.left_out}:
        advice = f"; push without {ganzoo.setting('discriminator', True)}" if discriminator else ""
        raise ganzoo.UsageError(f"this copy has no discriminator{advice}")

    # Config. Observers are the user's, and only training needs them.
    config = run.config.model_dump(mode="json", exclude_none=True, exclude={"observer"})
    config["training"].pop("init_from", None)
    config = without_folders(config)
    (folder / CONFIG).write_text(tomlkit.dumps(config), encoding="utf-8")

    # Weights, as they are.
    checkpoint = folder / "checkpoints" / run.checkpoint.name
    checkpoint.mkdir(parents=True)
    for name in names:
        shutil.copyfile(run.checkpoint / name, checkpoint / name)
    checksums = {name: manifest.checksums.get(name, "") for name in names}
    left_out = tuple({*WEIGHTS, TRAINING_STATE} - {*names})
    public = replace(manifest, checksums=checksums, left_out=(*sorted(left_out),))
    (checkpoint / "manifest.json").write_text(public.to_json(), encoding="utf-8")
    check_weights(checkpoint)
    if (conditions := run.path / CONDITIONS).is_file():
        shutil.copyfile(conditions, folder / CONDITIONS)

    # Log, results and journal up to the checkpoint.
    _write_lines(folder / LOG, (line for line in run.metrics() if line["step"] <= step))
    results = (line for line in run.evaluations() if line.get("step") in (None, step))
    _write_lines(folder / EVALUATIONS, map(without_folders, results))
    _write_lines(folder / JOURNAL, _journal(run, config, step))


def _journal(run: ganzoo.Run, config: Mapping[str, Any], step: int) -> list[dict[str, Any]]:
    """The events of a run: how it began, this checkpoint, and the end."""
    events, end = run.events(), "finished" if run.state == "finished" else "stopped"
    known = {
        event["event"]: event["time"]
        for event in events
        if event["event"] != "checkpoint" or event["step"] == step
    }
    latest = max(known.values(), default="")
    try:
        provenance = {key: run.provenance.get(key) for key in PUBLIC}
    except ganzoo.GanzooError:
        provenance = {"versions": dict(run.versions())}
    facts = {"config": config, "provenance": without_folders(provenance)}
    return [
        {"event": "started", "time": known.get("started", latest), "step": 0, **facts},
        {"event": "checkpoint", "time": known.get("checkpoint", latest), "step": step},
        {"event": end, "time": known.get(end, latest), "step": step},
    ]


def _write_lines(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
