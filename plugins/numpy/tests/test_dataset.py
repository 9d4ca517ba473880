"""Promises of images in NumPy files."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import ganzoo

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 5, 7, 3), np.uint8)
GREY = PIXELS[..., 0]
LABELS = np.array([0, 1, 2, 0, 1, 2])
UNIT = GREY / 255


def saved(path: Path, *array, compressed=False, **arrays) -> Path:
    if array:
        np.save(path, array[0])
    else:
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def opened(path, split="train", /, **options) -> ganzoo.ImageSource:
    return ganzoo.create("dataset", "numpy", path=path, **options).open(split)


def pixels_of(source) -> np.ndarray:
    """Images `(N, H, W, C)` as the store keeps them."""
    return ganzoo.ImageStore.from_source(source).images.numpy()


def labels_of(source) -> list[int]:
    return [label for _, label in source.images]


# Layouts.

LAYOUTS = {
    "NHW": (GREY, GREY[..., None], None),
    "NHWC": (PIXELS, PIXELS, None),
    "NHWC of one channel": (GREY[..., None], GREY[..., None], None),
    "NCHW": (PIXELS.transpose(0, 3, 1, 2), PIXELS, None),
    "Fortran's order": (np.asfortranarray(PIXELS), PIXELS, None),
    "two channels": (PIXELS[..., :2], PIXELS[..., :2], "NHWC"),
    "few grey images": (GREY[:3], GREY[:3, ..., None], "NHW"),
    "as NHWC": (PIXELS[:, :, :3].transpose(0, 3, 1, 2), PIXELS[:, :, :3], "NCHW"),
}


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("case", LAYOUTS)
def test_images_of_every_layout_are_read(tmp_path, case, archive):
    array, expected, layout = LAYOUTS[case]
    path = saved(tmp_path / "a.npz", x=array) if archive else saved(tmp_path / "a.npy", array)
    source = opened(path, layout=layout)
    _, height, width, channels = expected.shape
    assert source.spec == ganzoo.ImageSpec(channels, height, width)
    assert np.array_equal(pixels_of(source), expected)
    assert "memory-mapped" in source.description
    assert source.locate(2) == f"{path}, {'x ' * archive}row 2"


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (PIXELS[..., :2], r"\(6, 5, 7, 2\) .* data.layout=NHWC or NCHW"),
        (PIXELS[:, :3], r"\(6, 3, 7, 3\) .* data.layout=NHWC or NCHW"),
        (PIXELS[0], r"\(5, 7, 3\) .* data.layout=NHW, or add an axis if it is one image"),
        (GREY[:3], r"\(3, 5, 7\) .* data.layout=NHW, or add an axis"),
    ],
)
def test_a_layout_that_is_not_clear_must_be_said(tmp_path, array, words):
    with pytest.raises(ganzoo.DataError, match=words) as caught:
        opened(saved(tmp_path / "a.npy", array))
    assert "\n" not in str(caught.value)


def test_a_layout_of_other_axes_is_refused(tmp_path):
    with pytest.raises(ganzoo.DataError, match=r"layout=NHW has 3 axes, .* shape \(6, 5, 7, 3\)"):
        opened(saved(tmp_path / "a.npy", PIXELS), layout="NHW")


# Values.


@pytest.mark.parametrize(
    ("array", "value_range"),
    [
        (UNIT, (0, 1)),
        (UNIT.astype(np.float16), (0, 1)),
        (UNIT.astype(">f4"), (0, 1)),
        (UNIT * 2 - 1, (-1, 1)),
        (GREY.astype(np.float32), (0, 255)),
        (GREY.astype(np.int64), (0, 255)),
        (GREY.astype(np.uint16) * 257, (0, 65535)),
        (GREY, (0, 255)),
    ],
)
def test_images_in_a_declared_range_are_those_pixels(tmp_path, array, value_range):
    source = opened(saved(tmp_path / "a.npy", array), value_range=value_range)
    assert np.array_equal(pixels_of(source)[..., 0], GREY)


def test_masks_may_be_declared(tmp_path):
    source = opened(saved(tmp_path / "a.npy", GREY > 127), value_range=(0, 1))
    assert np.array_equal(pixels_of(source)[..., 0], (GREY > 127) * 255)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (UNIT, r"float64, .* lie in \[0, 1\]; .* data.value_range=\[0, 1\]"),
        (UNIT * 2 - 1, r"float64, .* lie in \[-1, 1\]; .* data.value_range=\[-1, 1\]"),
        (GREY.astype(int), r"int64, .* lie in \[0, 254\]; .* data.value_range=\[0, 255\]"),
        (GREY > 3, r"bool, .* data.value_range=\[0, 1\]"),
        (GREY.astype(complex), "complex128, and images are numbers"),
    ],
)
def test_a_range_that_is_not_declared_is_refused_with_the_range_seen(tmp_path, array, words):
    array = array.copy()
    array[0, 0, :2] = array.min(), np.ceil(array.max()) if array.max() < 1 else array.max()
    with pytest.raises(ganzoo.DataError, match=words) as caught:
        opened(saved(tmp_path / "a.npy", array))
    assert "\n" not in str(caught.value)


def test_an_image_outside_the_declared_range_is_named(tmp_path):
    array = UNIT.copy()
    array[4, 2, 2] = 1.5
    array[5, 2, 2] = np.nan
    source = opened(saved(tmp_path / "a.npy", array), value_range=(0, 1))
    words = r"row 4: DataError: the declared range of values is \[0, 1\], .* lie in \[.*, 1.5\]"
    with pytest.raises(ganzoo.DataError, match=words) as caught:
        ganzoo.ImageStore.from_source(source)
    assert "row 5: DataError" in str(caught.value)


@pytest.mark.parametrize("value", [(1, 0), (0, 0), (0, float("inf")), (0, 1, 2), "0 to 1"])
def test_a_range_that_is_none_is_refused(value):
    with pytest.raises(ganzoo.UsageError, match="value_range"):
        ganzoo.create("dataset", "numpy", path="a.npy", value_range=value)


# Labels.


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        (LABELS, ("0", "1", "2"), LABELS),
        (LABELS[:, None].astype(np.uint8), ("0", "1", "2"), LABELS),
        (LABELS * 5 + 1, ("1", "6", "11"), LABELS),
        (np.array(["b", "c", "d"])[LABELS], ("b", "c", "d"), LABELS),
        (LABELS == 1, ("False", "True"), LABELS == 1),
    ],
)
def test_labels_of_every_form_are_classes_in_order(tmp_path, labels, names, numbers):
    for path, chosen in (
        (saved(tmp_path / "a.npz", images=PIXELS, y=labels, other=np.arange(3)), None),
        (saved(tmp_path / "b.npz", images=PIXELS, y=labels, ids=np.arange(6)), "y"),
        (saved(tmp_path / "c.npy", PIXELS), saved(tmp_path / "d.npy", labels).name),
    ):
        source = opened(path, labels=chosen)
        assert source.class_names == names
        assert labels_of(source) == numbers.tolist()
        assert np.array_equal(pixels_of(source), PIXELS)
        assert opened(path, labels="none").spec.num_classes == 0


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.eye(3)[LABELS], "has 3 numbers an image, .* one-hot rows save labels.argmax"),
        (LABELS + 0.5, r"is of type float64, and labels are integers or text; .*labels=none"),
        (LABELS - 1, "has a label -1, and labels count up from 0"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path, labels, words):
    path = saved(tmp_path / "a.npz", images=PIXELS, labels=labels)
    with pytest.raises(ganzoo.DataError, match=words) as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert opened(path, labels="none").spec.num_classes == 0


def test_as_many_labels_as_images_are_required(tmp_path):
    path = saved(tmp_path / "a.npz", images=PIXELS, labels=LABELS[:4])
    assert opened(path).spec.num_classes == 0
    with pytest.raises(ganzoo.DataError, match="6 images, and 'labels' 4 labels"):
        opened(path, labels="labels")


# Arrays and splits of an archive.


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(
    ("form", "splits"), [("{}_images {}_labels", ("train", "val", "test")), ("x_{} y_{}", None)]
)
def test_splits_are_words_in_the_names_of_arrays(tmp_path, form, splits, compressed):
    """The forms of MedMNIST and of Keras."""
    splits, arrays = splits or ("train", "test"), {}
    images, labels = form.split()
    for k, split in enumerate(splits):
        arrays[images.format(split)] = PIXELS[k : k + 3]
        arrays[labels.format(split)] = LABELS[k : k + 2 + (split != "test")][:, None]
    arrays[labels.format("test")] = np.array([[9], [1], [9]])
    path = saved(tmp_path / "a.npz", compressed=compressed, **arrays)
    for k, split in enumerate(splits):
        source = opened(path, split)
        assert np.array_equal(pixels_of(source), PIXELS[k : k + 3])
        assert source.class_names == ("0", "1", "2", "9")
        assert f"splits {', '.join(splits)}, {split} is used" in source.description
        assert ("compressed" in source.description) == compressed
    assert labels_of(opened(path, "test")) == [3, 1, 3]
    with pytest.raises(ganzoo.UsageError, match=f"no split 'valid': there are {splits[0]}"):
        opened(path, "valid")


def test_a_name_of_one_split_stands_for_its_like_in_every_split(tmp_path):
    """CIFAR-100 has fine and coarse labels; the words may be capitalized."""
    path = saved(
        tmp_path / "a.npz",
        X_Train=PIXELS,
        Y_Train_Fine=np.arange(6),
        Y_Train_Coarse=LABELS,
        X_Test=PIXELS[:2],
        Y_Test_Fine=np.array([1, 2]),
        Y_Test_Coarse=LABELS[:2],
    )
    for name in ("Y_Train_Fine", "Y_Test_Fine"):
        train, test = opened(path, labels=name), opened(path, "test", labels=name)
        assert train.class_names == test.class_names == tuple("012345")
        assert labels_of(train) == list(range(6))
        assert labels_of(test) == [1, 2]


def test_a_column_that_is_not_named_labels_is_not_taken_for_labels(tmp_path):
    path = saved(tmp_path / "a.npz", images=PIXELS, ids=np.arange(6))
    with pytest.raises(ganzoo.DataError, match="say data.labels=ids or data.labels=none"):
        opened(path)
    assert opened(path, labels="none").class_names == ()
    assert len(opened(path, labels="ids").class_names) == 6


def test_an_array_of_several_is_chosen_by_its_name(tmp_path):
    path = saved(tmp_path / "a.npz", a=PIXELS, b=255 - PIXELS)
    words = r"has 2 arrays of 3 or 4 axes.* data.images; it holds a uint8 \(6, 5, 7, 3\), b uint8"
    with pytest.raises(ganzoo.DataError, match=words):
        opened(path)
    assert np.array_equal(pixels_of(opened(path, images="b", labels="none")), 255 - PIXELS)
    with pytest.raises(ganzoo.DataError, match="has no array 'c'; it holds a uint8"):
        opened(path, images="c")
    path = saved(tmp_path / "a.npz", a=PIXELS, b=LABELS, c=LABELS)
    with pytest.raises(ganzoo.DataError, match="2 arrays beside 'a' that may be labels; choose"):
        opened(path)
    with pytest.raises(ganzoo.DataError, match="'b' of .* has shape .* 3 or 4 axes"):
        opened(path, images="b")


def test_a_split_of_a_file_without_any_is_refused(tmp_path):
    path = saved(tmp_path / "a.npy", PIXELS)
    with pytest.raises(ganzoo.UsageError, match="no split 'test': no array's name has that word"):
        opened(path, "test")


# Files.


def test_objects_are_not_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "unpickled").mkdir, ()

    objects = np.empty((4, 5, 5), object)
    objects[:] = Trap()
    for path in (
        saved(tmp_path / "a.npy", objects),
        saved(tmp_path / "a.npz", images=objects),
        saved(tmp_path / "b.npz", images=objects, compressed=True),
        saved(tmp_path / "d.npy", objects[0, 0]),  # images of several sizes
    ):
        with pytest.raises(ganzoo.DataError, match="holds Python objects, which ganzoo does not"):
            opened(path)
    (tmp_path / "c.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ganzoo.DataError, match="cannot read"):
        opened(tmp_path / "c.npy")
    assert not (tmp_path / "unpickled").exists()


def content(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays) if arrays else np.save(stream, PIXELS)
    return stream.getvalue()


@pytest.mark.parametrize(
    "damaged",
    [b"", b"no array", content()[:-9], content()[:40], content(a=PIXELS)[:-40]],
    ids=["empty", "text", "short", "no header", "short archive"],
)
def test_a_damaged_file_is_one_line(tmp_path, damaged):
    (tmp_path / "a.npz").write_bytes(damaged)
    with pytest.raises(ganzoo.DataError, match=r"cannot read .*a.npz as a .npy or .npz") as caught:
        opened(tmp_path / "a.npz")
    assert "\n" not in str(caught.value)


def test_a_damaged_member_of_an_archive_is_one_line(tmp_path):
    path, whole = tmp_path / "a.npz", bytearray(content(a=PIXELS))
    whole[len(whole) // 2] ^= 255
    path.write_bytes(whole)
    with pytest.raises(ganzoo.DataError, match="cannot read .*a.npz"):
        opened(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ganzoo.DataError, match="gone.npy is not there; data.path is a .npy or"):
        opened(tmp_path / "gone.npy")
    with pytest.raises(ganzoo.DataError, match="is a folder; data.path is a .npy or .npz file"):
        opened(tmp_path)
    with pytest.raises(ganzoo.DataError, match="gone.npy is not there"):
        opened(saved(tmp_path / "a.npy", PIXELS), labels="gone.npy")


def test_an_archive_without_arrays_says_what_it_holds(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("photo.png", b"")
    with pytest.raises(ganzoo.DataError, match="no arrays of 3 or 4 axes.*; it holds no arrays"):
        opened(tmp_path / "a.npz")


def test_a_changed_file_has_another_fingerprint_and_a_copy_the_same(tmp_path):
    first = opened(saved(tmp_path / "a.npy", PIXELS)).fingerprint
    assert opened(saved(tmp_path / "b.npy", PIXELS)).fingerprint == first
    assert opened(saved(tmp_path / "b.npy", 255 - PIXELS)).fingerprint != first
    labelled = opened(tmp_path / "a.npy", labels=saved(tmp_path / "c.npy", LABELS).name)
    other = saved(tmp_path / "c.npy", LABELS[::-1]).name
    assert opened(tmp_path / "a.npy", labels=other).fingerprint != labelled.fingerprint


def test_a_worker_maps_the_file_itself(tmp_path):
    """A file of 60 MB that is not read: the images are a few bytes when they are pickled."""
    array = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint8, (1000, 200, 300))
    array[777] = 5
    source = opened(tmp_path / "a.npy")
    there = pickle.dumps((source.images, source.locate))
    assert len(there) < 2000
    images, _ = pickle.loads(there)
    assert torch.equal(images[777][0], torch.full((1, 200, 300), 5, dtype=torch.uint8))


def test_a_stream_has_the_images_of_a_store(tmp_path):
    path = saved(tmp_path / "a.npz", images=UNIT, labels=LABELS)
    source = opened(path, value_range=(0, 1))
    stream = ganzoo.ImageStream(source, size=(5, 7), channels=1, workers=0)
    rows = torch.tensor([5, 0, 3])
    expected = ganzoo.ImageStore.from_source(source).batch(rows)
    found = stream.batch(rows)
    assert torch.equal(found.images, expected.images)
    assert found.labels.tolist() == expected.labels.tolist() == [2, 0, 0]
