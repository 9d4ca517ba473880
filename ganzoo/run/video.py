"""Video: frames as an MP4, by PyAV, which brings FFmpeg's libraries along."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, UsageError
from ganzoo.files import replacing_file

QUALITY: dict[str, object] = {"crf": "16"}
"""Constant rate factor of H.264: 0 is lossless, 23 the encoder's default."""


def check_encoder() -> None:
    """Check that the encoder is installed.

    Raises:
        UsageError: it is not; names the extra that installs it.
    """
    if find_spec("av") is None:
        raise UsageError(
            'an MP4 needs the package av, which is not installed: pip install "gan-zoo[video]"; '
            "or end the name in .gif or .webp"
        )


def save_video(frames: Sequence[Tensor], path: Path, fps: float) -> Path:
    """Write uint8 `(3, H, W)` frames as H.264 in an MP4; odd sides repeat their last row or column.

    Raises:
        UsageError: the encoder is not installed.
        GanzooError: it fails.
    """
    check_encoder()
    import av

    _, height, width = frames[0].shape
    with replacing_file(path) as file:
        try:
            with av.open(file, "w", format="mp4") as container:
                # H.264 halves the resolution of colours, so sides must be even.
                stream = container.add_stream("h264", rate=Fraction(fps).limit_denominator(1000))
                stream.height, stream.width = height + height % 2, width + width % 2
                stream.pix_fmt, stream.options = "yuv420p", QUALITY

                rows = torch.arange(stream.height).clamp(max=height - 1)
                columns = torch.arange(stream.width).clamp(max=width - 1)

                # Encode.
                for frame in frames:
                    even = frame[:, rows][:, :, columns]
                    pixels = even.permute(1, 2, 0).contiguous().numpy()
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
                container.mux(stream.encode())
        except av.FFmpegError as error:
            raise GanzooError(f"cannot write {path}: {error}") from error
    return path
