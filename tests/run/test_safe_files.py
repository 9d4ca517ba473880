"""Promises about files from strangers: reading one never runs code nor takes all memory."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from forked import run_snippet

import ganzoo

TINY = {
    "arch": {"name": "vanilla", "width": 8, "depth": 1, "latent_dim": 4},
    "loss": "bce",
    "size": 8,
    "batch_size": 4,
    "sample_count": 4,
    "steps": 2,
    "device": "cpu",
}


class Payload:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture(scope="module")
def made(photos, tmp_path_factory) -> Path:
    """A finished run and the cache it was trained from."""
    home = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE_DIR", str(home / "cache"))
        ganzoo.train(run_dir=home / "run", data=photos, **TINY)
    return home


def files_of(home: Path) -> list[str]:
    return sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file())


PLACES = [
    "run/config.toml",
    "run/events.jsonl",
    "run/metrics.jsonl",
    "run/samples/000002.png",
    "run/checkpoints/000002/manifest.json",
    "run/checkpoints/000002/state.pt",
    "run/checkpoints/000002/generator.safetensors",
    "run/checkpoints/000002/discriminator.safetensors",
    "run/checkpoints/000002/ema.safetensors",
    "cache/stores/*/images.u8",
    "cache/stores/*/labels.i64",
    "cache/stores/*/store.json",
    "cache/stores/*/checksums.u32",
    "cache/fingerprints/*",
]


def test_every_file_a_run_leaves_is_tried(made):
    """A file of another name would be a place nobody has tried."""
    left = {
        name for name in files_of(made) if not name.endswith((".lock", "00000.png", "00001.png"))
    }
    tried = {str(p.relative_to(made)) for place in PLACES for p in made.glob(place)}
    assert left == tried


@pytest.mark.filterwarnings("ignore:.*decoding its images again")
@pytest.mark.parametrize("place", PLACES)
def test_a_pickle_planted_there_is_not_run(place, made, photos, tmp_path, monkeypatch):
    home = Path(shutil.copytree(made, tmp_path / "home"))
    monkeypatch.setenv("GANZOO_CACHE_DIR", str(home / "cache"))
    marker = tmp_path / "ran"
    evil = pickle.dumps(Payload(marker))
    (target,) = home.glob(place)
    target.write_bytes(evil)
    manifest = home / "run/checkpoints/000002/manifest.json"
    if target.parent == manifest.parent and target != manifest:  # whoever plants it knows sums
        about = json.loads(manifest.read_text())
        about["checksums"][target.name] = hashlib.sha256(evil).hexdigest()
        manifest.write_text(json.dumps(about))
    uses = [
        lambda run: run().sample(1),
        lambda run: run().metrics(),
        lambda run: run().state,
        lambda run: run().provenance,
        lambda run: ganzoo.resume(home / "run", steps=3),
        lambda run: ganzoo.train(home / "run" / "config.toml", run_dir=tmp_path / "again"),
    ]
    for use in uses:
        with suppress(ganzoo.GanzooError):  # nothing else: it must be an error for people
            use(lambda: ganzoo.Run(home / "run"))
    assert not marker.exists()


def test_the_payload_would_run_if_anything_unpickled_it(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def png(width: int, height: int) -> bytes:
    """A whole black-and-white PNG of any size, in a few kilobytes, without holding its pixels."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        for kind, part in chunks
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "height", "complaint"),
    [(40_000, 2, "higher than 32000"), (2, 40_000, "higher than 32000"), (30_000, 30_000, "Bomb")],
)
def test_a_picture_that_would_take_all_memory_is_an_error(width, height, complaint, tmp_path):
    """In a process that may have two gigabytes: the big one would unpack to 2.7."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "huge.png").write_bytes(png(width, height))
    code = """if True:
        import resource, torch, ganzoo
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 2**30, -1))
        data = {"name": "image-folder", "path": "photos"}
        arch = {"name": "vanilla", "width": 8, "depth": 1}
        try:
            ganzoo.train(arch=arch, loss="bce", data=data, size=8, steps=1, device="cpu")
        except ganzoo.DataError as error:
            print(error)
    """
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs /proc to bound memory")
    exit_code, out, err = run_snippet(code, tmp_path)
    assert exit_code == 0, err
    assert "huge.png" in out
    assert complaint in out


@pytest.mark.parametrize("section", ["arch", "loss", "data"])
@pytest.mark.parametrize("name", ["../../outside", "/tmp/outside", "a/../../b", "..\\outside"])
def test_a_name_in_a_config_cannot_leave_the_run_directory(section, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.parent.iterdir())
    with pytest.raises(ganzoo.UsageError):
        ganzoo.train(TINY | {section: name} | {"steps": 1}, data="gaussians")
    assert set(tmp_path.parent.iterdir()) == before
    assert not list(tmp_path.iterdir())


def test_names_in_a_manifest_lead_nowhere_else(made, tmp_path):
    """A checkpoint's own list of files is looked up, never followed."""
    home = Path(shutil.copytree(made, tmp_path / "home"))
    manifest = home / "run/checkpoints/000002/manifest.json"
    about = json.loads(manifest.read_text())
    about["checksums"]["../../config.toml"] = "0" * 64
    about["class_names"] = ["../../../a", "/b", "c"]
    manifest.write_text(json.dumps(about))
    files = files_of(home)
    ganzoo.Run(home / "run").sample(1)
    assert files_of(home) == files
