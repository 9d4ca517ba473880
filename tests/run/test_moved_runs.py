"""Promises of runs that move: data at another place, and a machine with other devices."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import types
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import ganzoo
from ganzoo.data.fingerprint import content_fingerprint

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "device": "cpu",
}


class PhotosOptions(ganzoo.Options):
    path: Path
    whole: bool = True
    known: bool = True


class Photos(ganzoo.Dataset):
    """A folder of PNG files."""

    def open(self, split: str = "train") -> ganzoo.ImageSource:
        files = sorted(self.options.path.glob("*.png"))
        if not files:
            raise ganzoo.DataError(f"{self.options.path} has no images; set data.path")
        return ganzoo.ImageSource(
            [Image.open(file).copy() for file in files],
            ganzoo.ImageSpec(3, 16, 16),
            fingerprint=content_fingerprint(files) if self.options.known else "",
        )


@pytest.fixture
def host(monkeypatch) -> ganzoo.PluginHost:
    """All plugins, and one of such a dataset."""
    module = types.ModuleType("moved_photos")
    module.Photos, module.PhotosOptions = Photos, PhotosOptions

    @ganzoo.hookimpl
    def ganzoo_datasets() -> Iterator[ganzoo.DatasetSpec]:
        yield ganzoo.DatasetSpec(
            name="photos",
            factory="moved_photos:Photos",
            options="moved_photos:PhotosOptions",
            summary="Photos.",
        )

    module.ganzoo_datasets = ganzoo_datasets
    monkeypatch.setitem(sys.modules, "moved_photos", module)
    installed = [record for record in ganzoo.default_host().records if record.name != "dcgan"]
    points = [EntryPoint(record.name, record.value, "ganzoo") for record in installed]
    return ganzoo.PluginHost([*points, EntryPoint("photos", "moved_photos", "ganzoo")])


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(6):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.png")
    return folder


def weights(run: ganzoo.Run) -> dict[str, torch.Tensor]:
    return load_file(run.checkpoint / "generator.safetensors")


def assert_same_weights(first: ganzoo.Run, second: ganzoo.Run) -> None:
    expected = weights(first)
    assert all(torch.equal(value, expected[name]) for name, value in weights(second).items())


def train(run_dir: Path, data: dict[str, object], host, steps: int = 4) -> ganzoo.Run:
    return ganzoo.train(run_dir=run_dir, data=data, steps=steps, host=host, **TINY)


def test_the_same_images_at_another_place_and_with_other_times_need_no_override(
    tmp_path, photos, host
):
    data = {"name": "photos", "path": str(photos)}
    through = train(tmp_path / "through", data, host, steps=6)
    run = train(tmp_path / "run", data, host)
    moved = photos.rename(tmp_path / "moved")
    for file in moved.iterdir():
        os.utime(file, (0, 0))
    with pytest.raises(ganzoo.DataError, match="set data.path"):
        ganzoo.resume(run.path, steps=6, host=host)
    again = ganzoo.resume(run.path, steps=6, options={"data.path": str(moved)}, host=host)
    assert again.steps == [4, 6]
    assert_same_weights(through, again)

    # The run knows the place now.
    assert ganzoo.Run(run.path).config.data.options["path"] == str(moved)
    assert ganzoo.resume(run.path, steps=7, host=host).steps == [4, 6, 7]


def test_an_image_folder_may_move_too(tmp_path, photos):
    data = {"name": "image-folder", "path": str(photos)}
    run = ganzoo.train(run_dir=tmp_path / "run", data=data, size=16, steps=4, **TINY)
    options = {"data.path": str(photos.rename(tmp_path / "moved"))}
    assert ganzoo.resume(run.path, steps=6, options=options).steps == [4, 6]


def test_other_images_at_another_place_need_an_override(tmp_path, photos, host):
    run = train(tmp_path / "run", {"name": "photos", "path": str(photos)}, host)
    other = Path(shutil.copytree(photos, tmp_path / "other"))
    Image.new("RGB", (16, 16)).save(other / "0.png")
    moved = {"data.path": str(other)}
    with pytest.raises(ganzoo.UsageError) as error:
        ganzoo.resume(run.path, steps=6, options=moved, host=host)
    assert f"data.path: {photos} before, {other} now" in str(error.value)
    assert "  dataset: " in str(error.value)
    assert "override=True resumes with these changes" in str(error.value)
    again = ganzoo.resume(run.path, steps=6, options=moved, override=True, host=host)
    assert again.steps == [4, 6]
    assert ganzoo.Run(run.path).config.data.options["path"] == str(other)


def test_data_without_a_fingerprint_may_be_other_data_at_another_place(tmp_path, photos, host):
    data = {"name": "photos", "path": str(photos), "known": False}
    run = train(tmp_path / "run", data, host)
    moved = {"data.path": str(photos.rename(tmp_path / "moved"))}
    with pytest.raises(ganzoo.UsageError, match=r"data\.path: .*\noverride=True resumes"):
        ganzoo.resume(run.path, steps=6, options=moved, host=host)
    again = ganzoo.resume(run.path, steps=6, options=moved, override=True, host=host)
    assert again.steps == [4, 6]


def test_other_options_of_a_dataset_still_make_another_run(tmp_path, photos, host):
    run = train(tmp_path / "run", {"name": "photos", "path": str(photos)}, host)
    moved = {"data.path": str(photos.rename(tmp_path / "moved")), "data.whole": False}
    with pytest.raises(ganzoo.UsageError, match=r"A change of data\.whole makes another run"):
        ganzoo.resume(run.path, steps=6, options=moved, override=True, host=host)


ELSEWHERE = "xpu" if torch.cuda.is_available() else "cuda"
"""A device that this machine lacks."""


@pytest.fixture
def moved(tmp_path) -> ganzoo.Run:
    """A run that says in all its files that it was trained on another machine's GPU."""
    data = {"name": "gaussians", "count": 200}
    run = ganzoo.train(run_dir=tmp_path / "run", data=data, steps=4, **TINY)
    config = run.directory.config.read_text()
    settings = {
        'device = "cpu"': f'device = "{ELSEWHERE}"',
        'precision = "fp32"': 'precision = "fp16"',
    }
    for before, after in settings.items():
        assert config.count(f"\n{before}") == 1
        config = config.replace(f"\n{before}", f"\n{after}")
    run.directory.config.write_text(config)
    started, *events = run.events()
    started["config"]["execution"] |= {"device": ELSEWHERE, "precision": "fp16"}
    lines = [json.dumps(event) + "\n" for event in (started, *events)]
    run.directory.journal.write_text("".join(lines))
    return ganzoo.Run(run.path)


def test_a_run_of_a_device_that_is_not_here_samples_and_is_evaluated_without_edits(moved):
    assert moved.config.execution.device == ELSEWHERE
    assert moved.sample(4).isfinite().all()
    assert moved.interpolate(1, stops=2, frames=2).isfinite().all()
    evaluation = ganzoo.evaluate(str(moved.path), metrics="modes", n=50, floor=False)
    assert evaluation.values()


def test_it_resumes_once_a_device_is_named(moved, tmp_path):
    with pytest.raises(ganzoo.UsageError) as error:
        ganzoo.resume(moved.path, steps=6)
    assert f"device '{ELSEWHERE}' is not available here" in str(error.value)
    assert 'device="auto" chooses' in str(error.value)
    with pytest.warns(ganzoo.GanzooWarning, match=f"was trained on {ELSEWHERE}; on another device"):
        again = ganzoo.resume(moved.path, steps=6, device="cpu")
    assert again.steps == [4, 6]
    execution = ganzoo.Run(moved.path).config.execution
    assert (execution.device, execution.precision) == ("cpu", "fp32")

    # From here on it is a run of this device.
    again = ganzoo.resume(moved.path, steps=7)
    data = {"name": "gaussians", "count": 200}
    through = ganzoo.train(run_dir=tmp_path / "through", data=data, steps=7, **TINY)
    assert_same_weights(through, again)


def test_a_precision_that_is_named_is_kept_on_another_device(moved):
    options = {"execution.precision": "bf16"}
    with pytest.warns(ganzoo.GanzooWarning, match="was trained on"):
        ganzoo.resume(moved.path, steps=5, device="cpu", options=options)
    assert ganzoo.Run(moved.path).config.execution.precision == "bf16"


def test_an_optimizer_that_was_captured_in_a_cuda_graph_resumes_on_a_cpu(tmp_path):
    """torch would take `capturable` from the checkpoint, and Adam then refuses a CPU."""
    data = {"name": "gaussians", "count": 200}
    run = ganzoo.train(run_dir=tmp_path / "run", data=data, steps=4, fused="off", **TINY)
    file = run.checkpoint / "state.pt"
    state = torch.load(file, weights_only=True)
    for update in ("generator_update", "discriminator_update"):
        state[update]["optimizer"]["param_groups"][0]["capturable"] = True
    torch.save(state, file)
    manifest = json.loads((run.checkpoint / "manifest.json").read_text())
    manifest["checksums"]["state.pt"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (run.checkpoint / "manifest.json").write_text(json.dumps(manifest))
    through = ganzoo.train(run_dir=tmp_path / "through", data=data, steps=6, fused="off", **TINY)
    assert_same_weights(through, ganzoo.resume(run.path, steps=6))


@pytest.mark.filterwarnings("error")
def test_the_device_of_the_run_itself_changes_nothing(tmp_path):
    data = {"name": "gaussians", "count": 200}
    run = ganzoo.train(run_dir=tmp_path / "run", data=data, steps=4, precision="bf16", **TINY)
    again = ganzoo.resume(run.path, steps=5, device="cpu")
    assert again.config.execution.precision == "bf16"
