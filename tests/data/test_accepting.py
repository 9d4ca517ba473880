"""Promises of what a library user may give as images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

import ganzoo
from ganzoo import DataError, GanzooWarning, ImageSpec, ImageStore, UsageError

PIXELS = torch.randint(0, 256, (6, 3, 5, 7), generator=torch.Generator().manual_seed(0)).byte()
SIGNED = PIXELS.double() / 127.5 - 1
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


class Mapped(Dataset):
    """A torch dataset as users write it."""

    def __init__(self, items):
        self.items = list(items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class Endless(IterableDataset):
    def __iter__(self):
        yield PIXELS[0]


ACCEPTED = {
    "a list of tensors": list(PIXELS),
    "a tensor": PIXELS,
    "floats": SIGNED.float(),
    "float64": SIGNED,
    "float16, which rounds": SIGNED.half(),
    "a list of float tensors": list(SIGNED),
    "a list of PIL images": [Image.fromarray(p.permute(1, 2, 0).numpy()) for p in PIXELS],
    "an array": PIXELS.permute(0, 2, 3, 1).numpy(),
    "arrays, channels first": [p.numpy() for p in PIXELS],
    "a torch dataset": Mapped(SIGNED),
    "a subset": Subset(Mapped(PIXELS), range(6)),
    "a tensor dataset without labels": TensorDataset(PIXELS),
    "a tensor dataset of floats": TensorDataset(SIGNED),
    "images beside None": [(p, None) for p in PIXELS],
    "a source": ganzoo.ImageSource(list(PIXELS), ImageSpec(3, 5, 7)),
}


@pytest.mark.parametrize("form", ACCEPTED)
def test_images_in_every_common_form_become_the_same_store(form):
    store = ImageStore.from_dataset(ACCEPTED[form])
    assert store.spec == ImageSpec(3, 5, 7)
    assert torch.equal(store.images.permute(0, 3, 1, 2), PIXELS)


def one_hot(kind=torch.float32):
    return torch.nn.functional.one_hot(LABELS, 3).to(kind)


WORDS = ["cat", "dog", "emu"]
LABELLED = {
    "pairs": (list(zip(PIXELS, LABELS.tolist(), strict=True)), {}, ()),
    "pairs of tensors": (list(zip(PIXELS, LABELS, strict=True)), {}, ()),
    "a tensor dataset": (TensorDataset(SIGNED, LABELS), {}, ()),
    "a pair of tensors": ((PIXELS, LABELS), {}, ()),
    "images and a list of labels": ((SIGNED, LABELS.tolist()), {}, ()),
    "whole numbers as floats": ((PIXELS, LABELS.float()), {}, ()),
    "numpy labels": (list(zip(PIXELS, LABELS.numpy(), strict=True)), {}, ()),
    "names": (Mapped((p, WORDS[n]) for p, n in zip(PIXELS, LABELS, strict=True)), {}, WORDS),
    "names in an order": (
        [(p, WORDS[n]) for p, n in zip(PIXELS, LABELS, strict=True)],
        {"class_names": WORDS},
        WORDS,
    ),
    "one-hot rows": ((PIXELS, one_hot()), {"class_names": WORDS}, WORDS),
    "one-hot lists": ((PIXELS, one_hot(torch.int64).tolist()), {"num_classes": 3}, ()),
}


@pytest.mark.parametrize("form", LABELLED)
def test_labels_in_every_common_form_become_the_same_classes(form):
    data, options, names = LABELLED[form]
    store = ImageStore.from_dataset(data, **options)
    assert store.spec == ImageSpec(3, 5, 7, num_classes=3)
    assert store.labels.tolist() == LABELS.tolist()
    assert store.class_names == tuple(names)


def test_class_names_decide_the_order_of_labels_that_are_names():
    data = [(PIXELS[0], "emu"), (PIXELS[1], "cat")]
    assert ImageStore.from_dataset(data).class_names == ("cat", "emu")
    chosen = ImageStore.from_dataset(data, class_names=("emu", "owl", "cat"))
    assert chosen.labels.tolist() == [0, 2]
    assert chosen.spec.num_classes == 3


def test_a_dataset_of_ganzoo_is_opened_at_its_training_split():
    dataset = ganzoo.create("dataset", "emoji")
    store = ImageStore.from_dataset(dataset, size=8)
    assert store.spec.num_classes == len(store.class_names) > 0
    assert len(store) == len(dataset.open("train").images)


def test_labels_with_gaps_become_as_many_classes_named_by_their_numbers():
    data = list(zip(PIXELS, (LABELS + 1).tolist(), strict=True))
    with pytest.warns(
        GanzooWarning, match="labels 1, 2, 3 become the classes 0 to 2.*num_classes=4"
    ):
        store = ImageStore.from_dataset(data)
    assert store.spec.num_classes == 3
    assert store.labels.tolist() == LABELS.tolist()
    assert store.class_names == ("1", "2", "3")
    assert ImageStore.from_dataset(data, num_classes=4).labels.tolist() == (LABELS + 1).tolist()


def test_a_data_loader_stands_for_its_dataset_and_it_is_said():
    loader = DataLoader(TensorDataset(SIGNED, LABELS), batch_size=2, shuffle=True)
    with pytest.warns(
        GanzooWarning, match="neither its batch size nor its order; set batch_size=2"
    ):
        store = ImageStore.from_dataset(loader)
    assert torch.equal(store.images.permute(0, 3, 1, 2), PIXELS)


def drop_last(items):
    return torch.stack(items[:-1])


def grey(low=0.0, high=1.0):
    return torch.linspace(low, high, 6 * 16).view(6, 1, 4, 4)


REFUSED = {
    "weights of images": (
        lambda: DataLoader(Mapped(PIXELS), sampler=WeightedRandomSampler([1.0] * 6, 6)),
        UsageError,
        "WeightedRandomSampler, and a trainer makes its own: give the dataset, data=loader.dataset",
    ),
    "a collate function": (
        lambda: DataLoader(Mapped(PIXELS), batch_size=2, collate_fn=drop_last),
        UsageError,
        "makes its batches with collate_fn",
    ),
    "an iterable": (lambda: Endless(), UsageError, r"Endless, which has no images by number; give"),
    "a generator": (lambda: iter(PIXELS), UsageError, r"give list\(…\) of it"),
    "a loader of an iterable": (
        lambda: DataLoader(Endless()),
        UsageError,
        "_InfiniteConstantSampler|no images by number",
    ),
    "nothing": (lambda: None, UsageError, "data is a NoneType.*give a torch dataset"),
    "a name": (
        lambda: "emoji",
        UsageError,
        "'emoji': a dataset by name is trained with ganzoo.tra",
    ),
    "a dict": (lambda: {"images": PIXELS}, UsageError, "data is a dict, which has no images by"),
    "dicts": (
        lambda: [{"image": PIXELS[0], "label": 1}],
        DataError,
        r"dicts of image, label; give pairs, like \[\(item\['image'\]",
    ),
    "one image": (lambda: PIXELS[0], DataError, r"these \(3, 5, 7\): give images.unsqueeze\(0\)"),
    "channels last": (
        lambda: PIXELS.permute(0, 2, 3, 1),
        DataError,
        r"\(6, 5, 7, 3\): give images.permute\(0, 3, 1, 2\)",
    ),
    "no image": (lambda: PIXELS[:0], DataError, "images are|has no images"),
    "integers": (lambda: PIXELS.int(), DataError, r"got torch.int32.*images.to\(torch.uint8\)"),
    "floats of 0 to 1": (
        lambda: grey(),
        DataError,
        r"in \[0, 1\]. Scale them with images \* 2 - 1",
    ),
    "floats of 0 to 255": (
        lambda: list(grey(0, 255)),
        DataError,
        r"in \[0, 255\]. Scale them with images / 127.5 - 1",
    ),
    "floats beyond": (lambda: grey(-2, 2), DataError, r"these in \[-2, 2\]"),
    "not finite": (lambda: grey(-1, 1).log(), DataError, "are not finite"),
    "as many labels": (lambda: (PIXELS, LABELS[:4]), DataError, "6 images and 4 labels"),
    "an unclear array": (
        lambda: [np.zeros((3, 5, 3), np.uint8)],
        DataError,
        r"shape \(3, 5, 3\) does not say which axis holds the channels",
    ),
    "a fraction as label": (
        lambda: (PIXELS, LABELS + 0.5),
        DataError,
        "image 0 has label 0.5, and labels are integers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_mean_two_things_is_one_sentence_with_the_next_step(case):
    make, error, words = REFUSED[case]
    with pytest.raises(error, match=words) as caught:
        ImageStore.from_dataset(make())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (
            [[0, 1, 0], [0, 0, 0]],
            r"image 1 has label \[0, 0, 0\], and one-hot labels have a 1 among 2",
        ),
        ([[0, 1], [1, 0]], "one-hot labels"),
        (["cat", "gnu"], "image 1 has label 'gnu', and the classes are cat, dog, emu"),
    ],
)
def test_a_label_that_is_no_class_names_its_image(labels, words):
    with pytest.raises(DataError, match=words):
        ImageStore.from_dataset((PIXELS[:2], labels), class_names=WORDS)


def test_a_float_image_that_leaves_the_range_is_an_unreadable_one():
    images = [*SIGNED, SIGNED[0] * 3]
    with pytest.raises(
        DataError, match=r"image 6: DataError: floating-point images lie in \[-1, 1\]"
    ):
        ImageStore.from_dataset(images)
    with pytest.warns(GanzooWarning, match="left out"):
        assert len(ImageStore.from_dataset(images, skip_bad_images=True)) == 6


def test_twenty_images_that_are_wrong_in_one_way_are_one_line():
    with pytest.raises(DataError) as error:
        ImageStore.from_dataset([SIGNED[0], *[SIGNED[0].exp() for _ in range(20)]])
    (line,) = [line for line in str(error.value).splitlines() if "lie in" in line]
    assert line.count("image ") == 20


def test_pairs_of_pictures_may_be_floats_too():
    store = ImageStore.from_dataset(list(zip(SIGNED, SIGNED.flip(3), strict=True)))
    assert store.spec.condition == ganzoo.Picture(3)
    assert torch.equal(store.labels.permute(0, 3, 1, 2), PIXELS.flip(3))


UNSIGNED = PIXELS.double() / 255
DECLARED = {
    "floats in [0, 1]": (UNSIGNED.float(), (0, 1)),
    "float16 in [0, 1], which rounds": (UNSIGNED.half(), (0, 1)),
    "floats in [-1, 1]": (SIGNED, (-1, 1)),
    "floats in [0, 255]": (PIXELS.float(), (0, 255)),
    "integers": (PIXELS.int(), (0, 255)),
    "uint8": (PIXELS, (0, 255)),
    "twelve bits": (UNSIGNED * 4095, (0.0, 4095.0)),
}


@pytest.mark.parametrize("form", DECLARED)
def test_images_in_a_declared_range_become_the_same_store(form):
    images, value_range = DECLARED[form]
    forms = [
        images,
        list(images),
        TensorDataset(images),
        images.permute(0, 2, 3, 1).numpy(),
        [(image, number) for number, image in enumerate(images)],
    ]
    for each in forms:
        store = ImageStore.from_dataset(each, value_range=value_range)
        assert torch.equal(store.images.permute(0, 3, 1, 2), PIXELS)


def test_a_declared_range_is_that_of_conditions_too():
    pairs = (UNSIGNED, UNSIGNED.flip(3))
    store = ImageStore.from_dataset(pairs, value_range=(0, 1))
    assert torch.equal(store.images.permute(0, 3, 1, 2), PIXELS)
    assert torch.equal(store.labels.permute(0, 3, 1, 2), PIXELS.flip(3))


def test_pictures_of_uint8_beside_floats_of_a_declared_range_stay():
    pairs = [(image, other) for image, other in zip(UNSIGNED, PIXELS.flip(3), strict=True)]
    store = ImageStore.from_dataset(pairs, value_range=(0, 1))
    assert torch.equal(store.images.permute(0, 3, 1, 2), PIXELS)
    assert torch.equal(store.labels.permute(0, 3, 1, 2), PIXELS.flip(3))


def test_masks_of_0_and_1_may_be_declared():
    masks = (PIXELS > 127).byte()
    for each in (masks, masks.bool()):
        store = ImageStore.from_dataset(each, value_range=(0, 1))
        assert torch.equal(store.images.permute(0, 3, 1, 2), masks * 255)


@pytest.mark.parametrize(
    ("images", "value_range", "seen"),
    [
        (PIXELS.float(), (0, 1), r"is \[0, 1\], and these images lie in \[0, 255\]"),
        (SIGNED, (0, 1), r"is \[0, 1\], and these images lie in \[-1, 1\]"),
        (UNSIGNED * 1.01, (0, 1), r"lie in \[0, 1.01\]"),
        (UNSIGNED - 0.01, (0, 1), r"lie in \[-0.01, 0.99\]"),
        (PIXELS, (-1, 1), r"lie in \[0, 255\]"),
        (SIGNED.log(), (-1, 1), "lie in .*nan"),
    ],
)
def test_images_outside_a_declared_range_are_refused_with_the_range_seen(images, value_range, seen):
    images = images.clone()
    images[0].flatten()[:2] = torch.stack([images.min(), images.max()])
    for each in (images, list(images)):
        with pytest.raises(DataError, match=seen) as caught:
            ImageStore.from_dataset(each, value_range=value_range)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value_range", [(1, 0), (0, 0), 255, (0, 1, 2), "01", (0, float("inf"))])
def test_a_range_that_is_none_is_refused(value_range):
    for each in (UNSIGNED, list(UNSIGNED)):
        with pytest.raises(UsageError, match=r"value_range is .*two numbers with the lower first"):
            ImageStore.from_dataset(each, value_range=value_range)


def test_the_range_of_a_dataset_of_ganzoo_is_not_declared():
    with pytest.raises(UsageError, match="value_range is given with a dataset of ganzoo"):
        ImageStore.from_dataset(ganzoo.create("dataset", "emoji"), value_range=(0, 1))


@pytest.mark.parametrize(("scale", "declared"), [(1, r"\(0, 1\)"), (255, r"\(0, 255\)")])
def test_floats_that_are_refused_say_how_to_declare_their_range(scale, declared):
    with pytest.raises(DataError, match=f"from_dataset\\(…, value_range={declared}\\)$"):
        ImageStore.from_dataset(UNSIGNED * scale)
