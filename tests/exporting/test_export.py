"""Promises of `ganzoo.export`: what is in the folder makes the same images, elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from toys import SMALL

import ganzoo
from ganzoo.exporting.formats import WRITERS

BATCHES = (1, 2, 7, 33)


def inputs(run: ganzoo.Run, n: int) -> list[torch.Tensor]:
    z = run.architecture.latent.sample(n, generator=torch.Generator().manual_seed(n))
    return [z, torch.arange(n) % run.num_classes] if run.num_classes else [z]


@torch.no_grad()
def eager(run: ganzoo.Run, n: int) -> np.ndarray:
    return ganzoo.Run(run.path, device="cpu", host=run._host).generator(*inputs(run, n)).numpy()


def by_onnxruntime(run: ganzoo.Run, folder: Path, n: int) -> np.ndarray:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    names = [entry.name for entry in session.get_inputs()]
    assert names == ["z", "labels"][: len(names)]
    assert [entry.shape[0] for entry in session.get_inputs()] == ["batch"] * len(names)
    feeds = {name: value.numpy() for name, value in zip(names, inputs(run, n), strict=True)}
    return session.run(["images"], feeds)[0]


def by_safetensors(run: ganzoo.Run, folder: Path, n: int) -> np.ndarray:
    about = json.loads((folder / "ganzoo.json").read_text())
    chosen = about["architecture"]
    architecture = ganzoo.create(
        "architecture", chosen["name"], host=run._host, **chosen["options"]
    )
    generator = architecture.build(
        ganzoo.ImageSpec(**about["image"]), ganzoo.Demands(**about["demands"])
    ).generator.eval()
    generator.load_state_dict(load_file(folder / "generator.safetensors"))
    with torch.no_grad():
        return generator(*inputs(run, n)).numpy()


LOAD = """
import sys
import torch
for folder in sys.argv[1:]:
    generator = torch.export.load(f"{folder}/generator.pt2").module()
    batches = torch.load(f"{folder}/given.pt", weights_only=True)
    with torch.no_grad():
        torch.save([generator(*batch) for batch in batches], f"{folder}/made.pt")
assert not [name for name in sys.modules if name.startswith("ganzoo")]
"""


def by_torch_alone(exports: Mapping[Path, ganzoo.Run]) -> list[list[np.ndarray]]:
    """What each folder's program makes, in one process that has not imported ganzoo."""
    for folder, run in exports.items():
        torch.save([tuple(inputs(run, n)) for n in BATCHES], folder / "given.pt")
    command = [sys.executable, "-I", "-c", LOAD, *exports]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    made = [torch.load(folder / "made.pt", weights_only=True) for folder in exports]
    return [[images.numpy() for images in batches] for batches in made]


@pytest.mark.parametrize("conditional", [False, True], ids=["unconditional", "conditional"])
@pytest.mark.parametrize("arch", SMALL)
def test_safetensors_fit_a_generator_that_is_built_from_the_json_beside_them(
    arch, conditional, runs, tmp_path
):
    run = runs(arch, conditional=conditional)
    folder = ganzoo.export(run, "safetensors", out=tmp_path / "export")
    for n in BATCHES:
        assert np.array_equal(by_safetensors(run, folder, n), eager(run, n))
    with safe_open(folder / "generator.safetensors", "pt") as file:
        assert file.metadata()["ganzoo"] == (folder / "ganzoo.json").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("conditional", [False, True], ids=["unconditional", "conditional"])
@pytest.mark.parametrize("arch", SMALL)
def test_onnxruntime_makes_the_same_images_at_every_batch_size(arch, conditional, runs, tmp_path):
    run = runs(arch, conditional=conditional)
    folder = ganzoo.export(run, "onnx", out=tmp_path / "export")
    for n in BATCHES:
        assert np.abs(by_onnxruntime(run, folder, n) - eager(run, n)).max() < 1e-5


@pytest.mark.slow
def test_torch_loads_the_programs_without_ganzoo(runs, tmp_path):
    exports = {}
    for arch, conditional in product(SMALL, (False, True)):
        run = runs(arch, conditional=conditional)
        out = tmp_path / f"{arch}-{conditional}"
        exports[ganzoo.export(run, "torch-export", out=out)] = run
    for run, made in zip(exports.values(), by_torch_alone(exports), strict=True):
        for n, images in zip(BATCHES, made, strict=True):
            assert np.abs(images - eager(run, n)).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("format_", WRITERS)
def test_an_outsiders_generator_is_exported_with_its_own_latent(format_, runs, host, tmp_path):
    run = runs("nocturne", conditional=True, host=host, width=8, blocks=1)
    folder = ganzoo.export(run, format_, out=tmp_path / "export")
    wanted = {n: eager(run, n) for n in BATCHES}
    if format_ == "torch-export":
        (alone,) = by_torch_alone({folder: run})
        made = dict(zip(BATCHES, alone, strict=True))
    else:
        by = {"onnx": by_onnxruntime, "safetensors": by_safetensors}[format_]
        made = {n: by(run, folder, n) for n in BATCHES}
    assert max(np.abs(made[n] - wanted[n]).max() for n in BATCHES) < 1e-5
    latent = json.loads((folder / "ganzoo.json").read_text())["latent"]
    assert latent["distribution"] == "nocturne_gan.latent:LaplaceLatent"
    assert "exp(-|z|) / 2" in latent["words"]
    draws = np.load(folder / "latents.npy")
    assert draws.shape == (256, 64)
    assert draws.dtype == np.float32
    assert abs(np.abs(draws).mean() - 1) < 0.05  # of a Laplace distribution; 0.8 of a normal one


def refused(run: ganzoo.Run, format_: str, place: Path) -> str:
    with pytest.raises(ganzoo.GanzooError) as caught:
        ganzoo.export(run, format_, out=place / "export")
    assert list(place.iterdir()) == []  # nothing half-written
    message = str(caught.value)
    assert "\n" not in message
    assert 'format="safetensors"' in message
    ganzoo.export(run, "safetensors", out=place / "weights")  # as it says
    return message


def test_a_generator_that_cannot_be_exported_names_its_distribution_and_torchs_reason(
    runs, host, tmp_path
):
    message = refused(runs("branching", host=host), "torch-export", tmp_path)
    assert "the generator of 'branching' ((unknown distribution))" in message
    assert "cannot be exported to torch-export: " in message
    assert "data-dependent" in message


@pytest.mark.slow
def test_an_operation_that_onnx_does_not_have_is_named(runs, host, tmp_path):
    message = refused(runs("unknown-to-onnx", host=host), "onnx", tmp_path)
    assert "bessel_j1" in message


def test_a_graph_that_makes_other_images_is_refused(runs, host, tmp_path):
    message = refused(runs("remembering", host=host), "torch-export", tmp_path)
    assert "depends on more than z and labels" in message


def test_a_generator_may_draw_noise_of_its_own(runs, host, tmp_path):
    run = runs("noisy", host=host)
    ganzoo.export(run, "torch-export", out=tmp_path / "export")


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_a_missing_package_is_told_with_its_extra_before_any_work(missing, monkeypatch, tmp_path):
    from ganzoo.exporting import formats

    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == missing else "there")
    with pytest.raises(ganzoo.UsageError, match=rf'needs {missing}, .*"gan-zoo\[export\]"'):
        ganzoo.export(tmp_path / "no run at all", "onnx")


def test_an_unknown_format_is_refused_with_what_is_close(tmp_path):
    with pytest.raises(ganzoo.UsageError, match=r"'onxn'\. Did you mean 'onnx'\? There are onnx, "):
        ganzoo.export(tmp_path, "onxn")  # type: ignore[arg-type]


def test_by_default_it_goes_below_the_run(runs):
    run = runs()
    folder = ganzoo.export(run.path, "safetensors")
    assert folder == run.path / "exports" / "safetensors-000002"
    names = {file.name for file in folder.iterdir()}
    assert names == {"README.md", "ganzoo.json", "generator.safetensors"}


def test_what_is_there_is_only_replaced_by_force(runs, tmp_path):
    place = tmp_path / "export"
    ganzoo.export(runs(), "safetensors", out=place)
    (place / "README.md").write_text("mine")
    (place / "notes.txt").write_text("mine too")
    with pytest.raises(ganzoo.UsageError, match="is not empty.*force=True"):
        ganzoo.export(runs(), "safetensors", out=place)
    assert (place / "README.md").read_text() == "mine"
    ganzoo.export(runs(), "safetensors", out=place, force=True)
    assert (place / "README.md").read_text() != "mine"
    assert (place / "notes.txt").read_text() == "mine too"


def test_a_place_that_cannot_be_written_is_an_error_in_words(runs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ganzoo.GanzooError, match="cannot write the export"):
        ganzoo.export(runs(), "safetensors", out=tmp_path / "file" / "below")
    with pytest.raises(ganzoo.UsageError, match="is a file"):
        ganzoo.export(runs(), "safetensors", out=tmp_path / "file")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_exporting_leaves_the_runs_generator_as_it_was(runs, tmp_path):
    run = ganzoo.Run(runs().path, device="cpu")
    before = {name: value.clone() for name, value in run.generator.state_dict().items()}
    ganzoo.export(run, "safetensors", out=tmp_path / "export")
    assert all(torch.equal(value, before[n]) for n, value in run.generator.state_dict().items())
    assert all(parameter.requires_grad for parameter in run.generator.parameters())
