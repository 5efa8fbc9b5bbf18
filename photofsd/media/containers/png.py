"""PNG and APNG: its chunks, wherever in the file they stand. Source: PNG (W3C, third edition), section 11."""

from __future__ import annotations

import binascii
import dataclasses
import email.utils
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from photofsd.media.containers.contents import Contents
from photofsd.media.dates import wall_clock, written_iso
from photofsd.media.iptc import iptc_in_photoshop
from photofsd.media.span import Span
from photofsd.media.wording import clean, clean_caption, clean_title
from photofsd.records import Taken
from photofsd.types import DateSource

_SIGNATURE_SIZE: Final = 8
_HEAD: Final = struct.Struct(">I4s")
_SIZE: Final = struct.Struct(">II")
_CICP: Final = struct.Struct("BB")
_CHECKSUM_SIZE: Final = 4
_MOST_TEXTS: Final = 64
_LONGEST_TEXT: Final = 2 << 20  # profiles stand in hexadecimal
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})

_XMP: Final = "XML:com.adobe.xmp"
_PROFILE: Final = "Raw profile type "
_EXIF_PREFIX: Final = b"Exif\0\0"
_XMP_PREFIX: Final = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP_RESOURCE: Final = b"8BIM"


def read_png(file: Span, contents: Contents) -> None:
    """Fill in `contents` from the chunks. Raises FileUndecodable where they end early."""
    texts: list[tuple[str, bytes]] = []
    for kind, body in _chunks(file):
        if kind == b"IHDR":
            contents.set_size(*body.unpack(_SIZE, 0))
        elif kind == b"eXIf":
            _set_exif(body.read(0, body.size), contents)
        elif kind == b"cICP":
            contents.cicp = body.unpack(_CICP, 0)
        elif kind == b"acTL":
            contents.frames = max(1, body.unpack(_SIZE, 0)[0])
        elif kind in _TEXTS and len(texts) < _MOST_TEXTS:
            keyword, text = _text(kind, body.read(0, _LONGEST_TEXT))
            texts.append((keyword, text))
    _read_texts(dict(reversed(texts)), contents)


def _chunks(file: Span) -> Iterator[tuple[bytes, Span]]:
    at = _SIGNATURE_SIZE
    while True:
        size, kind = file.unpack(_HEAD, at)
        yield kind, file.part(at + _HEAD.size, size)
        if kind == b"IEND":
            return
        at += _HEAD.size + size + _CHECKSUM_SIZE


def _text(kind: bytes, body: bytes) -> tuple[str, bytes]:
    """Keyword and text of a text chunk: Latin-1 but for iTXt, which is UTF-8."""
    keyword, _, rest = body.partition(b"\0")
    is_packed = kind == b"zTXt"
    if kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif is_packed:
        rest = rest[1:]
    else:
        rest = rest.decode("latin-1").encode()
    return keyword.decode("latin-1"), _unpacked(rest) if is_packed else rest


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, _LONGEST_TEXT)
    except zlib.error:
        return b""


def _read_texts(texts: dict[str, bytes], contents: Contents) -> None:
    contents.xmp = texts.get(_XMP, b"")
    for keyword, text in texts.items():
        if keyword.startswith(_PROFILE):
            _read_profile(keyword.removeprefix(_PROFILE), text, contents)
    plain = {keyword.casefold(): text.decode("utf-8", "replace") for keyword, text in texts.items()}
    date = _date(plain.get("creation time", ""))
    contents.own = dataclasses.replace(
        contents.own,
        dates=(date,) if date else (),
        title=clean_title(plain.get("title")),
        caption=clean_caption(plain.get("description")),
        software=clean(plain.get("software")),
    )


def _read_profile(name: str, text: bytes, contents: Contents) -> None:
    """A profile as ImageMagick keeps it: its name, its size and its bytes in hexadecimal, on lines."""
    try:
        profile = binascii.unhexlify(b"".join(text.split()[2:]))
    except binascii.Error:
        contents.problems.append(f"the PNG's {name} profile is broken")
        return
    if profile.startswith(_XMP_PREFIX):
        contents.xmp = contents.xmp or profile.removeprefix(_XMP_PREFIX)
    elif name == "xmp":
        contents.xmp = contents.xmp or profile
    elif name == "iptc":
        contents.iptc = iptc_in_photoshop(profile) if profile.startswith(_PHOTOSHOP_RESOURCE) else profile
    elif name in {"exif", "APP1"}:
        _set_exif(profile, contents)


def _set_exif(block: bytes, contents: Contents) -> None:
    if contents.exif is None:
        contents.exif = Span.of(block.removeprefix(_EXIF_PREFIX))


def _date(text: str) -> Taken | None:
    """PNG's Creation Time: RFC 1123 by the book, ISO 8601 or EXIF's form in practice."""
    parts = email.utils.parsedate_tz(text)
    if parts is None:
        return written_iso(text, DateSource.CONTAINER)
    year, month, day, hour, minute, second = parts[:6]
    offset = parts[9]
    return wall_clock(
        (year, month, day),
        (hour, minute, second),
        DateSource.CONTAINER,
        offset_min=None if offset is None else offset // 60,
    )
