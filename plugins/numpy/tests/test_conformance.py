"""Every promise that ganzoo relies on."""

from __future__ import annotations

from pathlib import Path

import ganzoo.testing

FILES = Path(__file__).parent / "files"
"""Six images of 5x7 pixels, by `numpy.savez_compressed` and `numpy.save`."""

OPTIONS = [{"path": FILES / "splits.npz"}, {"path": FILES / "floats.npy", "value_range": (0, 1)}]


@ganzoo.testing.conformance("ganzoo_numpy.plugin", options={"numpy": OPTIONS[0]})
def test_conformance_of_an_archive(check):
    check()


@ganzoo.testing.conformance("ganzoo_numpy.plugin", options={"numpy": OPTIONS[1]})
def test_conformance_of_floats(check):
    check()
