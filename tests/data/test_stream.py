"""Promises of the image stream."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from toys import same, weights

import ganzoo
from ganzoo import ImageSource, ImageSpec, ImageStore
from ganzoo.data.batches import Batches
from ganzoo.data.stream import ImageStream

CPU = torch.device("cpu")
SPEC = ImageSpec(1, 8, 8, num_classes=3)


def pixels(number: int) -> torch.Tensor:
    return torch.from_numpy(
        np.random.default_rng(number).integers(0, 256, (1, 8, 8), dtype=np.uint8)
    )


def source(count=30, bad=(), label=None):
    images = [("no image", 0) if k in bad else (pixels(k), k % 3) for k in range(count)]
    if label is not None:
        images = [(image, label) for image, _ in images]
    return ImageSource(images, SPEC, ("a", "b", "c"), locate="file-{}.png".format)


def stream(src=None, workers=0, **settings):
    return ImageStream(src or source(), size=(8, 8), channels=1, workers=workers, **settings)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_gives_the_batches_of_a_store_whatever_the_number_of_workers(workers):
    stored = Batches(ImageStore.from_source(source()), 7, 0, CPU)
    streamed = Batches(stream(workers=workers), 7, 0, CPU)
    for k in (0, 1, 2, 9, 10, 3):  # a run that is resumed begins anywhere
        batch = streamed[k]
        assert torch.equal(batch.images, stored[k].images)
        assert torch.equal(batch.labels, stored[k].labels)


class Chancy:
    """A dataset of images with random transforms, drawn from every usual source."""

    def __len__(self):
        return 9

    def __getitem__(self, index):
        drawn = [random.random(), np.random.rand(), torch.rand(()).item()]
        image = torch.zeros(1, 8, 8, dtype=torch.uint8)
        image[0, 0, :3] = (256 * torch.tensor(drawn)).byte()
        return image, 0


def test_random_transforms_follow_from_the_seed_and_the_place_alone():
    def batches(workers, seed=0, first=0):
        loaded = Batches(stream(ImageSource(Chancy(), SPEC), workers), 4, seed, CPU)
        return torch.stack([loaded[k].images for k in range(first, 4)])

    one = batches(0)
    assert torch.equal(one, batches(2))
    assert torch.equal(one[2:], batches(1, first=2))
    assert not torch.equal(one, batches(0, seed=1))
    drawn = torch.stack([batch[:, 0, 0, :3] for batch in one]).flatten()
    assert len(drawn.unique()) > 0.8 * len(drawn)  # nor are two images' draws the same


def test_decoding_in_the_training_process_leaves_its_randomness_alone():
    loaded = Batches(stream(ImageSource(Chancy(), SPEC)), 4, 0, CPU)
    torch.manual_seed(1)
    state, theirs = torch.get_rng_state(), random.getstate()
    loaded[0]
    assert torch.equal(state, torch.get_rng_state())
    assert theirs == random.getstate()


def test_training_from_a_stream_is_training_from_a_store_to_the_bit_and_resumes(make_trainer):
    stored = make_trainer(data=ImageStore.from_source(source()))
    streamed, resumed = (make_trainer(data=stream()) for _ in range(2))
    stored.fit(4)
    streamed.fit(2)
    resumed.load_state_dict(streamed.state_dict())
    resumed.fit(4)
    assert same(weights(stored.generator), weights(resumed.generator))


@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_image_is_named_without_a_trace(workers):
    batches = Batches(stream(source(bad=(4,)), workers), 30, 0, CPU)
    with pytest.raises(ganzoo.DataError, match=r"file-4\.png.*\nskip_bad_images=True") as raised:
        batches[0]
    assert "Traceback" not in str(raised.value)


def test_an_unreadable_image_is_replaced_by_the_next_where_that_is_allowed():
    whole = Batches(stream(), 30, 0, CPU)
    batches = Batches(stream(source(bad=(4, 5)), skip_bad_images=True), 30, 0, CPU)
    order = whole.order(0).tolist()
    with pytest.warns(UserWarning, match=r"replaced by the next; the first is file-[45]\.png"):
        images = batches[0].images
    for place, number in enumerate(order):
        wanted = 6 if number in (4, 5) else number
        assert torch.equal(images[place], whole[0].images[order.index(wanted)])
    batches[1]  # told of once


def test_where_no_image_can_be_read_the_stream_says_so():
    batches = Batches(stream(source(3, bad=(0, 1, 2)), skip_bad_images=True), 2, 0, CPU)
    with pytest.raises(ganzoo.DataError, match="none of the 3 images"):
        batches[0]


def test_a_label_out_of_range_is_named():
    with pytest.raises(ganzoo.DataError, match=r"file-\d+\.png has label 7.*3 classes"):
        Batches(stream(source(label=7)), 4, 0, CPU)[0]


def test_a_set_larger_than_the_limit_is_streamed_and_nothing_is_kept(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    settings = {
        "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4}, "loss": "bce",
        "data": photos, "size": 8, "steps": 3, "batch_size": 4, "sample_count": 4,
        "device": "cpu",
    }  # fmt: skip
    streamed = ganzoo.train(**settings, store_gib=0, workers=1, run_dir=tmp_path / "streamed")
    assert not (tmp_path / "cache" / "stores").exists()
    stored = ganzoo.train(**settings, run_dir=tmp_path / "stored")
    assert list((tmp_path / "cache" / "stores").iterdir())
    assert torch.equal(streamed.sample(4), stored.sample(4))
