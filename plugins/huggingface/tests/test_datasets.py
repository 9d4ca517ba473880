"""Promises of Hugging Face datasets. Most files are written by pyarrow and tarfile."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo

pytestmark = [
    pytest.mark.skipif(find_spec("datasets") is None, reason="needs the package datasets"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of files that `datasets` maps
]

SAVED = Path(__file__).parent / "files" / "saved"
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 10, 3), np.uint8)
NAMES = ["cat", "dog"]


def png(pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def opened(path, split="train", /, **options) -> ganzoo.ImageSource:
    cache = Path(path).parent / "cache"
    options = {"path": str(path), "cache_dir": str(cache), **options}
    return ganzoo.create("dataset", "huggingface", **options).open(split)


def pixels_of(source) -> np.ndarray:
    return np.stack([np.asarray(image) for image, _ in source.images])


def labels_of(source) -> list[int]:
    return [label for _, label in source.images]


IMAGE = {"_type": "Image"}
CLASSES = {"names": NAMES, "_type": "ClassLabel"}


def write_parquet(path: Path, columns, features=None, rows=range(6)) -> Path:
    """A Parquet file by pyarrow, with the library's description of its columns or without."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    arrays = {}
    for name, values in columns.items():
        chosen = [values[row] for row in rows]
        arrays[name] = pa.array(chosen, kind if isinstance(chosen[0], dict) else None)
    table = pa.table(arrays)
    if features is not None:
        about = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": about})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def images(pixels=PIXELS):
    return [{"bytes": png(each), "path": f"{k}.png"} for k, each in enumerate(pixels)]


LABELLED = {"image": images(), "label": [0, 1, 0, 1, 0, 1]}
FEATURES = {"image": IMAGE, "label": CLASSES}


def write_tar(path: Path, samples) -> Path:
    """A WebDataset shard: the files of a sample have one name and follow each other."""
    with tarfile.open(path, "w") as archive:
        for key, files in samples.items():
            for ending, content in files.items():
                member = tarfile.TarInfo(f"{key}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def samples(rows=range(6)):
    about = [json.dumps({"label": NAMES[row % 2], "id": row}).encode() for row in range(6)]
    return {
        f"{row:05}": {"png": png(PIXELS[row]), "cls": b"%d" % (row % 2), "json": about[row]}
        for row in rows
    }


# What is read.


def test_a_saved_dict_has_the_images_labels_and_classes_that_its_arrow_file_has():
    import pyarrow as pa

    for split, count in (("train", 6), ("test", 4)):
        source = opened(SAVED, split)
        file = SAVED / split / "data-00000-of-00001.arrow"
        rows = pa.ipc.open_stream(file.read_bytes()).read_all().to_pylist()
        expected = [np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))) for row in rows]
        assert np.array_equal(pixels_of(source), np.stack(expected))
        assert labels_of(source) == [row["label"] for row in rows] == [0, 1] * (count // 2)
        assert source.class_names == ("cat", "dog")
        assert source.spec == ganzoo.ImageSpec(3, 8, 8, num_classes=2)


def test_a_saved_dataset_is_read_as_a_whole_and_files_to_choose_are_refused():
    for chosen in ({"format": "saved"}, {}):
        with pytest.raises(ganzoo.UsageError, match=r"data.files=\*.arrow .* leave it out"):
            opened(SAVED, files="*.arrow", **chosen)


def test_a_saved_dataset_has_the_split_train_alone():
    source = opened(SAVED / "test")
    assert len(source.images) == 4
    assert "a Dataset of save_to_disk" in source.description
    with pytest.raises(ganzoo.UsageError, match="no split 'test': .* has the splits train$"):
        opened(SAVED / "test", "test")


def test_parquet_shards_are_read_in_order_with_the_splits_of_their_names(tmp_path):
    folder = tmp_path / "[a] {0} data"
    for name, rows in (("train-00001", [3, 4]), ("train-00000", [0, 1, 2]), ("val/0", [5])):
        write_parquet(folder / f"{name}.parquet", LABELLED, FEATURES, rows)
    source = opened(folder)
    assert np.array_equal(pixels_of(source), PIXELS[:5])
    assert labels_of(source) == [0, 1, 0, 1, 0]
    assert source.spec == ganzoo.ImageSpec(3, 8, 10, num_classes=2)
    assert "2 parquet file(s) of train, 1 parquet file(s) of validation" in source.description
    assert np.array_equal(pixels_of(opened(folder, "validation")), PIXELS[5:])
    assert np.array_equal(pixels_of(opened(folder, files="*-00001.parquet")), PIXELS[3:5])
    assert np.array_equal(pixels_of(opened(folder / "train-00000.parquet")), PIXELS[:3])


def test_binary_columns_are_images_if_they_are_named(tmp_path):
    columns = {"jpg": [png(each) for each in PIXELS], "image": LABELLED["image"]}
    file = write_parquet(tmp_path / "a.parquet", columns)
    for column in ("jpg", "image.bytes"):
        assert np.array_equal(pixels_of(opened(file, image=column, label="none")), PIXELS)
    with pytest.raises(
        ganzoo.DataError, match=r"no Image columns; .* data.image; columns: jpg \(binary\)"
    ):
        opened(file)


def test_a_webdataset_has_images_classes_and_keys(tmp_path):
    write_tar(tmp_path / "photos-train-0.tar", samples([0, 1, 2]))
    write_tar(tmp_path / "photos-train-1.tar", samples([3, 4, 5]))
    source = opened(tmp_path)
    assert np.array_equal(pixels_of(source), PIXELS)
    assert labels_of(source) == [0, 1, 0, 1, 0, 1]
    assert source.class_names == ("0", "1")
    assert source.locate(4) == f"{tmp_path} (train), row 4 (00004.png)"
    assert "labels in 'cls'" in source.description


def test_a_webdatasets_json_has_labels_too(tmp_path):
    source = opened(write_tar(tmp_path / "a.tar", samples()), label="json.label")
    assert labels_of(source) == [0, 1, 0, 1, 0, 1]
    assert source.class_names == ("cat", "dog")


def test_nothing_in_a_webdataset_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "unpickled"),)

    def trapped(*endings):
        content = {ending: pickle.dumps(Trap()) for ending in endings}
        return write_tar(tmp_path / "a.tar", {"0": {"png": png(PIXELS[0]), **content}})

    assert np.array_equal(pixels_of(opened(trapped("pkl", "pickle", "pyd"))), PIXELS[:1])
    with pytest.raises(ganzoo.DataError, match="cannot be read as webdataset"):
        opened(trapped("pth"))
    assert not (tmp_path / "unpickled").exists()


@pytest.mark.parametrize(
    ("values", "names", "numbers"),
    [
        ([7, 3, 7, 3, 7, 10], ("3", "7", "10"), [1, 0, 1, 0, 1]),
        (["dog", "cat", "dog", "cat", "dog", "emu"], ("cat", "dog", "emu"), [1, 0, 1, 0, 1]),
        ([True, False, True, False, True, True], ("False", "True"), [1, 0, 1, 0, 1]),
    ],
)
def test_named_integers_and_texts_are_classes_in_order_over_all_splits(
    tmp_path, values, names, numbers
):
    columns, features = {"image": images(), "kind": values}, {"image": IMAGE}
    features["kind"] = {
        "dtype": {int: "int64", str: "string", bool: "bool"}[type(values[0])],
        "_type": "Value",
    }
    write_parquet(tmp_path / "train.parquet", columns, features, range(5))
    write_parquet(tmp_path / "test.parquet", columns, features, [5])
    source = opened(tmp_path, label="kind")
    assert source.class_names == opened(tmp_path, "test", label="kind").class_names == names
    assert labels_of(source) == numbers
    assert opened(tmp_path, label="none").spec.num_classes == 0


def test_images_without_another_column_have_no_labels(tmp_path):
    source = opened(write_parquet(tmp_path / "a.parquet", {"i": images()}, {"i": IMAGE}))
    assert source.spec.num_classes == 0
    assert "no labels" in source.description


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 3, 1, 2), (0, 1, 2)])
def test_arrays_of_uint8_are_images_if_they_are_named(tmp_path, axes):
    import datasets

    arrays = PIXELS.transpose(axes) if len(axes) == 4 else PIXELS[..., 0]
    feature = getattr(datasets, f"Array{arrays.ndim - 1}D")(arrays.shape[1:], "uint8")
    table = datasets.Dataset.from_dict(
        {"x": list(arrays)}, features=datasets.Features({"x": feature})
    )
    table.save_to_disk(tmp_path / "saved")
    source = opened(tmp_path / "saved", image="x")
    expected = PIXELS[..., :1] if len(axes) == 3 else PIXELS
    found = torch.stack([image for image, _ in source.images]).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(found, expected)
    assert source.spec.shape == (expected.shape[3], 8, 10)


def test_images_of_several_or_large_sizes_are_trained_at_64(tmp_path):
    several = [np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8), np.uint8)]
    columns = {"several": images(several), "large": images(np.zeros((2, 80, 70), np.uint8))}
    features = dict.fromkeys(columns, IMAGE)
    file = write_parquet(tmp_path / "a.parquet", columns, features, range(2))
    source = opened(file, image="several")
    assert source.spec.shape == (3, 64, 64)
    assert "2 sizes" in source.description
    assert opened(file, image="large").spec.shape == (1, 64, 64)


def test_a_stream_has_the_images_of_a_store():
    source = opened(SAVED)
    store = ganzoo.ImageStore.from_source(source)
    stream = ganzoo.ImageStream(source, size=(8, 8), channels=3, workers=0)
    rows = torch.tensor([5, 0, 3])
    found, expected = stream.batch(rows), store.batch(rows)
    assert torch.equal(found.images, expected.images)
    assert found.labels.tolist() == expected.labels.tolist() == [1, 0, 1]


# Which of several.


def test_a_split_of_another_name_can_be_trained_on(tmp_path):
    for split in ("train", "validation"):
        write_parquet(tmp_path / f"{split}.parquet", LABELLED, FEATURES)
    assert (
        "split 'validation' (not used: train)" in opened(tmp_path, split="validation").description
    )
    with pytest.raises(ganzoo.UsageError, match="no other split 'validation': it is trained on"):
        opened(tmp_path, "validation", split="validation")
    with pytest.raises(ganzoo.UsageError, match="no split 'extra': .* train, validation"):
        opened(tmp_path, split="extra")
    (tmp_path / "train.parquet").rename(tmp_path / "test.parquet")
    with pytest.raises(ganzoo.DataError, match="test, validation, and none is called train; choo"):
        opened(tmp_path)
    (tmp_path / "test.parquet").unlink()
    assert len(opened(tmp_path).images) == 6  # the only one


def two_formats(folder):
    write_parquet(folder / "a.parquet", LABELLED, FEATURES)
    write_tar(folder / "a.tar", samples())


def half_named(folder):
    write_parquet(folder / "test.parquet", LABELLED, FEATURES)
    write_parquet(folder / "more.parquet", LABELLED, FEATURES)


def columns(**more):
    """A file with more columns; what they are is described to the library."""

    def write(folder):
        values = {
            "Image": images(),
            "ClassLabel": [0] * 6,
            "string": ["a"] * 6,
            "float64": [0.5] * 6,
        }
        known = {"Image": IMAGE, "ClassLabel": CLASSES}
        features = {n: known.get(k, {"dtype": k, "_type": "Value"}) for n, k in more.items()}
        write_parquet(folder / "a.parquet", {n: values[k] for n, k in more.items()}, features)

    return write


UNCLEAR = {
    "nothing": (lambda folder: folder.rmdir(), {}, r"there is no .*say data.format=hub, and the"),
    "an empty folder": (lambda folder: None, {}, "no dataset of save_to_disk and no .parquet or"),
    "no file of the pattern": (
        two_formats,
        {"files": "b*", "format": "parquet"},
        "holds no files b*",
    ),
    "two formats": (two_formats, {}, "can be read as parquet and as webdataset; choose by data.f"),
    "no saved one": (two_formats, {"format": "saved"}, "no dataset_dict.json and no state.json"),
    "a file of no split": (half_named, {}, "more.parquet does not say to which split it belongs"),
    "a missing column of images": (
        columns(a="Image"),
        {"image": "b"},
        r"has no column 'b'; columns: a \(Image\)$",
    ),
    "a missing column of labels": (
        columns(a="Image"),
        {"label": "json.b"},
        r"has no column 'json.b'; columns: a \(Image\)$",
    ),
    "two columns of images": (
        columns(a="Image", b="Image"),
        {},
        r"has 2 Image columns; .* data.image; columns: a \(Image\), b \(Image\)$",
    ),
    "no column of images": (columns(a="string"), {}, r"has no Image columns; .*: a \(string\)$"),
    "text as images": (
        columns(a="string"),
        {"image": "a"},
        r"'a' of .* is string, and images are Image, binary \(encoded files\) or arrays of uint8",
    ),
    "two columns of classes": (
        columns(a="Image", b="ClassLabel", c="ClassLabel"),
        {},
        r"has 2 ClassLabel columns; .* data.label=none; columns: .* b \(ClassLabel of 2\), c",
    ),
    "text that may be labels": (
        columns(a="Image", b="string"),
        {},
        r"has no ClassLabel columns; name .* by data.label, or say data.label=none; .*b \(string\)",
    ),
    "fractions as labels": (
        columns(a="Image", b="float64"),
        {"label": "b"},
        "'b' of .* is float64, and labels are ClassLabel, integers or text",
    ),
    "a damaged file": (
        lambda folder: (folder / "a.parquet").write_bytes(b"PAR1 no"),
        {},
        "cannot be read as parquet: .*",
    ),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_is_missing_or_unclear_is_one_line_with_the_way_out(tmp_path, case):
    make, options, words = UNCLEAR[case]
    folder = tmp_path / "data"
    folder.mkdir()
    make(folder)
    with pytest.raises(ganzoo.DataError, match=words) as caught:
        opened(folder, **options)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_options_of_the_hub_are_refused_for_files():
    with pytest.raises(ganzoo.UsageError, match=r"data.revision is of data.format=hub alone"):
        opened(SAVED, revision="main")


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ganzoo.UsageError, match=r'pip install "gan-zoo\[huggingface\]"'):
        opened(SAVED)


# Broken images.


def test_a_broken_image_is_one_line_that_names_its_row(tmp_path):
    broken = images()
    broken[2]["bytes"] = broken[2]["bytes"][:-30]
    broken[3]["bytes"] = b"no image"
    broken[4] = {"bytes": None, "path": "https://example.org/4.png"}
    broken[5] = None
    source = opened(write_parquet(tmp_path / "a.parquet", {"image": broken}, {"image": IMAGE}))
    with pytest.raises(ganzoo.DataError, match=r"^4 image\(s\) cannot be read") as caught:
        ganzoo.ImageStore.from_source(source)
    _, *lines, _ = str(caught.value).splitlines()
    assert len(lines) == 4
    for row, name in enumerate(("2.png", "3.png", "https"), start=2):
        assert f"row {row} ({name}" in lines[row - 2]
    assert lines[3].endswith("row 5: DataError: the row has no image")
    with pytest.warns(ganzoo.GanzooWarning, match="left out"):
        assert len(ganzoo.ImageStore.from_source(source, skip_bad_images=True)) == 2


def test_if_no_image_can_be_read_the_first_is_named(tmp_path):
    file = write_parquet(tmp_path / "a.parquet", {"image": [b"no image"] * 3}, None, range(3))
    with pytest.raises(ganzoo.DataError, match=r"none of the images .*row 0: Unidentified"):
        opened(file, image="image")


# Fingerprints.


def test_a_copy_has_the_same_fingerprint_and_another_content_has_not(tmp_path):
    copy = Path(shutil.copytree(SAVED, tmp_path / "copy"))
    before = opened(SAVED).fingerprint
    assert opened(copy).fingerprint == before != opened(copy, "test").fingerprint
    file = copy / "train" / "data-00000-of-00001.arrow"
    content = bytearray(file.read_bytes())
    at = content.index(b"IDAT") + 20
    content[at] ^= 1
    file.write_bytes(content)
    assert opened(copy).fingerprint != before


def test_a_file_that_is_written_again_is_read_again(tmp_path):
    file = write_parquet(tmp_path / "a.parquet", LABELLED, FEATURES)
    before = opened(file).fingerprint
    write_parquet(file, {**LABELLED, "image": images(255 - PIXELS)}, FEATURES)
    os.utime(file, ns=(1, 1))
    source = opened(file)
    assert source.fingerprint != before
    assert np.array_equal(pixels_of(source), 255 - PIXELS)


@pytest.mark.slow
def test_a_run_resumes_with_its_dataset_at_another_place(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(tmp_path / "cache"))
    data = {"name": "huggingface", "path": SAVED}
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 4}, loss="bce", data=data, batch_size=2, steps=1,
        run_dir=tmp_path / "run", device="cpu",
    )  # fmt: skip
    shutil.copytree(SAVED, tmp_path / "copy")
    moved = ganzoo.resume(run.path, steps=2, options={"data.path": str(tmp_path / "copy")})
    assert moved.config.data.options["path"] == str(tmp_path / "copy")


def test_images_beside_the_table_count_too(tmp_path):
    for row, each in enumerate(PIXELS):
        (tmp_path / f"{row}.png").write_bytes(png(each))
    column = [{"bytes": None, "path": str(tmp_path / f"{row}.png")} for row in range(6)]
    file = write_parquet(tmp_path / "a.parquet", {"image": column}, {"image": IMAGE})
    source = opened(file)
    assert np.array_equal(pixels_of(source), PIXELS)
    (tmp_path / "3.png").write_bytes(png(PIXELS[4]))
    assert opened(file).fingerprint != source.fingerprint


# The Hub.


def test_without_a_network_the_hub_is_one_line(tmp_path, monkeypatch):
    """As `HF_HUB_OFFLINE=1` has it, which is read when the library is imported."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(ganzoo.DataError, match="could not be had from the Hugging Face Hub") as e:
        opened("ganzoo-test/not-there", format="hub", cache_dir=str(tmp_path))
    assert "\n" not in str(e.value)


def test_a_folder_is_not_taken_for_a_dataset_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    with pytest.raises(ganzoo.DataError, match="folder or file mnist here, which would be read in"):
        opened("mnist", format="hub")


def test_a_pattern_that_leaves_the_folder_is_refused(tmp_path):
    write_parquet(tmp_path / "a.parquet", {"image": images()})
    with pytest.raises(ganzoo.UsageError, match=r"data.files=/x/\*.parquet is no pattern inside"):
        opened(tmp_path, files="/x/*.parquet")


def test_loading_draws_no_bars_and_leaves_those_of_others(tmp_path, capfd):
    import datasets

    write_parquet(tmp_path / "a.parquet", LABELLED, FEATURES)
    datasets.enable_progress_bars()
    opened(tmp_path)
    assert capfd.readouterr() == ("", "")
    assert not datasets.are_progress_bars_disabled()
