"""A classifier trained on the dataset itself, and cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import ganzoo
from ganzoo_classifier.options import ClassifierOptions

FEATURES = 128
BATCH = 128
HELD_OUT = 10
"""One image in this many is held out, to measure the accuracy."""


class Network(nn.Module):
    """Images `(N, C, H, W)` in [-1, 1], at least 8x8 pixels, to features and class logits."""

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        widths = [channels, width, 2 * width, 4 * width]
        self.body = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(i, o, 3, padding=1, bias=False),
                    nn.BatchNorm2d(o),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                )
                for i, o in pairwise(widths)
            ),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * width, FEATURES),
            nn.ReLU(),
        )
        self.classify = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(N, classes)`."""
        logits: Tensor = self.classify(self.body(images))
        return logits


class DatasetClassifier(ganzoo.Classifier):
    """Features and logits of a network trained on the labels of the reference."""

    display = "Classifier"
    needs_labels = True

    options: ClassifierOptions

    def __init__(self, options: ClassifierOptions | None = None) -> None:
        super().__init__(options or ClassifierOptions())
        self.network: Network | None = None
        self._hash = ""

    @property
    def fingerprint(self) -> str:
        """A hash of the weights."""
        return self._hash

    @property
    def resizing(self) -> str:
        """None: the network is trained at the images' own size."""
        return "images as they are, [-1, 1]"

    def prepare(self, reference: ganzoo.ImageSet, identity: str) -> Mapping[str, float | str]:
        """Train the network, or load it from the cache.

        Raises:
            Unsupported: the images are too small, or too few for their classes.
        """
        if min(reference.images.shape[2:]) < 8:
            raise ganzoo.Unsupported("the classifier needs images of at least 8x8 pixels")
        if len(reference) < 10 * reference.num_classes:
            raise ganzoo.Unsupported(
                f"the classifier needs ten images per class, and there are {len(reference)} for "
                f"{reference.num_classes} classes"
            )
        channels = reference.images.shape[1]
        with torch.random.fork_rng(devices=[]):  # the same initialization each time
            torch.default_generator.manual_seed(0)
            self.network = Network(channels, reference.num_classes, self.options.width)
        accuracy = self._trained(self.network, reference, _file(identity, self.options))
        self.network.eval().requires_grad_(False)
        digest = hashlib.sha256()
        for value in self.network.state_dict().values():
            digest.update(value.numpy().tobytes())
        self._hash = digest.hexdigest()
        return {"accuracy": accuracy}

    def _trained(self, network: Network, reference: ganzoo.ImageSet, file: Path | None) -> float:
        """Train the network, or load its weights from a file; returns its accuracy."""
        if file is None:
            return train(network, reference, self.options)
        with ExitStack() as held:
            # Of several processes one trains, and the others wait for its weights.
            with suppress(ganzoo.GanzooError, OSError):
                file.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(ganzoo.locked(file.with_suffix(".lock")))
            accuracy = _load(network, file)
            if accuracy is None:
                accuracy = train(network, reference, self.options)
                _save(network, file, accuracy)
            return accuracy

    def features(self, images: Tensor) -> Tensor:
        """Activations of the penultimate layer."""
        features: Tensor = self._ready(images).body(ganzoo.from_uint8(images))
        return features

    def logits(self, images: Tensor) -> Tensor:
        """Logits of the dataset's classes."""
        logits: Tensor = self._ready(images)(ganzoo.from_uint8(images))
        return logits

    def _ready(self, images: Tensor) -> Network:
        if self.network is None:
            raise ganzoo.UsageError("the classifier must be prepared with a labelled reference")
        return self.network.to(images.device)


def train(network: Network, reference: ganzoo.ImageSet, options: ClassifierOptions) -> float:
    """Train the network deterministically.

    Returns:
        its accuracy on the held-out images, rounded to four digits.
    """
    assert reference.labels is not None
    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(len(reference), generator=rng)[: options.images]
    held_out, kept = order[::HELD_OUT], order[torch.arange(len(order)) % HELD_OUT > 0]
    steps = options.epochs * -(-len(kept) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    network.train()
    for _ in range(options.epochs):
        for chosen in torch.split(kept[torch.randperm(len(kept), generator=rng)], BATCH):
            logits = network(ganzoo.from_uint8(reference.images[chosen]))
            loss = F.cross_entropy(logits, reference.labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        predicted = [
            network(ganzoo.from_uint8(reference.images[chosen])).argmax(1)
            for chosen in torch.split(held_out, BATCH)
        ]
    correct = torch.cat(predicted) == reference.labels[held_out]
    return round(correct.double().mean().item(), 4)


def _file(identity: str, options: ClassifierOptions) -> Path | None:
    if not identity:
        return None
    text = json.dumps([identity, options.model_dump(), 1])
    name = hashlib.sha256(text.encode()).hexdigest()[:32]
    return ganzoo.cache_dir() / "classifiers" / f"{name}.safetensors"


def _load(network: Network, file: Path) -> float | None:
    """Load the weights and return the accuracy; None if the file cannot be used."""
    try:
        with safe_open(file, "pt") as kept:
            network.load_state_dict({name: kept.get_tensor(name) for name in network.state_dict()})
            return float(kept.metadata()["accuracy"])
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError):
        return None


def _save(network: Network, file: Path, accuracy: float) -> None:
    """Save in the cache, if it can be written."""
    with suppress(ganzoo.GanzooError), ganzoo.replacing_file(file) as stream:
        stream.write(save(network.state_dict(), {"accuracy": str(accuracy)}))
