"""Provenance: what made a run, so that it can be understood and made again."""

from __future__ import annotations

import hashlib
import platform
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import torch

from ganzoo.discovery.host import DISTRIBUTION
from ganzoo.execution import distributed
from ganzoo.run.plan import Plan


def collect(plan: Plan) -> dict[str, Any]:
    """What is known of the program, the machine and the data, as JSON can say it."""
    return {
        "command": shlex.join(sys.argv),
        "settings": ", ".join(plan.sources),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions(plan),
        "device": device_name(plan.config.execution.device),
        "processes": distributed.world_size(),
        "threads": torch.get_num_threads(),
        "git": git_commit(),
        "dataset": dataset_fingerprint(plan),
        "seed": plan.config.training.seed,
    }


def versions(plan: Plan) -> dict[str, str]:
    """Versions of ganzoo, torch and every distribution that provides a component of the run."""
    plugins = [component.plugin for component in plan.components.values()]
    return {
        DISTRIBUTION: version(DISTRIBUTION),
        "torch": torch.__version__,
        **{plugin.distribution: plugin.version for plugin in plugins},
    }


def device_name(device: str) -> str:
    """`"cpu"`, or `"cuda (NVIDIA H100)"`."""
    if torch.device(device).type == "cuda" and torch.cuda.is_available():
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


def dataset_fingerprint(plan: Plan) -> str:
    """A short hash of what the training images are: it changes when they do."""
    source = plan.source
    parts = (plan.components["data"].qualified_name, len(source.images), source.fingerprint)  # type: ignore[arg-type]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def git_commit() -> str | None:
    """The commit of the working directory's repository, `+changes` if it has some; or None."""
    git = shutil.which("git")
    if git is None:
        return None
    answers = []
    for question in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")):
        try:
            answer = subprocess.run(  # noqa: S603  # a fixed command
                [git, *question], capture_output=True, text=True, check=False, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if answer.returncode != 0:
            return None
        answers.append(answer.stdout.strip())
    return answers[0] + (" with changes" if answers[1] else "")
