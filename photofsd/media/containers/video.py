"""What the movie header of MP4 and QuickTime says; pixels and sound are never touched.

The header's time is UTC (cameras that write local time into it cannot be told apart); Apple's creation date, where it
is there, says the wall clock and its offset. Source: ISO/IEC 14496-12; QuickTime File Format (Apple).
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Final

from photofsd.errors import FileUndecodable
from photofsd.media.containers.boxes import boxes, find, full
from photofsd.media.containers.contents import Contents
from photofsd.media.dates import quicktime_seconds, written_iso
from photofsd.media.facts import Facts
from photofsd.media.geo import iso_6709
from photofsd.media.span import Span
from photofsd.media.wording import clean, clean_caption, clean_title, decoded
from photofsd.types import DateSource

_XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_SHORT_TIMES: Final = struct.Struct(">I4xII")
_LONG_TIMES: Final = struct.Struct(">Q8xIQ")
_UNKNOWN: Final = frozenset({0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})
_LONGEST_S: Final = 7 * 24 * 3600

_TRACK_AT: Final = (36, 48)
"""Where the matrix stands in a track header, by version; the size follows it."""
_MATRIX: Final = struct.Struct(">ii4xii")
_MATRIX_SIZE: Final = 36
_FIXED: Final = struct.Struct(">II")
_ONE: Final = 1 << 16
_TURNS: Final = {
    (_ONE, 0, 0, _ONE): 1,
    (0, _ONE, -_ONE, 0): 6,
    (-_ONE, 0, 0, -_ONE): 3,
    (0, -_ONE, _ONE, 0): 8,
}
_MOST_KEYS: Final = 256
_LONGEST_KEY: Final = 256
_LONGEST_VALUE: Final = 16 << 10

_DATE: Final = "date"
_PLACE: Final = "place"
_LIVE: Final = "live"
_NAMES: Final = {
    b"com.apple.quicktime.creationdate": _DATE,
    b"com.apple.quicktime.location.ISO6709": _PLACE,
    b"com.apple.quicktime.content.identifier": _LIVE,
    b"com.apple.quicktime.make": "make",
    b"com.apple.quicktime.model": "model",
    b"com.apple.quicktime.software": "software",
    b"com.apple.quicktime.title": "title",
    b"com.apple.quicktime.description": "caption",
    b"\xa9day": _DATE,
    b"\xa9xyz": _PLACE,
    b"\xa9mak": "make",
    b"\xa9mod": "model",
    b"\xa9swr": "software",
    b"\xa9too": "software",
    b"\xa9nam": "title",
    b"\xa9des": "caption",
    b"\xa9cmt": "caption",
    b"desc": "caption",
}


def read_video(file: Span, contents: Contents) -> None:
    """Fill in `contents` from the movie header. Raises FileUndecodable where it ends early or there is none."""
    for kind, body in boxes(file):
        if kind == _XMP_UUID:
            contents.xmp = body.read(0, body.size)
        elif kind == b"moov":
            _read_movie(body, contents)
            return
    raise FileUndecodable("the video has no movie header")


def _read_movie(movie: Span, contents: Contents) -> None:
    texts: dict[str, str] = {}
    for kind, body in boxes(movie):
        if kind == b"mvhd":
            _read_header(body, contents)
        elif kind == b"trak" and contents.width is None:
            _read_track(body, contents)
        elif kind == b"meta":
            texts |= _meta_texts(body)
        elif kind == b"udta":
            texts = _user_texts(body, contents) | texts
    contents.own = _facts(texts, contents.own)


def _read_header(mvhd: Span, contents: Contents) -> None:
    version, _, body = full(mvhd)
    created, per_second, units = body.unpack(_LONG_TIMES if version else _SHORT_TIMES, 0)
    contents.utc_s = quicktime_seconds(created)
    if per_second and units not in _UNKNOWN and 0 < units / per_second <= _LONGEST_S:
        contents.own = dataclasses.replace(contents.own, duration_s=round(units / per_second, 3))


def _read_track(track: Span, contents: Contents) -> None:
    """Take size and turn from the track, if it is the picture's."""
    handler = find(track, b"mdia", b"hdlr")
    tkhd = find(track, b"tkhd")
    if handler is None or tkhd is None or handler.read(8, 4) != b"vide":
        return
    version, _, body = full(tkhd)
    at = _TRACK_AT[1 if version else 0]
    contents.orientation = _TURNS.get(body.unpack(_MATRIX, at))
    width, height = body.unpack(_FIXED, at + _MATRIX_SIZE)
    contents.set_size(width / _ONE, height / _ONE)


def _user_texts(udta: Span, contents: Contents) -> dict[str, str]:
    """The texts that are known, of QuickTime's user data: each with its size and language before it."""
    texts: dict[str, str] = {}
    for kind, body in boxes(udta):
        if kind == b"XMP_":
            contents.xmp = contents.xmp or body.read(0, body.size)
        elif kind == b"meta":
            texts = _meta_texts(body) | texts
        elif kind in _NAMES:
            size = int.from_bytes(body.read(0, 2), "big")
            texts[_NAMES[kind]] = decoded(body.read(4, min(size, _LONGEST_VALUE)), "mac_roman")
    return texts


def _meta_texts(meta: Span) -> dict[str, str]:
    """The texts that are known, of a list of metadata: under Apple's four letters, or keys that are spelled out."""
    if meta.read(4, 4) != b"hdlr":  # a full box, unless QuickTime wrote it
        meta = meta.part(4)
    parts = {box.kind: box.body for box in boxes(meta)}
    names: dict[bytes, str] = dict(_NAMES)
    if b"keys" in parts:
        names |= _keys(parts[b"keys"])
    texts: dict[str, str] = {}
    for kind, body in boxes(parts.get(b"ilst", Span.of(b""))):
        data = find(body, b"data") if kind in names else None
        if data is not None:
            texts.setdefault(names[kind], decoded(data.read(8, _LONGEST_VALUE)))
    return texts


def _keys(keys: Span) -> dict[bytes, str]:
    """What the numbers of a list of metadata stand for."""
    _, _, body = full(keys)
    known: dict[bytes, str] = {}
    at = 4
    for number in range(1, min(int.from_bytes(body.read(0, 4), "big"), _MOST_KEYS) + 1):
        size = int.from_bytes(body.read(at, 4), "big")
        name = _NAMES.get(body.read(at + 8, min(max(0, size - 8), _LONGEST_KEY)))
        if name is not None:
            known[number.to_bytes(4, "big")] = name
        at += max(8, size)
    return known


def _facts(texts: dict[str, str], own: Facts) -> Facts:
    date = written_iso(texts.get(_DATE, ""), DateSource.CONTAINER)
    return dataclasses.replace(
        own,
        dates=(date,) if date else (),
        position=iso_6709(texts.get(_PLACE, "")),
        make=clean(texts.get("make")),
        model=clean(texts.get("model")),
        software=clean(texts.get("software")),
        title=clean_title(texts.get("title")),
        caption=clean_caption(texts.get("caption")),
        live_id=clean(texts.get(_LIVE)),
    )
