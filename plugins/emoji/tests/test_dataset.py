"""Promises of the emoji."""

from __future__ import annotations

import pytest
import torch
from ganzoo_emoji.dataset import Emoji

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
