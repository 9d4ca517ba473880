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
    CONDITIONS,
    CONFIG,
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

_FOLDERS = re.compile(
    r"(?<![\w.:/\\~-])(?:~[\w.-]*|[A-Za-z]:|\.{1,2}|)[/\\](?:[^/\\\n]*[/\\])*", re.ASCII
)
"""The folders of a path that is absolute, or starts at home or here, of any system."""


def without_folders(value: Any) -> Any:
    """Shorten paths in JSON values to their last name: `"/home/anna/cats"` to `"cats"`."""
    if isinstance(value, str):
        return _FOLDERS.sub("", value)
    if isinstance(value, Mapping):
        return {key: without_folders(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_folders(part) for part in value]
    return value


def write_public(run: ganzoo.Run, folder: Path, *, discriminator: bool) -> None:
    """Write a run directory of one checkpoint, without what is private.

    Args:
        run: with the checkpoint.
        folder: an empty one.
        discriminator: include it, and the generator that is not averaged.

    Raises:
        DataError: the weights are damaged.
    """
    step, manifest = run.manifest.step, run.manifest

    # Config. Observers are the user's, and only training needs them.
    config = run.config.model_dump(mode="json", exclude_none=True, exclude={"observer"})
    config["training"].pop("init_from", None)
    config = without_folders(config)
    (folder / CONFIG).write_text(tomlkit.dumps(config), encoding="utf-8")

    # Weights, as they are.
    names = WEIGHTS if discriminator else WEIGHTS[:1]
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
