"""Promises of `ganzoo export --format page`: the generator runs in a browser, from a disk.

They need a browser and onnxruntime-web: in `node_modules`, or named by `ONNXRUNTIME_WEB`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from browser import browser, missing, open_page
from styled import StyledGenerator
from torch import nn
from toys import TinyDiscriminator, TinyGenerator, make_store

import ganzoo
from ganzoo.exporting.page import find_runtime
from ganzoo.latents.space import Space

RUNTIME = os.environ.get("ONNXRUNTIME_WEB")


def lacking() -> str:
    try:
        find_runtime(RUNTIME)
    except ganzoo.UsageError as error:
        return str(error)
    return missing()


in_browser = pytest.mark.skipif(bool(lacking()), reason=lacking())


def own(make_trainer, generator: nn.Module, folder: Path, latent: ganzoo.Latent) -> ganzoo.Run:
    """A run of colour images of two classes."""
    trainer = make_trainer(
        generator=generator,
        discriminator=TinyDiscriminator(3, classes=2),
        data=make_store(channels=3, classes=2),
        conditional=True,
        latent=latent,
    )
    trainer.fit(2)
    return trainer.save(folder / "run")


@pytest.fixture
def styled(make_trainer, tmp_path) -> ganzoo.Run:
    torch.manual_seed(0)
    generator = StyledGenerator(3, classes=2)
    return own(make_trainer, generator, tmp_path / "styled", ganzoo.NormalLatent(8))


@pytest.fixture
def runs_by_name(runs, styled, make_trainer, tmp_path) -> dict[str, ganzoo.Run]:
    torch.manual_seed(0)
    generator = TinyGenerator(3, classes=2)
    uniform = own(make_trainer, generator, tmp_path / "uniform", ganzoo.UniformLatent(8))
    return {"normal": runs("vanilla"), "uniform": uniform, "styled": styled}


class Page:
    """An opened page: moves its controls and reads its image."""

    def __init__(self, driver) -> None:
        self.driver = driver

    def image(self, **values: float) -> torch.Tensor:
        """uint8 `(3, H, W)` of the canvas, after controls have been set."""
        self.driver.set_script_timeout(30)
        pixels = self.driver.execute_async_script(
            """
            const [values, done] = arguments;
            const canvas = document.getElementById("image");
            const before = Number(canvas.dataset.drawn);
            document.getElementById("controls").reset();
            const elements = document.getElementById("controls").elements;
            for (const [name, value] of Object.entries(values)) elements[name].value = value;
            elements["seed"].dispatchEvent(new Event("input", { bubbles: true }));
            const wait = () => {
              if (Number(canvas.dataset.drawn) <= before) return setTimeout(wait, 10);
              const { height, width } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
              done([height, width, ...data]);
            };
            wait();
            """,
            values,
        )
        height, width, *rest = pixels
        return torch.tensor(rest).view(height, width, 4)[..., :3].permute(2, 0, 1)


@pytest.mark.slow
@in_browser
@pytest.mark.parametrize("name", ["normal", "uniform", "styled"])
def test_the_page_makes_the_librarys_images(name, runs_by_name, tmp_path):
    run = runs_by_name[name]
    folder = ganzoo.export(run, "page", out=tmp_path / "export", runtime=RUNTIME)
    assert {path.name for path in folder.iterdir()} == {"index.html", "README.md", "ganzoo.json"}
    space, found = Space(run), ganzoo.directions(run, 2)
    chosen = {"class": 1} if run.num_classes else {}
    label = chosen.get("class")
    labels = space.labels(label, 1)

    def near(shown: torch.Tensor, images: torch.Tensor) -> bool:
        expected = ganzoo.to_uint8(images)[0].expand(3, -1, -1).long()
        assert expected.float().std() > 2, "an image, and not one colour"
        return bool((shown - expected).abs().max() <= 2)

    with browser() as driver:
        open_page(driver, folder / "index.html")
        page = Page(driver)

        # Seeds and classes.
        for seed in (0, 5):
            assert near(page.image(seed=seed, **chosen), run.sample(1, seed=seed, labels=label))

        # Interpolation.
        z, other = (run.sampler.draw(1, seed=seed) for seed in (5, 9))
        between = run.decode(run.latent.interpolate(z, other, 0.3), label)
        assert near(page.image(seed=5, other=9, between=0.3, **chosen), between)

        # Truncation, and a direction.
        point = space.draw(1, seed=5, labels=labels)
        mean = space.mean if space.name == "w" else torch.zeros_like(point)
        half = space.decode(mean + (point - mean) / 2, labels)
        assert near(page.image(seed=5, truncation=0.5, **chosen), half)
        moved = space.decode(found.moved(point, 1, -4.0), labels)
        assert near(page.image(seed=5, direction1=-4.0, **chosen), moved)
        assert not near(page.image(seed=5, **chosen), moved)


@pytest.mark.slow
@in_browser
def test_it_loads_nothing_reports_no_error_and_fits_a_phone(styled, tmp_path):
    from selenium.webdriver.support.ui import WebDriverWait

    folder = ganzoo.export(styled, "page", out=tmp_path / "export", runtime=RUNTIME)
    assert "Open `index.html` in a browser" in (folder / "README.md").read_text(encoding="utf-8")
    alone = tmp_path / "elsewhere.html"
    (folder / "index.html").rename(alone)
    with browser(375, 800) as driver:
        open_page(driver, alone)
        wide = "return [document.documentElement.scrollWidth, window.innerWidth]"
        assert driver.execute_script(wide) == [375, 375]
        names = driver.execute_script(
            "return [...document.querySelectorAll('#controls label')].map(e => e.firstChild.data)"
        )
        assert names[:5] == ["class", "seed", "second seed", "interpolation", "truncation"]
        assert names[5:] == [f"direction {k}" for k in range(1, 7)]  # w has 6 coordinates
        assert [e for e in driver.get_log("browser") if e["level"] in ("SEVERE", "WARNING")] == []
        sent = [json.loads(e["message"])["message"] for e in driver.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in sent if "requestWillBe" in m["method"]
                and "request" in m["params"]]  # fmt: skip
        assert urls
        assert all(url.startswith(("file:", "data:", "blob:")) for url in urls), urls

        # Sliders, and the button that resets them.
        first = Page(driver).image()
        assert not torch.equal(Page(driver).image(seed=3, direction0=3), first)
        before = driver.execute_script("return document.getElementById('image').dataset.drawn")
        driver.find_element("id", "initial").click()
        drawn = "return document.getElementById('image').dataset.drawn > arguments[0]"
        WebDriverWait(driver, 30).until(lambda d: d.execute_script(drawn, int(before)))
        assert driver.execute_script("return document.forms.controls.elements.seed.value") == "0"


def test_without_the_runtime_it_says_how_to_get_it(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ganzoo.UsageError, match="not installed here: run `npm install onnxruntime"):
        ganzoo.export(runs("vanilla"), "page", out="x")
    with pytest.raises(ganzoo.UsageError, match="is not its folder.*with runtime=DIR"):
        ganzoo.export(runs("vanilla"), "page", out="x", runtime=tmp_path)
    assert not Path("x").exists()


def test_a_runtime_is_for_pages_alone(runs, tmp_path):
    with pytest.raises(ganzoo.UsageError, match='runtime is for format="page" alone'):
        ganzoo.export(runs("vanilla"), "safetensors", out=tmp_path / "x", runtime=tmp_path)


def test_the_runtime_of_a_folder_above_is_found(tmp_path, monkeypatch):
    package = tmp_path / "node_modules" / "onnxruntime-web"
    for name in ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"):
        (package / "dist").mkdir(parents=True, exist_ok=True)
        (package / "dist" / name).touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert find_runtime(None) == package
