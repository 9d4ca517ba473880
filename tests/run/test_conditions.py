"""Promises of runs that are conditioned on pictures: they are sampled and judged by pairs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import ganzoo
from ganzoo.config import Layer
from ganzoo.evaluation.sources import Split
from ganzoo.run.checkpoints import Manifest, read_manifest
from ganzoo.run.image_sources import Generated
from ganzoo.run.plan import compose

SMALL = {"name": "pix2pix", "base_channels": 2, "patch": 16, "dropout": 0.0}
TINY = {
    "arch": SMALL,
    "loss": "pix2pix",
    "batch_size": 4,
    "sample_count": 4,
    "log_every": 2,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A folder of 20 pairs to train on and 8 held out: noise, and its negative in two colours."""
    folder, noise = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for split, count in (("train", 20), ("test", 8)):
        for side in "AB":
            (folder / split / side).mkdir(parents=True)
        for k in range(count):
            grey = noise.integers(0, 256, (32, 32), dtype=np.uint8)
            Image.fromarray(grey).save(folder / split / "A" / f"{k}.png")
            coloured = np.stack([255 - grey, grey // 2, 0 * grey], 2)
            Image.fromarray(coloured).save(folder / split / "B" / f"{k}.png")
    return {"name": "paired-folder", "path": str(folder)}


@pytest.fixture(scope="module")
def run(pairs, tmp_path_factory) -> ganzoo.Run:
    path = tmp_path_factory.mktemp("runs") / "run"
    return ganzoo.train(**TINY, data=pairs, steps=2, run_dir=path)


def copied(run, tmp_path) -> ganzoo.Run:
    shutil.copytree(run.path, tmp_path / "copy")
    return ganzoo.Run(tmp_path / "copy", device="cpu")


# --- What a run knows


def test_the_manifest_says_what_the_generator_is_conditioned_on(run):
    image = ganzoo.ImageSpec(3, 32, 32, condition=ganzoo.Picture(1))
    assert run.manifest.image == image
    assert run.num_classes == 0
    assert run.config.training.conditional
    assert run.provenance["images"] == "3x32x32, each with a picture of 1x32x32"


@pytest.mark.parametrize("condition", [ganzoo.Picture(4), ganzoo.Vector(4), None])
def test_a_manifest_with_any_condition_survives_json(run, condition):
    manifest = replace(run.manifest, image=replace(run.manifest.image, condition=condition))
    assert Manifest.from_json(manifest.to_json()) == manifest


WRONG = [{"channels": 0}, {"length": "x"}, {"height": 3}, {"channels": 1, "depth": 8}, 7, []]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_manifest_with_a_wrong_condition_is_damaged(run, tmp_path, wrong):
    copy = copied(run, tmp_path)
    file = copy.checkpoint / "manifest.json"
    content = json.loads(file.read_text())
    content["image"]["condition"] = wrong
    file.write_text(json.dumps(content))
    with pytest.raises(ganzoo.GanzooError, match="manifest.json"):
        read_manifest(copy.checkpoint)


def test_a_run_keeps_the_pictures_of_its_training_images(run, pairs):
    kept = load_file(run.path / "conditions.safetensors")["conditions"]
    assert kept.shape == (20, 1, 32, 32)
    files = [Image.open(f"{pairs['path']}/train/A/{k}.png") for k in range(20)]
    greys = {np.asarray(file).tobytes() for file in files}
    assert {picture.numpy().tobytes() for picture in kept} == greys


# --- Sampling


def test_it_is_sampled_without_the_dataset_as_it_was_in_training(run, tmp_path, pairs, monkeypatch):
    copy = copied(run, tmp_path)
    monkeypatch.setattr(ganzoo.Dataset, "open", None)
    kept = load_file(run.path / "conditions.safetensors")["conditions"]
    images = copy.sample(23)
    assert images.shape == (23, 3, 32, 32)
    again = copy.sample(23, labels=ganzoo.from_uint8(kept[torch.arange(23) % 20]))
    assert torch.equal(images, again)


def test_other_pictures_are_translated_too(run):
    pictures = torch.zeros(2, 1, 32, 32)
    pictures[1] = 1
    dark, bright = run.sample(2, labels=pictures)
    assert not torch.equal(dark, bright)
    with pytest.raises(ganzoo.UsageError, match=r"labels must be floats of shape \(N, 1, 32, 32\)"):
        run.sample(2, labels=3)


def test_the_samples_of_the_training_stand_between_picture_and_truth(run, pairs):
    """4 x 3 pictures of 32 pixels, in a grid of two columns with gaps of two, enlarged."""
    with Image.open(run.path / "samples" / "000002.png") as picture:
        pixels = np.asarray(picture)[::4, ::4]
    assert pixels.shape == (2 + 2 * 34, 2 + 2 * 98, 3)
    sampled = ganzoo.to_uint8(run.sample(4)).permute(0, 2, 3, 1).numpy()
    for k in range(4):
        top, left = 2 + 34 * (k // 2), 2 + 98 * (k % 2)
        condition, fake, real = (
            pixels[top : top + 32, left + 32 * part : left + 32 * part + 32].astype(int)
            for part in range(3)
        )
        assert np.array_equal(real[..., 0], 255 - condition[..., 0])  # a pair
        assert np.array_equal(condition[..., 0], condition[..., 2])  # grey
        assert np.abs(fake - sampled[k]).max() <= 1


def test_a_picture_of_samples_shows_what_each_was_made_of(run):
    images = run.sample(4)
    grid = run.picture(images, columns=4)
    assert grid.shape == (3, 2 + 34, 2 + 4 * 66)
    kept = load_file(run.path / "conditions.safetensors")["conditions"]
    assert torch.equal(grid[:, 2:34, 2:34], kept[0].expand(3, -1, -1))
    assert torch.equal(grid[:, 2:34, 34:66], ganzoo.to_uint8(images[0]))
    other = run.picture(images, columns=4, labels=torch.ones(4, 1, 32, 32))
    assert (other[:, 2:34, 2:34] == 255).all()


def test_without_its_pictures_a_run_takes_those_that_it_is_given(run, tmp_path):
    copy = copied(run, tmp_path)
    (copy.path / "conditions.safetensors").unlink()
    with pytest.raises(ganzoo.UsageError, match="no conditions to sample with; give labels"):
        copy.sample(2)
    assert copy.sample(2, labels=torch.zeros(2, 1, 32, 32)).isfinite().all()


DAMAGE = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:100]),
    "of another shape": lambda file: save_file(
        {"conditions": torch.zeros(4, 3, 32, 32, dtype=torch.uint8)}, file
    ),
    "of another type": lambda file: save_file({"conditions": torch.zeros(4, 1, 32, 32)}, file),
    "empty": lambda file: save_file(
        {"conditions": torch.zeros(0, 1, 32, 32, dtype=torch.uint8)}, file
    ),
    "of another name": lambda file: save_file({"x": torch.zeros(1)}, file),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_pictures_are_named(run, tmp_path, damage):
    copy = copied(run, tmp_path)
    DAMAGE[damage](copy.path / "conditions.safetensors")
    with pytest.raises(ganzoo.GanzooError, match=r"cannot read .*conditions.safetensors"):
        copy.sample(1)


def test_there_is_nothing_to_interpolate_where_z_does_nothing(run):
    with pytest.raises(ganzoo.UsageError, match="do not depend on z"):
        run.interpolate(2, stops=2, frames=2)


# --- Resuming


def test_a_resumed_run_is_the_same_to_the_bit(run, pairs, tmp_path):
    straight = ganzoo.train(**TINY, data=pairs, steps=4, run_dir=tmp_path / "straight")
    copy = copied(run, tmp_path)
    resumed = ganzoo.resume(copy.path, steps=4)
    assert torch.equal(straight.sample(5), resumed.sample(5))
    first, second = (r.checkpoint / "discriminator.safetensors" for r in (straight, resumed))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("settings", [{"store_gib": 0.0, "workers": 0}, {"horizontal_flip": True}])
def test_a_stream_and_flips_train_and_resume_too(pairs, tmp_path, settings):
    straight = ganzoo.train(**TINY, **settings, data=pairs, steps=2, run_dir=tmp_path / "straight")
    stopped = ganzoo.train(**TINY, **settings, data=pairs, steps=1, run_dir=tmp_path / "stopped")
    resumed = ganzoo.resume(stopped.path, steps=2)
    assert torch.equal(straight.sample(5), resumed.sample(5))
    kept = [load_file(r.path / "conditions.safetensors")["conditions"] for r in (straight, resumed)]
    assert torch.equal(*kept)


# --- Evaluation


class Distance(ganzoo.Metric):
    """Mean distance between an image and the one at its place in the reference."""

    scores = (ganzoo.Score("L1", "lower"),)
    blind_to = "everything but this"

    def measure(self, sample, reference, *, seed):
        distance = (sample.images.float() - reference.images.float()).abs().mean()
        return {"L1": ganzoo.Measured(distance.item())}


def expected(run, pairs, split, seed=0, n=8) -> float:
    """By hand: translate the picture of each real image, and compare with that image."""
    data = Split(pairs["name"], split, {"path": pairs["path"]}).decoded(run.manifest.image)
    drawn = data.draw(n, seed=seed)
    fakes = run.sample(n, seed=seed, labels=ganzoo.from_uint8(drawn.conditions))
    return (ganzoo.to_uint8(fakes).float() - drawn.images.float()).abs().mean().item()


def test_images_are_compared_with_those_of_their_own_pictures(run, pairs):
    found = ganzoo.evaluate(run, metrics=Distance(), n=8, floor=False)
    assert found["L1"].value == pytest.approx(expected(run, pairs, "train"))


def test_held_out_pairs_are_translated_with_their_own_pictures(run, pairs):
    held_out = {**pairs, "split": "test"}
    found = ganzoo.evaluate(run, held_out, metrics=Distance(), n=8, floor=False)
    assert found["L1"].value == pytest.approx(expected(run, pairs, "test"))
    assert found["L1"].reference == "paired-folder (test)"


def test_a_reference_without_pictures_is_said_to_repeat_those_of_the_run(run, pairs):
    images = torch.zeros(30, 3, 32, 32, dtype=torch.uint8)
    with pytest.warns(ganzoo.GanzooWarning, match=r"30 images of .* made from the 20 pictures"):
        ganzoo.evaluate(run, images, metrics=Distance(), floor=False)


def test_a_sample_for_a_reference_of_another_kind_is_drawn_all_the_same(run):
    """Labels of classes are no pictures."""
    drawn = Generated(run).draw(6, seed=0, like=torch.arange(6))
    assert len(drawn) == 6
    assert drawn.labels is None


def test_evaluation_during_training_translates_the_pictures_of_the_reference(pairs, tmp_path):
    """The same number as afterwards, from the checkpoint of the step."""
    settings = {"eval_every": 2, "eval_metrics": ["sliced-wasserstein"], "eval_images": 10}
    run = ganzoo.train(**TINY, **settings, data=pairs, steps=2, run_dir=tmp_path / "run")
    (line,) = run.evaluations()
    afterwards = ganzoo.evaluate(run, metrics="sliced-wasserstein", n=10)
    assert line["value"] == pytest.approx(afterwards[line["name"]].value, rel=1e-3)


# --- Combinations that cannot be


def composed(arch, loss, data, **training):
    return compose(
        [Layer("test", {"arch": arch, "loss": loss, "data": data, "training": training})]
    )


GREY = {"name": "emoji", "condition": "grey"}
REFUSED = {
    "classes for an architecture of pictures": (
        (SMALL, "pix2pix", "emoji"),
        {},
        "'pix2pix' is conditioned on pictures, and the dataset 'emoji' has classes: train on a "
        "dataset with pictures; `ganzoo list datasets` shows all",
    ),
    "pictures for an architecture of classes": (
        ("dcgan", "bce", GREY),
        {"conditional": True},
        "'dcgan' is conditioned on classes, and the dataset 'emoji' has pictures: train with "
        "conditional=False, or with another architecture",
    ),
    "pictures for a loss of classes": (
        ("dcgan", "acgan", GREY),
        {},
        "'dcgan' is conditioned on classes, and the dataset 'emoji' has pictures: train on a "
        "dataset with classes",
    ),
    "a loss of classes on pictures": (
        (SMALL, "acgan", GREY),
        {},
        "the loss 'acgan' cannot be used here: the loss or a penalty needs the output "
        "'class_logits', which tells classes apart",
    ),
    "a loss of one score": (
        (SMALL, "relativistic", GREY),
        {},
        "'pix2pix' cannot be trained with the loss 'relativistic' .* gives 196 scores an image",
    ),
    "unconditional translation": (
        (SMALL, "bce", GREY),
        {"conditional": False},
        r"'pix2pix' needs a condition, so it cannot train with conditional=False \(from test\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_refused_with_the_next_step(name):
    choice, training, message = REFUSED[name]
    with pytest.raises(ganzoo.UsageError, match=message) as error:
        composed(*choice, **training)
    assert "\n" not in str(error.value)


def test_every_architecture_of_classes_refuses_vectors_and_pictures(tmp_path):
    Image.new("RGB", (32, 32)).save(tmp_path / "x.png")
    (tmp_path / "a.csv").write_text("file,young\nx.png,1\n")
    vectors = {"name": "image-folder", "path": str(tmp_path), "attributes": "a.csv"}
    for name in ganzoo.names("architecture"):
        conditions = ganzoo.create("architecture", name).conditions
        if "classes" in conditions:
            for data, kind in ((vectors, "vectors"), (GREY, "pictures")):
                if kind[:-1] in conditions:
                    continue
                with pytest.raises(
                    ganzoo.UsageError, match=f"'{name}' is conditioned on classes.*, .* has {kind}"
                ):
                    composed(name, "bce", data, conditional=True)


def test_pictures_do_no_harm_where_training_is_unconditional():
    plan = composed("dcgan", "bce", GREY)
    assert not plan.demands.labels
    assert plan.image.condition == ganzoo.Picture(1)


def test_an_architecture_of_pictures_makes_the_training_conditional():
    plan = composed(SMALL, "bce", GREY)
    assert plan.config.training.conditional
    assert plan.origins["training", "conditional"] == "the architecture 'pix2pix'"
