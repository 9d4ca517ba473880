"""Provenance: command, versions, device, commit and data of a run, to reproduce it."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import torch

from ganzoo.discovery.host import DISTRIBUTION, PluginRecord
from ganzoo.execution import distributed
from ganzoo.run.plan import Plan


def collect(plan: Plan) -> dict[str, Any]:
    """Collect facts about the program, the machine and the data, as JSON values."""
    plugins = [component.plugin for component in plan.components.values()]
    return {
        **machine(plan.config.execution.device, plan.config.training.seed, plugins),
        "settings": ", ".join(plan.sources),
        "dataset": dataset_fingerprint(plan),
        "images": str(plan.image),
    }


def machine(device: str, seed: int, plugins: Iterable[PluginRecord]) -> dict[str, Any]:
    """Collect facts about the program and the machine, as JSON values."""
    return {
        "command": shlex.join(sys.argv),
        "pid": os.getpid(),
        "host": platform.node(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions(plugins),
        "device": device_name(device),
        "processes": distributed.world_size(),
        "threads": torch.get_num_threads(),
        "git": git_commit(),
        "seed": seed,
    }


def versions(plugins: Iterable[PluginRecord]) -> dict[str, str]:
    """Return the versions of ganzoo, torch and the providers of a run's components."""
    return {
        DISTRIBUTION: version(DISTRIBUTION),
        "torch": torch.__version__,
        **{plugin.distribution: plugin.version for plugin in plugins},
    }


def device_name(device: str) -> str:
    """Return `"cpu"`, or `"cuda (NVIDIA H100)"`."""
    if torch.device(device).type == "cuda" and torch.cuda.is_available():
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


def dataset_fingerprint(plan: Plan) -> str:
    """Return a short hash of the training images, which changes if they do."""
    name = plan.components["data"].qualified_name
    parts = (name, plan.image_count, plan.source.fingerprint)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def git_commit() -> str | None:
    """Return the commit of the working directory, noting uncommitted changes; None without one."""
    git = shutil.which("git")
    if git is None:
        return None

    # Ask git for the commit and for changes.
    outputs = []
    for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        try:
            done = subprocess.run(  # noqa: S603  # a fixed command
                [git, *arguments],
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                timeout=10,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        outputs.append(done.stdout.strip())

    commit, changes = outputs
    return f"{commit} with changes" if changes else commit
