"""Promises of the Weights & Biases observer; offline runs are read back from their files.

`.wandb` files are logs in LevelDB's format, whose records are wandb's own protobuf messages.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

import ganzoo

if find_spec("wandb") is None:  # which takes long to import, also where no test here is run
    pytest.skip("wandb is not installed", allow_module_level=True)
component = next(
    c
    for c in ganzoo.default_host().components("observer")
    if c.spec.factory.endswith("_wandb.observer:WeightsAndBiases")
)
NAME = component.spec.name

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "data": {"name": "gaussians", "count": 100},
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "sample_every": 3,
    "checkpoint_every": 4,
    "device": "cpu",
}
BLOCK = 2**15
"""Bytes of a block of a LevelDB log; records are split where it ends."""


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    """A cache and a home of the test's own, without settings of Weights & Biases."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "GANZOO_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / "netrc"))


def train(run_dir: Path, *more: ganzoo.Observer, **settings) -> ganzoo.Run:
    options = {f"observer.{NAME}.mode": "offline"} | settings.pop("options", {})
    settings = TINY | settings
    return ganzoo.train(run_dir=run_dir, observers=[NAME, *more], options=options, **settings)


def sessions(run: ganzoo.Run) -> list[Path]:
    """The files of the sessions of a run, in order."""
    return sorted(run.path.glob("wandb/offline-run-*/*.wandb"))


def records(file: Path) -> Iterator:
    """The records of a session."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = file.read_bytes(), 7, b""
    assert data[:4] == b":W&B"
    while at + 7 <= len(data):
        if (left := BLOCK - at % BLOCK) < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(parts)
            parts = b""


def rows_of(run: ganzoo.Run) -> list[dict[str, object]]:
    """The history of all sessions, in order: the values of each step."""
    rows = []
    for file in sessions(run):
        for record in records(file):
            if record.HasField("history"):
                items = record.history.item
                rows.append(
                    {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}
                )
    return rows


def log_of(run: ganzoo.Run) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]


def numbers_of(run: ganzoo.Run) -> list[dict[str, float]]:
    """Lines of the log as the history has them; rows with a picture alone are left out."""
    rows = [
        {"step": row["_step"]}
        | {k: v for k, v in row.items() if not k.startswith(("_", "samples/"))}
        for row in rows_of(run)
    ]
    return [row for row in rows if len(row) > 1]


def without_speed(lines: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{k: v for k, v in line.items() if k != "images_per_second"} for line in lines]


def config_and_summary(file: Path) -> tuple[dict[str, object], dict[str, object], object]:
    """Config, latest summary and the record of the run, of a session."""
    config, summary, about = {}, {}, None
    for record in records(file):
        if record.HasField("run"):
            about = record.run
            config = {i.key: json.loads(i.value_json) for i in about.config.update}
        if record.HasField("summary"):
            for i in record.summary.update:
                summary["/".join(i.nested_key) or i.key] = json.loads(i.value_json)
    return config, summary, about


def pictures_of(run: ganzoo.Run) -> dict[int, Path]:
    """The sample grids by step, as files of their sessions."""
    files = {path.name: path for path in run.path.glob("wandb/*/files/media/images/*.png")}
    rows = [row for row in rows_of(run) if "samples/path" in row]
    return {row["_step"]: files[Path(row["samples/path"]).name] for row in rows}


class Crash(ganzoo.Observer):
    def step(self, trainer, terms):
        if trainer.step == 7:
            raise RuntimeError("the machine went down")


@pytest.mark.slow
def test_an_offline_run_has_its_numbers_pictures_settings_and_summary(tmp_path, capfd):
    tags = {f"observer.{NAME}.tags": ["a", "b"]}
    run = train(tmp_path / "run", steps=4, options=tags)
    assert capfd.readouterr() == ("", "")
    assert numbers_of(run) == log_of(run)
    pictures = pictures_of(run)
    assert list(pictures) == [0, 3, 4]
    with Image.open(pictures[4]) as picture:
        assert picture.mode == "RGB"

    (session,) = sessions(run)
    config, summary, about = config_and_summary(session)
    assert config["training"]["batch_size"] == 4
    assert config["arch"] == run.config.model_dump(mode="json")["arch"]
    assert (about.project, about.display_name, list(about.tags)) == ("ganzoo", "run", ["a", "b"])
    last = {name: value for name, value in log_of(run)[-1].items() if name != "step"}
    assert {name: summary[name] for name in last} == last


@pytest.mark.slow
def test_a_resumed_run_is_the_same_run_and_goes_on_where_it_ended(tmp_path):
    run = train(tmp_path / "run", steps=4)
    run = ganzoo.resume(run.path, steps=8)
    assert numbers_of(run) == log_of(run)
    assert [line["step"] for line in log_of(run)] == [2, 4, 6, 8]
    assert list(pictures_of(run)) == [0, 3, 4, 6, 8]
    first, second = (config_and_summary(file)[2] for file in sessions(run))
    kept = json.loads((run.path / "wandb" / "ganzoo.json").read_text())
    assert first.run_id == second.run_id == kept["id"]


@pytest.mark.slow
def test_lines_that_come_again_are_not_repeated(tmp_path):
    with pytest.raises(RuntimeError, match="went down"):
        train(tmp_path / "run", Crash(), steps=10)
    (session,) = sessions(ganzoo.Run(tmp_path / "run"))
    (end,) = [record.exit for record in records(session) if record.HasField("exit")]
    assert end.exit_code == 1
    run = ganzoo.resume(tmp_path / "run")
    assert [row["step"] for row in numbers_of(run)] == [2, 4, 6, 8, 10]
    assert without_speed(numbers_of(run)) == without_speed(log_of(run))
    assert list(pictures_of(run)) == [0, 3, 6, 9, 10]


KILLED = """
import os, signal, time
import ganzoo

class Kill(ganzoo.Observer):
    def step(self, trainer, terms):
        if trainer.step == 7:
            time.sleep(4)  # wandb writes each second
            os.kill(os.getpid(), signal.SIGKILL)

options = {{"observer.{name}.mode": "offline"}}
ganzoo.train(
    run_dir={run_dir!r}, observers=["{name}", Kill()], options=options, steps=10, **{settings}
)
"""


@pytest.mark.slow
def test_a_run_that_was_killed_has_neither_holes_nor_repeats(tmp_path):
    code = KILLED.format(name=NAME, run_dir=str(tmp_path / "run"), settings=TINY)
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [row["step"] for row in numbers_of(ganzoo.Run(tmp_path / "run"))] == [2, 4]
    run = ganzoo.resume(tmp_path / "run")
    assert [row["step"] for row in numbers_of(run)] == [2, 4, 6, 8, 10]
    assert without_speed(numbers_of(run)) == without_speed(log_of(run))


def test_without_a_key_it_names_the_mode_that_needs_none(tmp_path):
    with pytest.raises(ganzoo.UsageError, match="no key .*wandb login.*mode=offline") as error:
        ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], steps=1, **TINY)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_key_that_cannot_be_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "too short")
    with pytest.raises(ganzoo.UsageError, match="WANDB_API_KEY invalid"):
        ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], steps=1, **TINY)


@pytest.mark.parametrize("by", ["option", "variable"])
def test_it_can_be_disabled(by, tmp_path, monkeypatch):
    options = {f"observer.{NAME}.mode": "disabled"} if by == "option" else {}
    if by == "variable":
        monkeypatch.setenv("WANDB_MODE", "disabled")
    run = ganzoo.train(run_dir=tmp_path / "run", observers=[NAME], options=options, steps=2, **TINY)
    assert not (run.path / "wandb").exists()


def test_without_its_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ganzoo.UsageError, match=r"pip install \"gan-zoo\[wandb\]\""):
        train(tmp_path / "run", steps=1)
    assert not (tmp_path / "run").exists()


def test_without_a_run_directory_it_warns_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer = ganzoo.Trainer(
        generator=nn.Sequential(nn.Linear(4, 16), nn.Unflatten(1, (1, 4, 4))),
        discriminator=nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Flatten(0)),
        latent=4,
        loss=ganzoo.create("loss", "bce"),
        data=ganzoo.ImageStore.from_dataset(list(torch.zeros(8, 1, 4, 4, dtype=torch.uint8))),
        batch_size=4,
        device="cpu",
    )
    with pytest.warns(ganzoo.GanzooWarning, match=r"nothing without a run directory; .*train"):
        trainer.fit(2, observers=[ganzoo.create("observer", NAME, mode="offline")])
    assert list(tmp_path.iterdir()) == []
