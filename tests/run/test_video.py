"""Promises of animations as MP4."""

from __future__ import annotations

import sys

import pytest
import torch

import ganzoo
from ganzoo.run.pictures import save_animation

av = pytest.importorskip("av", reason="needs the extra `video`")


def frames(height: int, width: int) -> list[torch.Tensor]:
    """Pictures whose colour changes evenly."""
    colours = torch.linspace(0, 255, 12)
    return [
        torch.tensor([c, 255 - c, 128]).view(3, 1, 1).expand(3, height, width).byte()
        for c in colours
    ]


@pytest.mark.parametrize(("height", "width"), [(32, 48), (33, 21)])
def test_a_video_has_the_frames_their_colours_and_their_time(height, width, tmp_path):
    written = frames(height, width)
    path = save_animation(written, tmp_path / "walk.mp4", fps=12.5)
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert float(stream.average_rate) == 12.5
        decoded = [torch.tensor(f.to_ndarray(format="rgb24")) for f in container.decode(stream)]
    assert len(decoded) == len(written)
    for seen, drawn in zip(decoded, written, strict=True):
        assert seen.shape == (height + height % 2, width + width % 2, 3)
        difference = seen.permute(2, 0, 1).int() - drawn[:, :1, :1].int()
        assert difference.abs().max() <= 12  # lossy


def test_without_the_encoder_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setattr("ganzoo.run.video.find_spec", lambda name: None)
    with pytest.raises(
        ganzoo.UsageError, match=r'av, which is not installed: pip install "gan-zoo'
    ):
        save_animation(frames(8, 8), tmp_path / "walk.mp4", fps=16)
    assert list(tmp_path.iterdir()) == []
