"""A small valid DNG: a JPEG preview in the first IFD, a 16-bit Bayer mosaic in a SubIFD."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import numpy as np
from PIL import Image

from contrib.sample_library.shot import Shot

Entry = tuple[int, int, Sequence[int | tuple[int, int]] | bytes]
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED = 1, 2, 3, 4, 5, 7, 10
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SIGNED: 8}
BLACK_LEVEL, WHITE_LEVEL = 512, 15512
XYZ_TO_CAMERA = (32405, -15371, -4985, -9693, 18760, 416, 556, -2040, 10572)  # sRGB primaries, in ten thousandths


def encode(image: Image.Image, shot: Shot) -> bytes:
    """The shot as a DNG with the camera's names, the date and the orientation."""
    raw = _mosaic(image)
    preview = io.BytesIO()
    image.save(preview, "JPEG", quality=85)
    jpeg = preview.getvalue() + b"\0" * (len(preview.getvalue()) % 2)
    parts = _layout(image.size, raw.shape, shot, lengths=(0, 0, 0, len(jpeg)))
    lengths = (len(_ifd(parts[0], 8)), len(_ifd(parts[1], 0)), len(_ifd(parts[2], 0)), len(jpeg))
    first, details, mosaic = _layout(image.size, raw.shape, shot, lengths=lengths)
    at_details, at_mosaic, _, _ = _offsets(lengths)
    head = b"II*\0" + struct.pack("<I", 8)
    return head + _ifd(first, 8) + _ifd(details, at_details) + _ifd(mosaic, at_mosaic) + jpeg + raw.tobytes()


def _mosaic(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """The picture through a Bayer filter (RGGB), linear, uint16[height, width] of even sides."""
    wide, tall = image.width // 2 * 2, image.height // 2 * 2
    values = np.asarray(image.crop((0, 0, wide, tall)), np.float32) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    scaled = (linear * [0.5, 1, 0.6] * (WHITE_LEVEL - BLACK_LEVEL) + BLACK_LEVEL).astype("<u2")
    raw = np.array(scaled[..., 1])
    raw[0::2, 0::2] = scaled[0::2, 0::2, 0]
    raw[1::2, 1::2] = scaled[1::2, 1::2, 2]
    return raw


def _offsets(lengths: Sequence[int]) -> tuple[int, int, int, int]:
    first, details, mosaic, jpeg = lengths
    at_details = 8 + first
    at_mosaic = at_details + details
    at_jpeg = at_mosaic + mosaic
    return at_details, at_mosaic, at_jpeg, at_jpeg + jpeg


def _layout(
    preview: tuple[int, int], raw: tuple[int, ...], shot: Shot, *, lengths: Sequence[int]
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    at_details, at_mosaic, at_jpeg, at_raw = _offsets(lengths)
    return (
        [
            *_preview(preview, at_jpeg, lengths[3]),
            *_camera(shot),
            (330, LONG, [at_mosaic]),
            (34665, LONG, [at_details]),
        ],
        _details(shot),
        _raw(raw, at_raw),
    )


def _preview(size: tuple[int, int], at: int, length: int) -> list[Entry]:
    return [
        (254, LONG, [1]),  # a reduced picture
        (256, LONG, [size[0]]),
        (257, LONG, [size[1]]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [7]),  # JPEG
        (262, SHORT, [6]),  # YCbCr
        (273, LONG, [at]),
        (277, SHORT, [3]),
        (278, LONG, [size[1]]),
        (279, LONG, [length]),
    ]


def _camera(shot: Shot) -> list[Entry]:
    make, model = (shot.camera.make, shot.camera.model) if shot.camera else ("Unknown", "Unknown")
    return [
        (271, ASCII, _text(make)),
        (272, ASCII, _text(model)),
        (274, SHORT, [shot.orientation]),
        (306, ASCII, _text(_moment(shot))),
        (50706, BYTE, [1, 4, 0, 0]),  # DNGVersion
        (50707, BYTE, [1, 1, 0, 0]),  # DNGBackwardVersion
        (50708, ASCII, _text(model)),  # UniqueCameraModel
        (50721, SIGNED, [(value, 10000) for value in XYZ_TO_CAMERA]),
        (50728, RATIONAL, [(5, 10), (1, 1), (6, 10)]),  # AsShotNeutral
        (50778, SHORT, [21]),  # daylight
    ]


def _details(shot: Shot) -> list[Entry]:
    entries: list[Entry] = [(36864, UNDEFINED, b"0230"), (36867, ASCII, _text(_moment(shot)))]
    if shot.exposure:
        entries += [
            (33434, RATIONAL, [(1, round(1 / shot.exposure.seconds))]),
            (33437, RATIONAL, [(round(shot.exposure.f_number * 10), 10)]),
            (34855, SHORT, [shot.exposure.iso]),
            (37386, RATIONAL, [(round(shot.exposure.focal_mm * 10), 10)]),
        ]
        if shot.exposure.lens:
            entries.append((42036, ASCII, _text(shot.exposure.lens.name)))
    return entries


def _raw(shape: tuple[int, ...], at: int) -> list[Entry]:
    tall, wide = shape
    return [
        (254, LONG, [0]),  # the picture itself
        (256, LONG, [wide]),
        (257, LONG, [tall]),
        (258, SHORT, [16]),
        (259, SHORT, [1]),  # not compressed
        (262, SHORT, [32803]),  # colour filter array
        (273, LONG, [at]),
        (277, SHORT, [1]),
        (278, LONG, [tall]),
        (279, LONG, [wide * tall * 2]),
        (284, SHORT, [1]),
        (33421, SHORT, [2, 2]),
        (33422, BYTE, [0, 1, 1, 2]),  # RGGB
        (50711, SHORT, [1]),
        (50714, SHORT, [BLACK_LEVEL]),
        (50717, SHORT, [WHITE_LEVEL]),
    ]


def _text(words: str) -> bytes:
    return words.encode("ascii") + b"\0"


def _moment(shot: Shot) -> str:
    return f"{shot.taken or shot.stored_at:%Y:%m:%d %H:%M:%S}"


def _ifd(entries: Sequence[Entry], at: int) -> bytes:
    """The directory as it lies at `at`: its entries by tag, then the values that do not fit in them."""
    head, data = struct.pack("<H", len(entries)), b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, kind, values in sorted(entries, key=lambda entry: entry[0]):
        encoded = _encode(kind, values)
        field = encoded.ljust(4, b"\0")
        if len(encoded) > 4:
            field = struct.pack("<I", start + len(data))
            data += encoded + b"\0" * (len(encoded) % 2)
        head += struct.pack("<HHI", tag, kind, len(encoded) // SIZES[kind]) + field
    return head + struct.pack("<I", 0) + data


def _encode(kind: int, values: Sequence[int | tuple[int, int]] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    letter = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "II", SIGNED: "ii"}[kind]
    return b"".join(struct.pack(f"<{letter}", *(value if isinstance(value, tuple) else (value,))) for value in values)
