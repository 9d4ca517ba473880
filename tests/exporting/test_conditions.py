"""Promises of the export of a generator that is conditioned on pictures."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from forked import run_snippet
from PIL import Image
from pydantic import TypeAdapter

import ganzoo
from ganzoo.exporting.formats import WRITERS


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> ganzoo.Run:
    path = ganzoo.train(
        arch={"name": "pix2pix", "base_channels": 2, "patch": 16},
        loss="pix2pix",
        data={"name": "emoji", "condition": "grey"},
        steps=2,
        batch_size=4,
        sample_count=4,
        device="cpu",
        run_dir=tmp_path_factory.mktemp("runs") / "run",
    ).path
    return ganzoo.Run(path, device="cpu")


def test_onnxruntime_makes_the_same_images_of_pictures_at_every_batch_size(run, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    folder = ganzoo.export(run, "onnx", out=tmp_path / "export")
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    shapes = {entry.name: entry.shape[1:] for entry in session.get_inputs()}
    assert shapes == {"z": [1], "labels": [1, 32, 32]}
    kept = np.load(folder / "conditions.npy")
    assert kept.shape == (16, 1, 32, 32)
    assert kept.dtype == np.float32
    for n in (1, 3, 16):
        feeds = {"z": np.zeros((n, 1), np.float32), "labels": kept[:n]}
        (images,) = session.run(["images"], feeds)
        expected = run.sample(n, labels=torch.from_numpy(kept[:n]))
        np.testing.assert_allclose(images, expected.numpy(), atol=1e-4)


def test_the_json_beside_it_builds_the_generator_again(run, tmp_path):
    folder = ganzoo.export(run, "safetensors", out=tmp_path / "export")
    about = json.loads((folder / "ganzoo.json").read_text())
    image = TypeAdapter(ganzoo.ImageSpec).validate_python(about["image"])
    assert image == run.manifest.image
    assert about["inputs"] == ["z", "labels"]
    assert about["class_names"] == []


def test_its_card_says_what_the_picture_is(run, tmp_path):
    folder = ganzoo.export(run, "safetensors", out=tmp_path / "export")
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "pipeline_tag: image-to-image" in card
    row = (
        "| `labels`, in | (n, 1, 32, 32) | float32 | The picture that each image is made of, in [-1"
    )
    assert row in card
    assert "| `images`, out | (n, 3, 32, 32) | float32 | In [-1, 1], channels first: red" in card


@pytest.mark.slow
@pytest.mark.parametrize("format_", WRITERS)
def test_its_program_translates_a_picture(run, format_, tmp_path):
    folder = ganzoo.export(run, format_, out=tmp_path / "export")
    card = (folder / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", card, re.M | re.S)
    code, out, err = run_snippet(program, folder)
    assert code == 0, out + err
    with Image.open(folder / "image.png") as picture:
        pixels = np.asarray(picture)
    labels = torch.from_numpy(np.load(folder / "conditions.npy"))
    expected = ganzoo.to_uint8(run.sample(16, labels=labels))[0].permute(1, 2, 0).numpy()
    assert np.abs(pixels.astype(int) - expected).max() <= 1


@pytest.mark.slow
def test_the_program_builds_a_generator_of_other_outputs_too(tmp_path):
    """Demands are data in the JSON, with the outputs that the loss needs of the discriminator."""
    run = ganzoo.train(
        arch={"name": "dcgan", "base_channels": 2, "latent_dim": 4},
        loss="acgan",
        data="emoji",
        size=16,
        steps=1,
        batch_size=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    folder = ganzoo.export(run, "safetensors", out=tmp_path / "export")
    card = (folder / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", card, re.M | re.S)
    code, out, err = run_snippet(program, folder)
    assert code == 0, out + err
