"""Promises of the model card: it is true, complete, and its program runs."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
import yaml
from forked import run_snippet
from PIL import Image

import ganzoo
from ganzoo.exporting.formats import WRITERS


@pytest.fixture
def card_of(tmp_path):
    def card(run: ganzoo.Run, format_: str = "safetensors", **arguments) -> str:
        folder = ganzoo.export(run, format_, out=tmp_path / "export", force=True, **arguments)
        return (folder / "README.md").read_text(encoding="utf-8")

    return card


@pytest.mark.slow
@pytest.mark.parametrize("conditional", [False, True], ids=["unconditional", "conditional"])
@pytest.mark.parametrize("format_", WRITERS)
def test_its_program_draws_a_picture(format_, conditional, runs, tmp_path):
    run = runs("dcgan", conditional=conditional, latent="uniform" if conditional else "normal")
    folder = ganzoo.export(run, format_, out=tmp_path / "export")
    card = (folder / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", card, re.M | re.S)
    code, out, err = run_snippet(program, folder)
    assert code == 0, out + err
    with Image.open(folder / "image.png") as picture:
        assert picture.size == (16, 16)
        assert picture.mode == "RGB"


@pytest.mark.slow
def test_its_program_takes_latents_from_beside_it_where_numpy_cannot_draw_them(
    runs, host, tmp_path
):
    run = runs("nocturne", conditional=True, host=host, width=8, blocks=1)
    folder = ganzoo.export(run, "onnx", out=tmp_path / "export")
    card = (folder / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", card, re.M | re.S)
    assert 'np.load("latents.npy")' in program
    code, out, err = run_snippet(program, folder)
    assert code == 0, out + err


def test_what_is_no_picture_has_a_program_too(card_of, tmp_path):
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 8},
        loss="bce",
        data={"name": "gaussians", "count": 50},
        steps=1,
        batch_size=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    (program,) = re.findall(r"^```python\n(.*?)^```", card_of(run), re.M | re.S)
    code, out, err = run_snippet(program, tmp_path / "export")
    assert code == 0, err
    assert out == "(16, 2, 1, 1)\n"


def test_its_front_matter_is_yaml_with_tags_and_leaves_the_licence_to_the_user(runs, card_of):
    matter = card_of(runs()).split("---\n")[1]
    read = yaml.safe_load(matter)
    assert read["library_name"] == "ganzoo"
    assert read["pipeline_tag"] == "unconditional-image-generation"
    assert {"gan", "ganzoo", "vanilla", "bce", "safetensors"} <= set(read["tags"])
    assert "license" not in read
    assert "# license: " in matter


def test_a_single_tag_is_one_and_the_run_may_be_its_directory(runs):
    card = ganzoo.model_card(runs().path, lead="A face.", use="Look.", tags="faces")
    assert "faces" in yaml.safe_load(card.split("---\n")[1])["tags"]


def test_it_says_what_goes_in_and_what_comes_out(runs, card_of):
    card = card_of(runs("dcgan", conditional=True, latent="uniform"))
    assert "| `z`, in | (n, 4) | float32 | Independent numbers, uniform on [-1, 1]. |" in card
    assert "| `labels`, in | (n,) | int64 | The class of each image, 0 to 9: 0 " in card
    assert "| `images`, out | (n, 3, 16, 16) | float32 | In [-1, 1], channels first" in card


def test_it_says_what_made_it(runs, card_of):
    run = runs()
    card = card_of(run)
    for fact in (
        "| steps | 2 of 2 steps |",
        run.provenance["dataset"],
        run.manifest.checksums["ema.safetensors"],
        f"gan-zoo {ganzoo.__version__}",
    ):
        assert fact in card
    (settings,) = re.findall(r"^```toml\n(.*?)^```", card, re.M | re.S)
    assert tomllib.loads(settings)["arch"] == {"name": "vanilla", **run.config.arch.options}
    assert "`generator/adversarial`" in card


def test_it_tells_nobody_where_the_users_files_are(photos, card_of, tmp_path):
    run = ganzoo.train(
        arch={"name": "vanilla", "width": 8},
        loss="bce",
        data=photos,
        steps=1,
        batch_size=4,
        device="cpu",
        run_dir=tmp_path / "run",
    )
    card = card_of(run)
    assert photos["path"] not in card
    assert str(tmp_path) not in card


def test_it_holds_what_was_measured_of_this_checkpoint(runs, card_of, tmp_path):
    run = runs("vanilla", width=9)
    lines = [
        {"name": "X-FD", "value": 12.5, "std": None, "floor": 1.25, "n": 100, "step": 1},
        {"name": "X-FD", "value": 99.0, "std": 0.5, "floor": 1.25, "n": 100, "step": 2},
        {"name": "X-FD", "value": 10.5, "std": 0.5, "floor": 1.25, "n": 100, "step": 2},
    ]
    text = "\n".join(map(json.dumps, lines)) + '\nno json\n[1]\n{"value": 3}\n'
    (run.path / "evaluations.jsonl").write_text(text)
    card = card_of(run)
    assert "| X-FD | 10.5 ± 0.5 | 1.25 | 100 |" in card
    assert "12.5" not in card
    assert "not evaluated" not in card


def test_a_run_that_was_not_evaluated_says_so(runs, card_of):
    assert "not evaluated" in card_of(runs())
