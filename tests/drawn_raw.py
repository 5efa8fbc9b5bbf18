"""Writes RAW files: a DNG that LibRaw develops, and TIFF-like ones that hold nothing but previews."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

SHORT, LONG, ASCII, BYTE, RATIONAL, SIGNED_RATIONAL = 3, 4, 2, 1, 5, 10
LAYOUT = {SHORT: "H", LONG: "I", BYTE: "B", RATIONAL: "II", SIGNED_RATIONAL: "ii"}

Tags = Mapping[int, tuple[int, Sequence[int] | bytes]]
"""Number -> type and values; of rationals, over and under in turn."""


def tiff(tags: Tags, blocks: Mapping[int, bytes] | None = None) -> bytes:
    """A TIFF of one directory. blocks: by tag, bytes that lie behind it and whose place the tag tells."""
    blocks = blocks or {}
    rows = dict(tags) | {tag: (LONG, [0]) for tag in blocks}
    start = 8 + 2 + 12 * len(rows) + 4
    behind = b""
    directory = b""
    for tag, (kind, values) in sorted(rows.items()):
        packed = _packed(kind, values)
        if tag in blocks:
            packed = struct.pack("<I", start + len(behind))
            behind += blocks[tag]
        count = len(packed) // struct.calcsize("<" + LAYOUT.get(kind, "B"))
        if len(packed) > 4:
            place = struct.pack("<I", start + len(behind))
            behind += packed + b"\0" * (len(packed) % 2)
        else:
            place = packed.ljust(4, b"\0")
        directory += struct.pack("<HHI", tag, kind, count) + place
    return b"II*\0" + struct.pack("<IH", 8, len(rows)) + directory + bytes(4) + behind


def dng(rgb: npt.NDArray[np.uint8], orientation: int = 1) -> bytes:
    """An uncompressed DNG of 14 bits whose sensor saw `rgb` (uint8[even height, even width, 3], sRGB).

    The white balance has red and blue halved on the sensor, as they come without one.
    """
    light = np.where(rgb <= 10, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    sensor = (light * (8000, 16000, 8000)).astype(np.uint16)
    height, width = rgb.shape[:2]
    mosaic = np.empty((height, width), np.uint16)
    for (row, column), colour in zip(itertools.product((0, 1), (0, 1)), (0, 1, 1, 2), strict=True):
        mosaic[row::2, column::2] = sensor[row::2, column::2, colour]
    matrix = (32405, -15371, -4985, -9693, 18760, 416, 556, -2040, 10572)  # XYZ to sRGB's primaries
    pixels = mosaic.tobytes()
    return tiff(
        {
            0x00FE: (LONG, [0]),
            0x0100: (LONG, [width]),
            0x0101: (LONG, [height]),
            0x0102: (SHORT, [16]),
            0x0103: (SHORT, [1]),
            0x0106: (SHORT, [32803]),
            0x010F: (ASCII, b"Drawn\0"),
            0x0110: (ASCII, b"Camera\0"),
            0x0112: (SHORT, [orientation]),
            0x0115: (SHORT, [1]),
            0x0116: (LONG, [height]),
            0x0117: (LONG, [len(pixels)]),
            0x828D: (SHORT, [2, 2]),
            0x828E: (BYTE, [0, 1, 1, 2]),
            0xC612: (BYTE, [1, 4, 0, 0]),
            0xC614: (ASCII, b"Drawn Camera\0"),
            0xC61D: (LONG, [16000]),
            0xC621: (SIGNED_RATIONAL, [part for value in matrix for part in (value, 10_000)]),
            0xC628: (RATIONAL, [1, 2, 1, 1, 1, 2]),
            0xC65A: (SHORT, [21]),
        },
        {0x0111: pixels},
    )


def _packed(kind: int, values: Sequence[int] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    layout = LAYOUT[kind]
    return struct.pack("<" + layout * (len(values) // len(layout)), *values)
