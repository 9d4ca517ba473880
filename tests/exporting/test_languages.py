"""Promises of the example beside an ONNX export, and of its programs in other languages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import ganzoo

pytestmark = pytest.mark.slow

CASES = pytest.mark.parametrize("conditional", [False, True], ids=["unconditional", "conditional"])


@pytest.fixture
def folder(runs, tmp_path, conditional) -> Path:
    return ganzoo.export(runs("vanilla", conditional=conditional), "onnx", out=tmp_path / "export")


def program(folder: Path, language: str) -> str:
    card = (folder / "README.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^```{language}\n(.*?)^```", card, re.M | re.S)
    return text


def output(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, timeout=120, **options
    )


def difference(done: subprocess.CompletedProcess[str]) -> float:
    assert done.returncode == 0, done.stdout + done.stderr
    return float(re.search(r"differs by (\S+)", done.stdout)[1])


@CASES
def test_the_image_beside_it_is_what_onnxruntime_makes_of_z(folder, conditional):
    onnxruntime = pytest.importorskip("onnxruntime")
    names = ["z", "labels"] if conditional else ["z"]
    feeds = {name: np.load(folder / f"{name}.npy") for name in names}
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    (image,) = session.run(["images"], feeds)
    expected = np.load(folder / "image.npy")
    assert expected.shape == (1, 3, 16, 16)
    assert expected.std() > 0.05
    assert np.abs(image - expected).max() < 1e-5


def test_a_generator_that_draws_noise_has_no_image_to_expect(runs, host, tmp_path):
    folder = ganzoo.export(runs("noisy", host=host), "onnx", out=tmp_path / "export")
    assert not (folder / "image.npy").exists()
    assert "In other languages" not in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("format_", ["torch-export", "safetensors"])
def test_other_formats_have_no_programs_of_other_languages(runs, format_, tmp_path):
    folder = ganzoo.export(runs("vanilla"), format_, out=tmp_path / "export")
    assert "```cpp" not in (folder / "README.md").read_text(encoding="utf-8")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def address(folder):
    """The folder, served as a page would be."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@CASES
def test_its_javascript_makes_the_image(folder, address):
    """In Node.js, where an address has to be whole: that of the page stands before it."""
    node = shutil.which("node")
    found = node and output(node, "-p", "require.resolve('onnxruntime-web')")
    if not found or found.returncode != 0:
        pytest.skip("no onnxruntime-web in NODE_PATH")
    modules = next(p for p in Path(found.stdout.strip()).parents if p.name == "node_modules")
    (folder / "node_modules").symlink_to(modules)
    (folder / "use.mjs").write_text(program(folder, "js"), encoding="utf-8")
    (folder / "page.mjs").write_text(
        "const whole = globalThis.fetch;\n"
        f'globalThis.fetch = (file, ...rest) => whole(new URL(file, "{address}"), ...rest);\n'
    )
    assert difference(output(node, "--import", "./page.mjs", "use.mjs", cwd=folder)) < 1e-4


@CASES
def test_its_cpp_makes_the_image(folder):
    compiler = shutil.which("g++")
    header = "#include <onnxruntime_cxx_api.h>"
    if not compiler or output(compiler, "-E", "-xc++", "-", input=header).returncode != 0:
        pytest.skip("no header of ONNX Runtime in CPLUS_INCLUDE_PATH")
    (folder / "use.cpp").write_text(program(folder, "cpp"), encoding="utf-8")
    build = output(
        *(compiler, "-std=c++17", "-Wall", "-Werror", "use.cpp", "-lonnxruntime", "-o", "use"),
        cwd=folder,
    )
    assert build.returncode == 0, build.stderr
    paths = {"LD_LIBRARY_PATH": os.environ.get("LIBRARY_PATH", "")}
    assert difference(output(folder / "use", cwd=folder, env=os.environ | paths)) < 1e-4
