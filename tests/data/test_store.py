"""Promises of the image store."""

from __future__ import annotations

import binascii
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from toys import TinyGenerator

from ganzoo import DataError, GanzooWarning, ImageSource, ImageSpec, ImageStore, UsageError
from ganzoo.data import checksums, reading, store_folder
from ganzoo.data.store import VerifiedPrefetched

SPEC = ImageSpec(1, 4, 4, num_classes=3)
KEY = {"dataset": "test"}


def resident_anonymous() -> int:
    """Bytes of this process that no file stands behind."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_store_larger_than_memory_is_trained_from_with_what_memory_there_is(
    tmp_path, make_trainer
):
    """Twice the machine's memory, in a file with a hole, so that the disk need not have it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    count = 2 * memory // 256**2
    one = ImageSource([torch.zeros(1, 256, 256, dtype=torch.uint8)], ImageSpec(1, 256, 256))
    open_store(tmp_path, one)
    (file,) = tmp_path.glob("stores/*/store.json")
    os.truncate(file.with_name("images.u8"), count * 256**2)
    contents = {
        "labels.i64": bytes(count * 8),
        "checksums.u32": struct.pack("<I", zlib.crc32(bytes(256**2))) * count,
    }
    for name, content in contents.items():
        file.with_name(name).write_bytes(content)
    about = json.loads(file.read_text()) | {"count": count}
    about["checksums"] = {name: zlib.crc32(content) for name, content in contents.items()}
    file.write_text(json.dumps(about))

    trainer = make_trainer(data=open_store(tmp_path, one), generator=TinyGenerator(size=256))
    assert trainer.batches.order.count == count
    trainer.fit(2)
    before = resident_anonymous()
    trainer.fit(40)
    assert resident_anonymous() - before < 64 * 2**20


class Counting(list):
    """Images that know how often they were read."""

    reads = 0

    def __getitem__(self, index):
        type(self).reads += 1
        return super().__getitem__(index)


def source(count=10, spec=SPEC, fingerprint="", bad=(), label=None) -> ImageSource:
    rng = np.random.default_rng(0)
    items = Counting(
        (torch.from_numpy(rng.integers(0, 256, (1, 4, 4), dtype=np.uint8)), i % 3)
        for i in range(count)
    )
    for index in bad:
        items[index] = ("no image", 0)
    if label is not None:
        items[0] = (items[0][0], label)
    Counting.reads = 0
    return ImageSource(items, spec, ("a", "b", "c"), fingerprint, "file-{}.png".format)


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def open_store(cache, src=None, **options) -> ImageStore:
    return ImageStore.from_source(src or source(), key=KEY, cache_dir=cache, **options)


def folders(cache) -> list[Path]:
    return [path for path in (cache / "stores").iterdir() if path.is_dir()]


def test_a_batch_spans_minus_one_to_one_exactly():
    extremes = [torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 2)]
    batch = ImageStore.from_dataset(extremes).batch(torch.tensor([0]))
    assert batch.images.flatten().tolist() == [-1.0, 1.0]
    assert batch.labels is None


def test_a_batch_holds_the_images_and_labels_at_its_indices():
    src = source()
    store = ImageStore.from_source(src)
    batch = store.batch(torch.tensor([7, 2, 7]))
    for row, index in enumerate((7, 2, 7)):
        expected = src.images[index][0].float() / 127.5 - 1
        torch.testing.assert_close(batch.images[row], expected)
    assert batch.labels.tolist() == [1, 2, 1]


def test_a_batch_lies_in_memory_channels_last():
    images = list(torch.zeros(4, 3, 8, 8, dtype=torch.uint8))
    batch = ImageStore.from_dataset(images).batch(torch.arange(4))
    assert batch.images.is_contiguous(memory_format=torch.channels_last)


def test_ones_own_dataset_needs_no_description():
    rgb = Image.new("RGB", (6, 4), (255, 0, 0))
    store = ImageStore.from_dataset([(rgb, 0), (rgb, 2), (rgb, 1)])
    assert store.spec == ImageSpec(3, 4, 6, num_classes=3)
    assert ImageStore.from_dataset([rgb, rgb]).spec == ImageSpec(3, 4, 6)
    assert ImageStore.from_dataset([rgb], size=8, channels=1).spec == ImageSpec(1, 8, 8)
    named = ImageStore.from_dataset([(rgb, 0)], class_names=("x", "y"))
    assert (named.class_names, named.spec.num_classes) == (("x", "y"), 2)


def test_ones_own_images_may_begin_with_an_unreadable_one(tmp_path):
    class Files(list):
        def __getitem__(self, index):
            if index < 2:
                raise OSError("truncated")
            return super().__getitem__(index)

    images = Files(torch.zeros(5, 1, 4, 4, dtype=torch.uint8))
    with pytest.raises(DataError, match=r"2 image\(s\) cannot be read"):
        ImageStore.from_dataset(images)
    with pytest.warns(UserWarning, match="left out"):
        assert len(ImageStore.from_dataset(images, skip_bad_images=True)) == 3
    with pytest.raises(DataError, match="none of the 2 images can be read; the last: OSError"):
        ImageStore.from_dataset(Files([0, 0]))


@pytest.mark.parametrize("wrong", [torch.zeros(4, dtype=torch.uint8), 7, "a.png"])
def test_ones_own_images_of_the_wrong_type_say_what_is_wanted(wrong):
    with pytest.raises(DataError, match=rf"PIL image or .* not {type(wrong).__name__}"):
        ImageStore.from_dataset([wrong])


@pytest.mark.parametrize("labels", [(-1, 2), (-1, -1)])
def test_ones_own_labels_must_not_be_negative(labels):
    image = torch.zeros(1, 4, 4, dtype=torch.uint8)
    with pytest.raises(DataError, match="there is a label -1"):
        ImageStore.from_dataset([(image, label) for label in labels])


def test_a_second_opening_decodes_nothing(cache):
    first = open_store(cache)
    src = source()
    second = open_store(cache, src)
    assert Counting.reads == 0
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.labels, second.labels)


@pytest.mark.parametrize(
    "change",
    [{"size": 8}, {"channels": 3}, {"skip_bad_images": True}],
    ids=lambda change: next(iter(change)),
)
def test_another_shape_is_another_store(cache, change):
    open_store(cache)
    open_store(cache, **change)
    assert len(folders(cache)) == 2


def test_another_fingerprint_is_another_store(cache):
    open_store(cache)
    open_store(cache, source(fingerprint="changed"))
    assert len(folders(cache)) == 2


def test_another_key_is_another_store(cache):
    open_store(cache)
    ImageStore.from_source(source(), key={"dataset": "other"}, cache_dir=cache)
    assert len(folders(cache)) == 2


FILES = ["images.u8", "labels.i64", "checksums.u32", "store.json"]


def inverted(content: bytes) -> bytes:
    return bytes(255 - byte for byte in content)


@pytest.mark.parametrize("damage", FILES)
@pytest.mark.parametrize("damaged", [lambda content: content[:-3], inverted])
def test_a_damaged_store_is_built_again_with_a_warning(cache, damage, damaged):
    whole = open_store(cache)
    images, labels = whole.images.clone(), whole.labels.clone()
    (folder,) = folders(cache)
    file = folder / damage
    file.write_bytes(damaged(file.read_bytes()))
    with pytest.warns(GanzooWarning, match=f"{folder.name} is damaged.*decoding its images again"):
        again = open_store(cache)
    assert torch.equal(again.images, images)
    assert torch.equal(again.labels, labels)
    open_store(cache)  # without a warning


def test_a_store_whose_description_is_nonsense_is_built_again(cache):
    open_store(cache)
    (folder,) = folders(cache)
    (folder / "store.json").write_text(json.dumps([1, 2]))
    with pytest.warns(GanzooWarning, match="is damaged"):
        assert len(open_store(cache)) == 10


def test_each_block_of_64_kib_has_its_crc_32(cache):
    """70 images of 5,000 bytes: 13 in a block, and the last block has 5."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (70, 1, 50, 100), dtype=np.uint8)
    open_store(cache, ImageSource(list(torch.from_numpy(pixels)), ImageSpec(1, 50, 100)))
    (folder,) = folders(cache)
    blocks = [pixels[first : first + 13].tobytes() for first in range(0, 70, 13)]
    expected = struct.pack("<6I", *map(binascii.crc32, blocks))
    assert (folder / "checksums.u32").read_bytes() == expected


@pytest.fixture
def large(cache, monkeypatch) -> Path:
    """The folder of a store that is verified as it is used, with a damaged byte in image 7."""
    monkeypatch.setattr(store_folder, "AT_ONCE", 0)
    monkeypatch.setattr(checksums, "BLOCK", 2 * 16)  # two images
    open_store(cache)
    (folder,) = folders(cache)
    with (folder / "images.u8").open("r+b") as file:
        file.seek(7 * 16 + 3)
        (byte,) = file.read(1)
        file.seek(7 * 16 + 3)
        file.write(bytes([byte ^ 1]))
    return folder


def by_batch(store, rows):
    return store.batch(rows)


def by_selection(store, rows):
    return store.select(rows)


def by_prefetching(store, rows):
    return VerifiedPrefetched(store, None, lambda k: rows, torch.device("cpu"))(0)


def by_training(store, rows):
    return store.loader(lambda k: rows, torch.device("cpu"), seed=0)(0)


@pytest.mark.parametrize("way", [by_batch, by_selection, by_prefetching, by_training])
def test_a_damaged_block_of_a_large_store_is_never_used_and_decoded_again(cache, large, way):
    store = open_store(cache)
    way(store, torch.tensor([0, 5, 9, 5]))  # other blocks
    with pytest.raises(
        DataError, match=r"damaged near image 6: .* The next start decodes the images again"
    ):
        way(store, torch.tensor([1, 6]))
    again = open_store(cache)
    again.verify()
    assert torch.equal(again.images, ImageStore.from_source(source()).images)


def test_all_of_a_large_store_can_be_verified_at_once(cache, large):
    with pytest.raises(DataError, match="damaged near image 6"):
        open_store(cache).verify()


def test_a_block_is_compared_once(cache, large):
    store, intact = open_store(cache), torch.tensor([0, 1])
    store.select(intact)
    (large / "images.u8").write_bytes(bytes(160))  # mapped: the store sees it
    assert store.select(intact).sum() == 0
    with pytest.raises(DataError, match="damaged near image 2"):
        store.select(torch.tensor([2]))


def test_a_damaged_store_that_cannot_be_removed_names_the_way_out(cache, large):
    store = open_store(cache)
    (large / "store.json").unlink()
    (large / "store.json").mkdir()  # a folder cannot be unlinked, by root neither
    with pytest.raises(DataError, match=f"Remove {large}, or set GANZOO_CACHE_DIR"):
        store.verify()


def test_opening_a_store_notes_its_use(cache):
    open_store(cache)
    (folder,) = folders(cache)
    os.utime(folder / "store.json", (0, 0))
    open_store(cache)
    assert time.time() - (folder / "store.json").stat().st_mtime < 60


def test_a_cached_store_is_mapped_and_writing_to_it_reaches_no_file(cache):
    open_store(cache)
    store = open_store(cache)
    (folder,) = folders(cache)
    before = (folder / "images.u8").read_bytes()
    if sys.platform == "linux":
        assert str(folder) in Path("/proc/self/maps").read_text()
    store.images.fill_(0)
    assert (folder / "images.u8").read_bytes() == before


def test_unreadable_images_stop_with_their_places_and_leave_nothing(cache):
    with pytest.raises(DataError) as error:
        open_store(cache, source(bad=(3, 7)))
    message = str(error.value)
    assert "2 image(s) cannot be read" in message
    assert "file-3.png, " in message  # the reason is the same
    assert "file-7.png: " in message
    assert "skip_bad_images=True" in message
    assert folders(cache) == []


def test_a_long_list_of_unreadable_images_is_cut(cache):
    with pytest.raises(DataError, match="and 10 more"):
        open_store(cache, source(count=60, bad=range(30)))


def test_images_that_cannot_be_read_for_one_reason_are_one_line(cache):
    with pytest.raises(DataError) as error:
        ImageStore.from_dataset([torch.zeros(1, 4, 4, dtype=torch.int16)] * 25)
    (line,) = [line for line in str(error.value).splitlines() if "must be uint8" in line]
    assert line.startswith("  image 0, image 1, ")
    assert "image 19 and 5 more: ValueError: an image tensor must be uint8" in line


def test_unreadable_images_can_be_left_out_and_are_told_of(cache):
    for _ in range(2):  # built, then found in the cache
        with pytest.warns(UserWarning, match=r"2 unreadable image\(s\) are left out.*file-3"):
            store = open_store(cache, source(bad=(3, 7)), skip_bad_images=True)
        assert len(store) == 8


def test_only_unreadable_images_are_an_error_even_so(cache):
    with pytest.raises(DataError, match=r"2 image\(s\) cannot be read"):
        open_store(cache, source(count=2, bad=(0, 1)), skip_bad_images=True)


def test_no_images_are_an_error(cache):
    with pytest.raises(DataError, match="no images"):
        open_store(cache, source(count=0))
    with pytest.raises(DataError, match="no images"):
        ImageStore.from_dataset([])


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_out_of_range_names_image_label_and_range(cache, label):
    with pytest.raises(DataError, match=rf"file-0.png has label {label}.*3 classes, 0 to 2"):
        open_store(cache, source(label=label))


def png_that_claims_to_have(side: int) -> bytes:
    """A PNG file of some hundred bytes that unpacks to side x side pixels, so it says."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize("side", [14_000, 50_000])  # Pillow only warns of the first
def test_a_decompression_bomb_is_an_unreadable_image(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png_that_claims_to_have(side))

    class Files(list):
        def __getitem__(self, index):
            return Image.open(tmp_path / "bomb.png"), 0

    src = ImageSource(Files([0]), SPEC)
    with pytest.raises(DataError, match="DecompressionBomb"):
        ImageStore.from_source(src)


def test_workers_decode_the_same(monkeypatch):
    here = ImageStore.from_source(source(count=200))
    monkeypatch.setattr(reading, "WORKER_THRESHOLD", 0.0)
    by_workers = ImageStore.from_source(source(count=200))
    assert torch.equal(here.images, by_workers.images)
    assert torch.equal(here.labels, by_workers.labels)


def test_workers_find_the_same_unreadable_images(monkeypatch):
    monkeypatch.setattr(reading, "WORKER_THRESHOLD", 0.0)
    with pytest.raises(DataError) as error:
        ImageStore.from_source(source(count=200, bad=(3, 150, 199)))
    assert "file-3.png, file-150.png, file-199.png: " in str(error.value)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="CPUs cannot be taken away here")
def test_no_more_workers_are_started_than_there_are_cpus_for_us(monkeypatch):
    """Torch warns of too many, as in a container or a job queue; a warning is an error here."""
    monkeypatch.setattr(reading, "WORKER_THRESHOLD", 0.0)
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(ours)})
    try:
        assert len(ImageStore.from_source(source(count=100))) == 100
    finally:
        os.sched_setaffinity(0, ours)


def test_a_dataset_that_workers_cannot_serve_is_decoded_in_process(monkeypatch):
    class Home(list):
        """Can be read in the process that made it alone."""

        def __init__(self, items):
            super().__init__(items)
            self.home = os.getpid()

        def __getitem__(self, index):
            if os.getpid() != self.home:
                os._exit(1)
            return super().__getitem__(index)

    src = source(count=120)
    expected = ImageStore.from_source(src)
    monkeypatch.setattr(reading, "WORKER_THRESHOLD", 0.0)
    with pytest.warns(UserWarning, match="decoding in one process"):
        store = ImageStore.from_source(ImageSource(Home(src.images), SPEC))
    assert torch.equal(store.images, expected.images)


def test_all_is_written_before_the_disk_is_asked_to_keep_it(cache, monkeypatch):
    """Else a power cut leaves a store of the right length and the wrong content."""
    synced, fsync = {}, os.fsync

    def spy(descriptor):
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        synced[name] = os.fstat(descriptor).st_size
        fsync(descriptor)

    if sys.platform != "linux":
        pytest.skip("descriptors have no names here")
    monkeypatch.setattr(os, "fsync", spy)
    open_store(cache)
    assert synced == {"images.u8": 10 * 16, "labels.i64": 10 * 8, "checksums.u32": 4}


def test_progress_reaches_the_end(cache):
    seen = []
    open_store(cache, source(count=600), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(256, 600), (512, 600), (600, 600)]


def test_a_cache_that_cannot_be_made_names_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="GANZOO_CACHE_DIR"):
        open_store(tmp_path / "file")


LIMITED = """
import os, resource, sys, torch
from pathlib import Path
from ganzoo import DataError, ImageSource, ImageSpec, ImageStore

if sys.argv[1] == "full disk":
    sys.dont_write_bytecode = True  # it would leave half of a module
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
elif os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
images = [(torch.full((1, 4, 4), k, dtype=torch.uint8), 0) for k in range(40)]
try:
    store = ImageStore.from_source(
        ImageSource(images, ImageSpec(1, 4, 4)), key={"k": 1}, cache_dir=Path("cache")
    )
    print(int(store.images.sum()), len(store))
except DataError as error:
    print(error)
"""
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="no such limits here")


def run_limited(folder: Path, limit: str) -> str:
    """What a real process prints that opens a store in `folder/cache`."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED, limit],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout.strip()


@needs_posix
def test_a_full_disk_names_the_way_out_and_leaves_nothing(tmp_path):
    message = run_limited(tmp_path, "full disk")
    assert message.startswith("cannot keep the decoded images in cache")
    assert message.endswith("Set GANZOO_CACHE_DIR to a directory with room")
    assert folders(tmp_path / "cache") == []


@needs_posix
def test_a_cache_one_may_not_write_names_the_way_out(tmp_path):
    (tmp_path / "cache").mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    assert "Permission denied. Set GANZOO_CACHE_DIR" in run_limited(tmp_path, "no writing")


@needs_posix
@pytest.mark.slow
def test_a_store_in_a_cache_one_may_not_write_is_used_all_the_same(tmp_path):
    builder = start_builder(tmp_path / "cache", tmp_path / "log", delay=0)
    assert builder.communicate(timeout=120)[0].strip() == EXPECTED
    tmp_path.chmod(0o755)
    for path in (tmp_path / "cache", tmp_path / "cache" / "stores"):
        path.chmod(0o555)
    try:
        assert run_limited(tmp_path, "no writing") == EXPECTED
    finally:
        for path in (tmp_path / "cache", tmp_path / "cache" / "stores"):
            path.chmod(0o755)


BUILDER = """
import sys, time, warnings, torch
from pathlib import Path
from ganzoo import ImageSource, ImageSpec, ImageStore

class Slow(list):
    def __getitem__(self, index):
        time.sleep(float(sys.argv[3]))
        with open(sys.argv[2], "a") as log:
            log.write("x")
        return torch.full((1, 4, 4), index, dtype=torch.uint8), 0

store = ImageStore.from_source(
    ImageSource(Slow(range(40)), ImageSpec(1, 4, 4)), key={"k": 1}, cache_dir=Path(sys.argv[1])
)
print(int(store.images.sum()), len(store))
"""
EXPECTED = f"{16 * sum(range(40))} 40"


def start_builder(cache: Path, log: Path, delay: float = 0.02) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(cache), str(log), str(delay)],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_on_an_empty_cache_build_once_and_both_work(cache, tmp_path):
    log = tmp_path / "log"
    builders = [start_builder(cache, log) for _ in range(2)]
    outputs = [builder.communicate(timeout=120)[0].strip() for builder in builders]
    assert outputs == [EXPECTED, EXPECTED]
    assert len(log.read_text()) == 40


@pytest.mark.slow
def test_a_builder_killed_half_way_leaves_nothing_that_hurts(cache, tmp_path):
    log = tmp_path / "log"
    first = start_builder(cache, log)
    deadline = time.time() + 60
    while not log.exists() or len(log.read_text()) < 5:
        assert time.time() < deadline
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = start_builder(cache, log)
    assert second.communicate(timeout=120)[0].strip() == EXPECTED
    assert len(list((cache / "stores").glob(".*"))) == 0


def test_nothing_warns_on_the_usual_way(cache):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_store(cache)
        open_store(cache)


def test_as_many_names_as_classes_are_asked_for():
    with pytest.raises(DataError, match="names 2 classes and says it has 3"):
        ImageSource([], ImageSpec(1, 4, 4, num_classes=3), ("a", "b"))
    image = torch.zeros(1, 4, 4, dtype=torch.uint8)
    with pytest.raises(DataError, match="names 2 classes and says it has 5"):
        ImageStore.from_dataset([(image, 0)], class_names=("a", "b"), num_classes=5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 0}, "size=.* should be at least 1x1 pixel"),
        ({"size": (4, -1)}, "size=.* should be at least 1x1 pixel"),
        ({"channels": 0}, "channels=0 should be at least 1"),
        ({"num_classes": -1}, "num_classes=-1 should be 0 or more"),
    ],
)
def test_numbers_that_are_too_small_are_refused(wrong, message):
    with pytest.raises(UsageError, match=message):
        ImageStore.from_dataset(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), **wrong)
