"""Runs to export, trained once; and a host that knows plugins which are not installed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import pytest
from toys import SMALL

import ganzoo

HERE = Path(__file__).parent
OUTSIDER = HERE.parent / "outsider" / "src"


@pytest.fixture
def host(monkeypatch) -> ganzoo.PluginHost:
    """Everything that is installed, the outsider, and a plugin that cannot be exported."""
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.syspath_prepend(str(OUTSIDER))
    more = [
        importlib.metadata.EntryPoint(name, value, "ganzoo")
        for name, value in (("nocturne", "nocturne_gan.plugin"), ("spoiled", "unexportable"))
    ]
    installed = importlib.metadata.entry_points(group="ganzoo")
    return ganzoo.PluginHost([*installed, *more], strict=True)


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> Callable[..., ganzoo.Run]:
    """A small run of an architecture, trained for two steps when first asked for."""
    trained: dict[object, ganzoo.Run] = {}

    def run(arch="vanilla", *, conditional=False, host=None, **options) -> ganzoo.Run:
        key = (arch, conditional, *options.items())
        if key not in trained:
            path = ganzoo.train(
                arch={**SMALL.get(arch, {"name": arch}), **options},
                loss="bce",
                data="emoji",
                size=8 if arch not in SMALL else 16,
                conditional=conditional,
                steps=2,
                log_every=1,
                batch_size=4,
                sample_count=4,
                device="cpu",
                host=host,
                run_dir=tmp_path_factory.mktemp("runs") / "run",
            ).path
            trained[key] = ganzoo.Run(path, host=host, device="cpu")
        return trained[key]

    return run
