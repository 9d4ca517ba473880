"""The page "ganzoo as a library" is true: its snippets run, one after the other, as one program."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from forked import run_snippet

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)

pytestmark = pytest.mark.slow


FRAMEWORKS = ("accelerate", "lightning")


def naming(framework: str) -> str:
    """The snippet that imports a framework."""
    (snippet,) = [s for s in SNIPPETS if re.search(rf"^(from|import) {framework}\b", s, re.M)]
    return snippet


def test_its_snippets_are_one_program(tmp_path):
    own = [s for s in SNIPPETS if s not in map(naming, FRAMEWORKS)]
    assert len(own) == len(SNIPPETS) - 2 == 8
    code, out, err = run_snippet("\n".join(own), tmp_path)
    assert code == 0, out + err
    assert "ImageStore(256 images of 1x16x16, 2 classes)" in out
    assert (tmp_path / "runs" / "own" / "exports").is_dir()


def test_its_snippet_of_accelerate_continues_the_loop(tmp_path):
    if find_spec("accelerate") is None:
        pytest.skip("accelerate is not installed")
    snippet = naming("accelerate")
    loop = SNIPPETS[SNIPPETS.index(snippet) - 1]
    code, out, err = run_snippet("\n".join([SNIPPETS[0], loop, snippet]), tmp_path)
    assert code == 0, out + err


def test_its_snippet_of_lightning_moves_both_networks(tmp_path):
    """The generator by every fifth batch of an epoch; afterwards nothing is frozen."""
    if find_spec("lightning") is None:
        pytest.skip("lightning is not installed")
    snippet = naming("lightning").replace(".fit(WGANGP(), loader)", ".fit(module, loader)")
    before = "from copy import deepcopy\nmodule = WGANGP()\nfirst = deepcopy(module.state_dict())\n"
    snippet = snippet.replace("\nlightning.Trainer(", f"\n{before}lightning.Trainer(")
    after = (
        "moved = [k for k, v in module.state_dict().items() if not torch.equal(v, first[k])]\n"
        "print('MOVED', sorted(moved), module.global_step)\n"
        "assert all(p.requires_grad for p in module.parameters())\n"
    )
    code, out, err = run_snippet("\n".join([SNIPPETS[0], snippet, after]), tmp_path)
    assert code == 0, out + err
    moved = out.split("MOVED")[1]
    for name in ("generator.layers.0.weight", "discriminator.1.weight"):
        assert name in moved
