"""GIF and BMP: little but their size.

Source: GIF89a (CompuServe, 1990); BITMAPINFOHEADER and BITMAPCOREHEADER (Microsoft).
"""

from __future__ import annotations

import struct
from typing import Final

from photofsd.errors import FileUndecodable
from photofsd.media.containers.contents import Contents
from photofsd.media.span import Span

_GIF_SCREEN: Final = struct.Struct("<HHB2x")
_GIF_SCREEN_AT: Final = 6
_GIF_IMAGE: Final = struct.Struct("<8xB")
_HAS_COLOURS: Final = 0x80
_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C
_TRAILER: Final = 0x3B

_BMP_HEAD: Final = 14
_BMP_CORE_SIZE: Final = 12
_BMP_CORE: Final = struct.Struct("<4xHH")
_BMP_INFO: Final = struct.Struct("<4xii")


def read_gif(file: Span, contents: Contents) -> None:
    """Fill in `contents`: the size, and whether there is a second frame. Raises FileUndecodable if it ends early."""
    width, height, flags = file.unpack(_GIF_SCREEN, _GIF_SCREEN_AT)
    contents.set_size(width, height)
    at = _GIF_SCREEN_AT + _GIF_SCREEN.size + _colours_size(flags)
    frames = 0
    while (kind := file.exactly(at, 1)[0]) != _TRAILER and frames <= 1:
        if kind == _IMAGE:
            frames += 1
            contents.frames = frames
            at += 1 + _GIF_IMAGE.size + _colours_size(file.unpack(_GIF_IMAGE, at + 1)[0]) + 1
        elif kind == _EXTENSION:
            at += 2
        else:
            raise FileUndecodable(f"no GIF block at byte {at}")
        at = _after_data(file, at)


def read_bmp(file: Span, contents: Contents) -> None:
    """Fill in the size. Raises FileUndecodable if it ends early."""
    header_size = int.from_bytes(file.exactly(_BMP_HEAD, 4), "little")
    width, height = file.unpack(_BMP_CORE if header_size == _BMP_CORE_SIZE else _BMP_INFO, _BMP_HEAD)
    contents.set_size(width, abs(height))  # negative: the top row comes first


def _colours_size(flags: int) -> int:
    return 3 << (flags % 8 + 1) if flags & _HAS_COLOURS else 0


def _after_data(file: Span, at: int) -> int:
    """Where the sub-blocks that start at `at` end."""
    while (size := file.exactly(at, 1)[0]) != 0:
        at += 1 + size
    return at + 1
