"""The map is true: what docs/architecture.md names is there, in the order that it draws."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import torch
from test_layers import ALLOWED

import ganzoo
from ganzoo.config import Layer
from ganzoo.run.plan import compose

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def walk(begins: str) -> list[str]:
    """The files of a numbered list, by the sentence above it."""
    lines = section("Two walks").split(begins)[1].split("\n\n")[1]
    return re.findall(r"^\d\. `([\w/.-]+\.py)`", lines, re.MULTILINE)


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 150


def test_every_test_it_names_exists():
    sources = [
        p.read_text(encoding="utf-8")
        for d in ("tests", "plugins")
        for p in (ROOT / d).rglob("test_*.py")
    ]
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) >= 15
    for name in named:
        assert any(f"def {name}(" in source for source in sources), name


def test_every_file_it_names_exists():
    names = re.findall(r"`((?:ganzoo|tests|plugins)/[\w/*-]+(?:\.py|/))`", TEXT)
    assert len(names) > 20
    for name in names:
        assert list(ROOT.glob(name.rstrip("/"))), name


def test_the_diagram_draws_every_room_above_those_it_imports():
    diagram = section("The rooms").split("```\n")[1]
    lines = [re.split(r" {3,}", line)[0].split() for line in diagram.splitlines()]
    assert sorted(room for line in lines for room in line) == sorted(ALLOWED)
    for number, line in enumerate(lines):
        below = {room for lower in lines[number + 1 :] for room in lower}
        for room in line:
            assert ALLOWED[room] <= below, f"{room} imports {ALLOWED[room] - below}"


def in_checkout(file: Path) -> str | None:
    """The place in the checkout of a file of ganzoo or of a plugin, installed or not."""
    for depth, part in enumerate(file.parts):
        rest = "/".join(file.parts[depth:])
        if part == "ganzoo" and (ROOT / rest).is_file():
            return rest
        if part.startswith("ganzoo_"):
            found = list(ROOT.glob(f"plugins/*/src/{rest}"))
            return str(found[0].relative_to(ROOT)) if found else None
    return None


def stack_files() -> list[str]:
    """Files of ganzoo through which the caller was called, the outermost first."""
    files = [in_checkout(Path(frame.filename)) for frame in reversed(inspect.stack())]
    return list(dict.fromkeys(filter(None, files)))


@pytest.fixture
def plan():
    tree = {
        "arch": {"name": "dcgan", "base_channels": 2, "latent_dim": 4},
        "loss": "bce",
        "data": "emoji",
        "image": {"size": 16},
        "training": {"batch_size": 4},
        "execution": {"device": "cpu"},
    }
    return compose([Layer("test", tree)])


def test_a_batch_walks_through_the_files_that_it_names(plan, monkeypatch):
    images = plan.open_images()
    stacks = []

    def noted(function):
        return lambda *a, **k: stacks.append(stack_files()) or function(*a, **k)

    monkeypatch.setattr(ganzoo.ImageStore, "batch", noted(ganzoo.ImageStore.batch))
    softplus = torch.nn.functional.softplus
    monkeypatch.setattr(torch.nn.functional, "softplus", noted(softplus))

    class Discriminator(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, images):
            stacks.append(stack_files())
            return self.weight * images.mean((1, 2, 3))

    trainer = ganzoo.Trainer(
        generator=plan.networks.generator,
        discriminator=Discriminator(),
        loss=plan.loss,
        latent=4,
        data=images,
        batch_size=4,
        device="cpu",
    )
    stacks.clear()
    trainer.train_step()
    named = walk("A batch, from")
    assert len(named) <= 8
    store, network, loss = stacks[:3]
    assert loss[:-1] == network[:-1], "loss and critic are called by the same file"
    walked = [*reversed(store)][1:] + network[1:] + loss[-1:]  # the store itself is the caller
    assert walked == named[1:]


def test_an_option_walks_through_the_files_that_it_names(monkeypatch):
    from ganzoo_dcgan.architecture import DCGAN

    from ganzoo.cli.app import app

    stacks = []
    make = DCGAN.__init__
    monkeypatch.setattr(
        DCGAN, "__init__", lambda *a, **k: stacks.append(stack_files()) or make(*a, **k)
    )
    command = "train --arch dcgan --loss bce --data emoji -o arch.base_channels=2 --dry-run"
    app.main(command.split(), standalone_mode=False)
    named = walk("An option,")
    assert len(named) <= 7
    assert set(stacks[0]) <= set(named), "files that hand the option on, and are not named"
