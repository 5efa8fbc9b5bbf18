"""TIFFs of every kind that scanners, raw converters and GIS programs write, as far as somebody reads them."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from photofsd.errors import FileUndecodable
from photofsd.media.decode import decode
from photofsd.media.source import Source
from tests.drawn_raw import LONG, SHORT, tiff

RED, GREEN, BLUE = (220, 20, 20), (20, 160, 20), (20, 20, 220)
GREY, COLOURS, INKS = 1, 2, 5
NEGATIVE = 0
FLOAT = 3
DEFLATE = 8
APART = 2


def drawn() -> npt.NDArray[np.uint8]:
    """Three stripes, 48 high and 63 wide."""
    return np.repeat(np.array([[RED, GREEN, BLUE]], np.uint8).repeat(21, axis=1), 48, axis=0)


def written(
    pixels: npt.NDArray[Any], photometric: int, *, form: int = 1, compression: int = 1, planes: int = 1
) -> bytes:
    height, width, samples = pixels.shape
    tags: dict[int, tuple[int, list[int] | bytes]] = {
        0x0100: (LONG, [width]),
        0x0101: (LONG, [height]),
        0x0102: (SHORT, [pixels.dtype.itemsize * 8] * samples),
        0x0103: (SHORT, [compression]),
        0x0106: (SHORT, [photometric]),
        0x0115: (SHORT, [samples]),
        0x0116: (LONG, [height]),
        0x011C: (SHORT, [planes]),
        0x0153: (SHORT, [form] * samples),
    }
    if planes == APART:
        content = [np.ascontiguousarray(pixels[..., sample]).tobytes() for sample in range(samples)]
        tags |= {0x0111: (LONG, [0] * samples), 0x0117: (LONG, [len(content[0])] * samples)}
        start = len(tiff(tags))
        tags[0x0111] = (LONG, [start + sample * len(content[0]) for sample in range(samples)])
        return tiff(tags) + b"".join(content)
    data = zlib.compress(pixels.tobytes()) if compression == DEFLATE else pixels.tobytes()
    return tiff(tags | {0x0117: (LONG, [len(data)])}, {0x0111: data})


def shown(folder: Path, content: bytes) -> list[tuple[int, ...]]:
    """The colours in the middle of the stripes."""
    (folder / "scan.tif").write_bytes(content)
    with Source.open(bytes(folder / "scan.tif")) as source:
        picture = decode(source)
    assert picture.problems == ()
    assert (picture.width, picture.height) == picture.image.size == (63, 48)
    return [picture.image.getpixel((x, 24)) for x in (10, 31, 52)]  # type: ignore[misc]


WIDE = drawn().astype("<u2") * 257


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(written(drawn(), COLOURS), id="8 bits"),
        pytest.param(written(drawn(), COLOURS, planes=APART), id="8 bits in planes"),
        pytest.param(written(WIDE, COLOURS), id="16 bits"),
        pytest.param(written(WIDE, COLOURS, compression=DEFLATE), id="16 bits, deflated"),
        pytest.param(written(WIDE, COLOURS, planes=APART), id="16 bits in planes"),
        pytest.param(written((drawn() / 255).astype("<f4"), COLOURS, form=FLOAT), id="floats"),
        pytest.param(
            written((drawn() / 255).astype("<f4"), COLOURS, form=FLOAT, compression=DEFLATE), id="floats, deflated"
        ),
        pytest.param(written(255 - np.dstack([drawn(), np.full((48, 63), 255, np.uint8)]), INKS), id="inks"),
    ],
)
def test_colours_are_those_that_were_written(content: bytes, tmp_path: Path) -> None:
    assert np.abs(np.subtract(shown(tmp_path, content), (RED, GREEN, BLUE))).max() <= 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(written(drawn()[..., :1], GREY), id="8 bits"),
        pytest.param(written(255 - drawn()[..., :1], NEGATIVE), id="8 bits, negative"),
        pytest.param(written(WIDE[..., :1], GREY), id="16 bits"),
        pytest.param(written(65535 - WIDE[..., :1], NEGATIVE), id="16 bits, negative"),
        pytest.param(written(WIDE[..., :1].astype("<u4") * 65537, GREY), id="32 bits"),
        pytest.param(written(WIDE[..., :1].astype("<u4"), GREY), id="16 bits in 32"),
        pytest.param(written((drawn()[..., :1] / 255).astype("<f4"), GREY, form=FLOAT), id="floats"),
    ],
)
def test_greys_are_those_that_were_written(content: bytes, tmp_path: Path) -> None:
    expected = [(level, level, level) for level in (220, 20, 20)]
    assert np.abs(np.subtract(shown(tmp_path, content), expected)).max() <= 1


def test_kind_that_nobody_reads_is_refused_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match="tiff that Pillow cannot read: broken, or of a rare kind"):
        shown(tmp_path, written((drawn() / 255).astype("<f2"), COLOURS, form=FLOAT))


def test_floats_packed_in_a_way_that_nobody_reads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUndecodable, match="FFmpeg cannot read it"):
        shown(tmp_path, written((drawn() / 255).astype("<f4"), COLOURS, form=FLOAT, compression=34712))
