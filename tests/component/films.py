"""Videos for tests: drawn pictures, ten a second."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import av
from PIL.Image import Image

RATE = 10
SIZE = (640, 480)


def film(path: Path, pictures: Iterable[Image]) -> Path:
    """A video of these pictures, of SIZE, with a key frame a second."""
    with av.open(path, "w") as writing:
        stream = writing.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = RATE
        for picture in pictures:
            writing.mux(stream.encode(av.VideoFrame.from_image(picture)))
        writing.mux(stream.encode())
    return path
