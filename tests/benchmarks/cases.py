"""What the benchmarks train: ganzoo's side and a typical script's, with the same networks.

The script's own networks (`networks.py`) are among the cases beside ganzoo's.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import torch
from scripts import BCEScript, Script, WassersteinScript

import ganzoo


@dataclass(frozen=True)
class Case:
    """One kind of training.

    Attributes:
        arch: both sides' networks.
        loss: ganzoo's.
        script: the other side.
        size: pixels of a side.
        channels: of the images.
        block: steps that are timed together.
        settings: of ganzoo.
    """

    arch: dict[str, Any]
    loss: str
    script: type[Script]
    size: int
    channels: int
    block: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def batch_size(self) -> int:
        return int(self.settings.get("batch_size", 64))


DCGAN = {"name": "dcgan", "base_channels": 64}
HALF = {"name": "dcgan", "base_channels": 32}
CASES = {
    "mlp-28": Case({"name": "vanilla"}, "bce", BCEScript, 28, 1, 40),
    "gan-py-28": Case({"name": "gan-py"}, "bce", BCEScript, 28, 1, 40),
    "dcgan-32": Case(DCGAN, "bce", BCEScript, 32, 1, 10),
    "dcgan-64": Case(DCGAN, "bce", BCEScript, 64, 3, 3),
    "examples-dcgan-64": Case({"name": "examples-dcgan"}, "bce", BCEScript, 64, 3, 3),
    "dcgan-32-conditional": Case(DCGAN, "bce", BCEScript, 32, 1, 10, {"conditional": True}),
    "wgan-gp-32": Case(HALF, "wgan-gp", WassersteinScript, 32, 1, 3),
    "wgan-gp-64": Case(HALF, "wgan-gp", WassersteinScript, 64, 1, 2),
}


@cache
def host() -> ganzoo.PluginHost:
    """All that is installed, and the scripts' own networks."""
    installed = entry_points(group="ganzoo")
    return ganzoo.PluginHost([*installed, EntryPoint("scripts", "networks", "ganzoo")])


def make_script(case: Case, device: torch.device) -> Script:
    """The script's side."""
    options = {key: value for key, value in case.arch.items() if key != "name"}
    architecture = ganzoo.create("architecture", case.arch["name"], host=host(), **options)
    source = ganzoo.create("dataset", "fashion-mnist").open()
    conditional = bool(case.settings.get("conditional"))
    spec = ganzoo.ImageSpec(case.channels, case.size, case.size, num_classes=10)
    wasserstein = case.script is WassersteinScript
    demands = ganzoo.Demands(forbids_batch_statistics=wasserstein, labels=conditional)
    networks = architecture.build(spec, demands)
    return case.script(
        networks.generator.train().to(device),
        networks.discriminator.train().to(device),
        architecture.latent.sample(1).shape[1],
        source.images,
        spec.shape,
        case.batch_size,
        1e-4 if wasserstein else 2e-4,
        (0.0, 0.9) if wasserstein else (0.5, 0.999),
        conditional=conditional,
        device=device,
    )


def train(
    case: Case, steps: int, observers: list[ganzoo.Observer], settings: dict[str, Any]
) -> None:
    """ganzoo's side, through its public API, with log, diagnosis and moving average."""
    with tempfile.TemporaryDirectory() as folder:
        ganzoo.train(
            arch=case.arch,
            loss=case.loss,
            data="fashion-mnist",
            size=case.size,
            channels=case.channels,
            steps=steps,
            run_dir=Path(folder) / "run",
            sample_every=10**9,
            checkpoint_every=10**9,
            observers=observers,
            host=host(),
            **case.settings,
            **settings,
        )


def add_settings(parser: Any) -> None:
    """The arguments that choose cases, and how ganzoo computes."""
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of ganzoo's settings: precision=fp32, cuda_graphs=on, rearrange=off, …",
    )


def settings(asked: Any) -> dict[str, Any]:
    """Those that were given."""
    return {"device": asked.device} | dict(given.split("=", 1) for given in asked.set)


def now(device: torch.device) -> float:
    """Seconds, once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def machine(device: str) -> str:
    """What it was measured on, for the head of a table."""
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"
    return f"torch {torch.__version__}, {name}, {torch.get_num_threads()} threads"
