"""Promises of the Inception extractor. The standard weights are not here: random ones stand in."""

from __future__ import annotations

import pickle
from urllib.error import URLError

import pytest
import torch

import ganzoo

pytest.importorskip("torch_fidelity")
from ganzoo_fidelity.inception import Inception
from ganzoo_fidelity.options import InceptionOptions


def with_weights(file):
    return Inception(InceptionOptions(weights=str(file)))


def test_making_one_neither_downloads_nor_reads():
    Inception()


def test_a_download_that_fails_says_what_to_get_and_what_else_there_is(monkeypatch):
    def offline(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    wanted = r"no route to host.*\n.*pth\n.*weights=FILE.*lite0"
    with pytest.raises(ganzoo.DataError, match=wanted):
        _ = Inception().fingerprint


def test_a_file_with_code_is_refused_unopened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("it was run",))

    file = tmp_path / "bomb.pth"
    file.write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(ganzoo.UsageError, match="no weight file that torch can load safely"):
        _ = with_weights(file).network


def test_other_weights_are_refused(tmp_path):
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ganzoo.UsageError, match="does not hold the weights"):
        _ = with_weights(tmp_path / "other.pth").network


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ganzoo.DataError, match="nowhere.pth cannot be read"):
        _ = with_weights(tmp_path / "nowhere.pth").fingerprint


@pytest.mark.slow
def test_only_the_standard_weights_make_an_fid(weights):
    extractor = with_weights(weights)
    assert extractor.features(torch.zeros(2, 1, 8, 8, dtype=torch.uint8)).shape == (2, 2048)
    assert extractor.title("FD") == "Inception-FD"
    extractor.__dict__["fingerprint"] = "6726825d" + 56 * "0"
    assert [extractor.title(score) for score in ("FD", "KD", "recall")] == [
        "FID", "KID", "Inception-recall",
    ]  # fmt: skip
