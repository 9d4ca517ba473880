"""Promises of the emoji."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_emoji.dataset import Emoji
from ganzoo_emoji.options import EmojiOptions

import ganzoo


@pytest.fixture(scope="module")
def source():
    return Emoji().open()


def test_there_are_1911_in_colour_at_32_pixels(source):
    assert len(source.images) == 1911
    assert source.spec == ganzoo.ImageSpec(3, 32, 32, num_classes=10)
    assert all(image.shape == (3, 32, 32) for image, _ in source.images)
    assert all(image.dtype == torch.uint8 for image, _ in source.images[:3])


def test_labels_are_the_ten_unicode_categories(source):
    counts = torch.tensor([label for _, label in source.images]).bincount().tolist()
    assert dict(zip(source.class_names, counts, strict=True)) == {
        "Activities": 85,
        "Animals & Nature": 159,
        "Component": 5,
        "Flags": 270,
        "Food & Drink": 131,
        "Objects": 264,
        "People & Body": 386,
        "Smileys & Emotion": 169,
        "Symbols": 224,
        "Travel & Places": 218,
    }


def test_the_background_is_white(source):
    images = torch.stack([image for image, _ in source.images])
    corners = images[:, :, 0, 0]
    assert (corners == 255).all(1).float().mean() > 0.8
    assert images.amin((1, 2, 3)).max() < 255  # none is blank


def test_the_tiles_are_cut_where_they_should_be(source):
    """The Japanese flag: white with a red disc in the middle."""
    index = next(i for i in range(1911) if source.locate(i) == "emoji 1F1EF-1F1F5")
    image, label = source.images[index]
    assert source.class_names[label] == "Flags"
    red, green, blue = image[:, 16, 16].tolist()
    assert red > 150
    assert max(green, blue) < 100


def test_there_is_no_other_split():
    with pytest.raises(ganzoo.UsageError, match="no split 'test'"):
        Emoji().open("test")


def conditioned(kind) -> ganzoo.ImageSource:
    return Emoji(EmojiOptions(condition=kind)).open()


@pytest.mark.parametrize("kind", ["grey", "edges"])
def test_each_emoji_comes_with_a_picture_instead_of_a_class(source, kind):
    pairs = conditioned(kind)
    assert pairs.spec == ganzoo.ImageSpec(3, 32, 32, condition=ganzoo.Picture(1))
    assert pairs.class_names == ()
    assert len(pairs.images) == 1911
    for k in (0, 700, 1910):
        assert torch.equal(pairs.images[k][0], source.images[k][0])
        assert pairs.images[k][1].shape == (1, 32, 32)
    assert pairs.locate(5) == source.locate(5)


def test_the_grey_picture_is_the_luma_of_the_emoji():
    """0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded."""
    image, grey = conditioned("grey").images[700]
    luma = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64) @ image.flatten(1).double()
    assert (grey.flatten() - luma).abs().max() <= 0.5 + 1e-3


def test_the_edges_are_the_differences_to_the_eight_neighbours():
    """8 x minus its neighbours, clamped to 0 and 255, then inverted; the border is repeated."""
    grey, edges = (conditioned(kind).images[700][1][0].numpy() for kind in ("grey", "edges"))
    padded = np.pad(grey.astype(int), 1, mode="edge")
    around = sum(padded[i : i + 32, j : j + 32] for i in range(3) for j in range(3))
    assert np.array_equal(edges, 255 - np.clip(9 * grey.astype(int) - around, 0, 255))
    assert edges.min() < 100


def test_without_a_picture_the_option_leaves_no_trace():
    """So runs and decoded images of before it are still those of this dataset."""
    for options in (EmojiOptions(), EmojiOptions(condition="none")):
        assert options.model_dump(exclude_none=True) == {}
        assert Emoji(options).open().spec.num_classes == 10
