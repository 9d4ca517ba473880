"""The cases that the benchmarks train: by ganzoo and by a typical script, with the same networks.

The scripts' own networks (`networks.py`) are among the cases beside ganzoo's.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
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
    """One training to measure.

    Attributes:
        arch: the networks of both sides.
        loss: of ganzoo.
        script: the training loop to compare with.
        size: height and width in pixels.
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
PAPER = {"n_critic": 5, "generator_lr": 1e-4, "discriminator_lr": 1e-4}
"""Of WGAN-GP, as in the script."""

CASES = {
    "mlp-28": Case({"name": "vanilla"}, "bce", BCEScript, 28, 1, 40),
    "gan-py-28": Case({"name": "gan-py"}, "bce", BCEScript, 28, 1, 40),
    "dcgan-32": Case(DCGAN, "bce", BCEScript, 32, 1, 10),
    "dcgan-64": Case(DCGAN, "bce", BCEScript, 64, 3, 3),
    "examples-dcgan-64": Case({"name": "examples-dcgan"}, "bce", BCEScript, 64, 3, 3),
    "dcgan-32-conditional": Case(DCGAN, "bce", BCEScript, 32, 1, 10, {"conditional": True}),
    "wgan-gp-32": Case(HALF, "wgan-gp", WassersteinScript, 32, 1, 3, PAPER),
    "wgan-gp-64": Case(HALF, "wgan-gp", WassersteinScript, 64, 1, 2, PAPER),
}


@cache
def host() -> ganzoo.PluginHost:
    """The installed plugins, and the scripts' own networks."""
    installed = entry_points(group="ganzoo")
    return ganzoo.PluginHost([*installed, EntryPoint("scripts", "networks", "ganzoo")])


def make_architecture(arch: dict[str, Any]) -> ganzoo.Architecture:
    """The architecture of a name, with its options."""
    options = {key: value for key, value in arch.items() if key != "name"}
    made: ganzoo.Architecture = ganzoo.create("architecture", arch["name"], host=host(), **options)
    return made


def make_script(case: Case, device: torch.device) -> Script:
    """The script of a case, with its networks and data."""
    architecture = make_architecture(case.arch)
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
    """Train a case by `ganzoo.train`, with log, diagnosis and EMA."""
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


def noise_trainer(
    arch: dict[str, Any],
    loss: str,
    shape: tuple[int, int, int],
    *,
    penalty: Mapping[str, Mapping[str, Any]] | None = None,
    classes: int = 0,
    **settings: Any,
) -> ganzoo.Trainer:
    """A trainer on 512 images of noise, always with the same weights to start from.

    Args:
        arch: name and options.
        loss: its name.
        shape: `(C, H, W)` of the images.
        penalty: options of penalties by name, beside the loss's own.
        classes: number of classes of the images.
        settings: of `ganzoo.Trainer`; with `conditional` the loss takes them.
    """
    torch.manual_seed(0)
    images = torch.randint(0, 256, (512, *shape), dtype=torch.uint8)
    items = [(image, k % max(1, classes)) for k, image in enumerate(images)]
    store = ganzoo.ImageStore.from_dataset(items, num_classes=classes)

    # The loss, its penalties, and networks that meet their demands.
    chosen_loss = ganzoo.create("loss", loss)
    options = {**chosen_loss.default_penalties(), **(penalty or {})}
    penalties = {name: ganzoo.create("penalty", name, **own) for name, own in options.items()}
    demands = chosen_loss.demands()
    if settings.get("conditional"):
        demands |= ganzoo.Demands(labels=True)
    for one in penalties.values():
        demands |= one.demands()
    architecture = make_architecture(arch)
    networks = architecture.build(store.spec, demands)

    return ganzoo.Trainer(
        generator=networks.generator,
        discriminator=networks.discriminator,
        loss=chosen_loss,
        data=store,
        latent=architecture.latent,
        penalties=penalties,
        **settings,
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose cases and settings."""
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of ganzoo: precision=fp32, cuda_graphs=on, compile=on, …",
    )


def settings(asked: argparse.Namespace) -> dict[str, Any]:
    """The settings of ganzoo that the command line gives."""
    return {"device": asked.device} | dict(given.split("=", 1) for given in asked.set)


def now(device: torch.device) -> float:
    """Seconds on a clock, after the device has finished its queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def machine(device: str) -> str:
    """Versions and hardware, for the head of a table."""
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"
    return f"torch {torch.__version__}, {name}, {torch.get_num_threads()} threads"
