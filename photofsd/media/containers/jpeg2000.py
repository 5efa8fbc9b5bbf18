"""JPEG 2000: the boxes of JP2, or a bare codestream. Source: ISO/IEC 15444-1, annexes A and I; XMP part 3."""

from __future__ import annotations

import struct
from typing import Final

from photofsd.media.containers.boxes import boxes
from photofsd.media.containers.contents import Contents
from photofsd.media.span import Span

CODESTREAM: Final = b"\xff\x4f\xff\x51"
_SIZE: Final = struct.Struct(">4xIIII")
_HEADER: Final = struct.Struct(">II")
_BY_PROFILE: Final = b"\2"
_COLOUR_HEAD: Final = 3
_XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC: Final = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_EXIF: Final = b"JpgTiffExif->JP2"


def read_jpeg2000(file: Span, contents: Contents) -> None:
    """Fill in `contents`. Raises FileUndecodable where a box ends early."""
    if file.read(0, len(CODESTREAM)) == CODESTREAM:
        width, height, left, top = file.unpack(_SIZE, len(CODESTREAM))
        contents.set_size(width - left, height - top)
        return
    for kind, body in boxes(file):
        if kind == b"jp2h":
            _read_header(body, contents)
        elif kind == _EXIF:
            contents.exif = body
        elif kind == _XMP:
            contents.xmp = body.read(0, body.size)
        elif kind == _IPTC:
            contents.iptc = body.read(0, body.size)


def _read_header(header: Span, contents: Contents) -> None:
    for kind, body in boxes(header):
        if kind == b"ihdr":
            height, width = body.unpack(_HEADER, 0)
            contents.set_size(width, height)
        elif kind == b"colr" and body.read(0, 1) == _BY_PROFILE:
            contents.profile = body.read(_COLOUR_HEAD, body.size)
