"""Promises of checkpoints from strangers, whose checksums fit: weights, or one readable error."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fuzz.cases import JSON, VALUES, as_json, damaged, fuzzed, only_for_people
from hypothesis import example, given
from hypothesis import strategies as st

import ganzoo
from ganzoo.config import load_config
from ganzoo.run import checkpoints
from ganzoo.run.plan import compose

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(run) -> Path:
    return run / "checkpoints" / "000002"


@pytest.fixture(scope="module")
def originals(folder) -> dict[str, bytes]:
    """The whole content of each file."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def plant(folder, originals) -> Callable[[str, bytes], None]:
    """Put content into a file of the checkpoint, with the checksum that fits."""

    def put(name: str, content: bytes) -> None:
        for other, whole in originals.items():
            (folder / other).write_bytes(whole)
        (folder / name).write_bytes(content)
        if name != "manifest.json":
            about = json.loads(originals["manifest.json"])
            about["checksums"][name] = hashlib.sha256(content).hexdigest()
            (folder / "manifest.json").write_text(json.dumps(about))

    return put


@pytest.fixture(scope="module")
def trainer(run) -> ganzoo.Trainer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE_DIR", str(run.parent / "cache"))
        plan = compose([ganzoo.config.Layer("run", load_config(run / "config.toml").model_dump())])
        return plan.trainer(plan.open_images())


# --- Manifests


def replaced(about: Any, path: list[str], value: object) -> Any:
    """A copy of a JSON object with another value at a path."""
    if not path:
        return value
    return {**about, path[0]: replaced(about.get(path[0], {}), path[1:], value)}


PLACES = [
    [],
    *(["step"], ["image"], ["demands"], ["latent"], ["class_names"], ["versions"], ["metrics"]),
    *(["checksums"], ["image", "channels"], ["image", "height"], ["image", "num_classes"]),
    *(["demands", "labels"], ["demands", "outputs"], ["demands", "new"], ["new"]),
    *(["versions", "gan-zoo"], ["metrics", "x"], ["checksums", "ema.safetensors"]),
]


@fuzzed
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_in_a_manifest(run, folder, originals, plant, place, value):
    about = replaced(json.loads(originals["manifest.json"]), place, value)
    plant("manifest.json", as_json(about).encode())
    use_manifest(run, folder)


@fuzzed
@given(text=JSON)
def test_any_text_as_a_manifest(run, folder, plant, text):
    plant("manifest.json", text.encode("utf-8", errors="surrogatepass"))
    use_manifest(run, folder)


@fuzzed
@given(data=st.data())
def test_a_damaged_manifest(run, folder, originals, plant, data):
    plant("manifest.json", data.draw(damaged(originals["manifest.json"])))
    use_manifest(run, folder)


def use_manifest(run: Path, folder: Path) -> None:
    """Read the manifest; if it can be read, sample from its networks unless they are large."""
    manifest = only_for_people(lambda: checkpoints.read_manifest(folder), folder)
    if manifest is None:
        return
    opened = ganzoo.Run(run, step=2, device="cpu")
    assert opened.versions() == manifest.versions
    if max(manifest.image.shape) <= 64 and manifest.image.num_classes < 1000:
        only_for_people(lambda: opened.sample(2))


# --- Weights


def header(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, and the bytes of its tensors."""
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


@fuzzed
@given(data=st.data(), value=VALUES)
def test_any_header_of_weights(run, originals, plant, data, value):
    about, tensors = header(originals["ema.safetensors"])
    name = data.draw(st.sampled_from([*about, "new"]))
    place = data.draw(st.sampled_from([[], [name], [name, "shape"], [name, "dtype"]]))
    place = data.draw(st.sampled_from([place, [name, "data_offsets"]]))
    text = as_json(replaced(about, place, value)).encode()
    plant("ema.safetensors", len(text).to_bytes(8, "little") + text + tensors)
    only_for_people(lambda: ganzoo.Run(run, device="cpu").sample(2), run)


@fuzzed
@given(data=st.data())
def test_damaged_weights(run, originals, plant, data):
    plant("ema.safetensors", data.draw(damaged(originals["ema.safetensors"])))
    only_for_people(lambda: ganzoo.Run(run, device="cpu").sample(2), run)


# --- Training state


TENSORS = st.sampled_from(
    [torch.zeros(()), torch.zeros(3), torch.zeros(2, 2), torch.tensor(2), torch.zeros(0)]
)
STATES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.text(max_size=3), TENSORS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers(0, 3)), inner, max_size=3),
    ),
    max_leaves=6,
)


def saved(state: object) -> bytes:
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


@fuzzed
@given(state=STATES)
@example(state={})
@example(state=torch.zeros(3))
def test_any_training_state(folder, plant, trainer, state):
    plant("state.pt", saved(state))
    assert only_for_people(lambda: checkpoints.restore(folder, trainer), folder) is None


@fuzzed
@given(data=st.data(), value=STATES)
def test_any_value_in_a_training_state(folder, originals, plant, trainer, data, value):
    state = torch.load(io.BytesIO(originals["state.pt"]), weights_only=True)
    key = data.draw(st.sampled_from([*state, "new"]))
    inner = state.get(key)
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        state[key] = {**inner, data.draw(st.sampled_from([*inner])): value}
    else:
        state[key] = value
    plant("state.pt", saved(state))
    only_for_people(lambda: checkpoints.restore(folder, trainer), folder)


@fuzzed
@given(data=st.data())
def test_a_damaged_training_state(folder, originals, plant, trainer, data):
    plant("state.pt", data.draw(damaged(originals["state.pt"])))
    only_for_people(lambda: checkpoints.restore(folder, trainer), folder)
