"""What IPTC-IIM data says: the older, binary way in which picture agencies and Picasa label photos.

Source: IPTC-NAA Information Interchange Model 4.2; Adobe Photoshop file formats (image resource blocks).
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from photofsd.media.dates import written_iso
from photofsd.media.facts import Facts
from photofsd.media.wording import clean_caption, clean_tags, clean_title, decoded
from photofsd.records import Taken
from photofsd.types import DateSource

_TAG_MARKER: Final = 0x1C
_HEADER: Final = struct.Struct(">BBBH")
_EXTENDED: Final = 0x8000
_MOST_DATASETS: Final = 2000

_CODED_CHARACTER_SET: Final = (1, 90)
_UTF_8: Final = b"\x1b%G"
_OBJECT_NAME: Final = (2, 5)
_KEYWORDS: Final = (2, 25)
_CAPTION: Final = (2, 120)
_DATES: Final = (((2, 55), (2, 60)), ((2, 62), (2, 63)))
"""Date and time: created, digitized."""

_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d):?(\d\d):?(\d\d)\s*([+-]\d\d:?\d\d)?", re.ASCII)

_RESOURCE: Final = b"8BIM"
_IPTC_RESOURCE: Final = 0x0404
_MOST_RESOURCES: Final = 1000


def read_iptc(data: bytes) -> Facts:
    """All that IPTC data says, up to where it stops making sense."""
    values: defaultdict[tuple[int, int], list[bytes]] = defaultdict(list)
    for number, value in _datasets(data):
        values[number].append(value)
    is_utf_8 = _UTF_8 in values[_CODED_CHARACTER_SET]

    def texts(number: tuple[int, int]) -> list[str]:
        return [raw.decode("utf-8", "replace") if is_utf_8 else decoded(raw) for raw in values[number]]

    def text(number: tuple[int, int]) -> str:
        return next(iter(texts(number)), "")

    dates = (_date(text(day), text(time)) for day, time in _DATES)
    return Facts(
        dates=tuple(date for date in dates if date is not None),
        tags=clean_tags(texts(_KEYWORDS)),
        title=clean_title(text(_OBJECT_NAME)),
        caption=clean_caption(text(_CAPTION)),
    )


def iptc_in_photoshop(resources: bytes) -> bytes:
    """The IPTC data among Photoshop's image resources, b"" where there is none."""
    found = b""
    at = 0
    for _ in range(_MOST_RESOURCES):
        if resources[at : at + 4] != _RESOURCE or at + 7 > len(resources):
            break
        kind = int.from_bytes(resources[at + 4 : at + 6], "big")
        name_size = resources[at + 6] + 1
        at += 6 + name_size + name_size % 2
        size = int.from_bytes(resources[at : at + 4], "big")
        if kind == _IPTC_RESOURCE:
            found += resources[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
    return found


def _datasets(data: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    for _ in range(_MOST_DATASETS):
        if at + _HEADER.size > len(data):
            return
        marker, record, number, size = _HEADER.unpack_from(data, at)
        if marker != _TAG_MARKER:
            return
        at += _HEADER.size
        if size >= _EXTENDED:  # the size's own size, then the size
            width = size - _EXTENDED
            if width > 4:  # noqa: PLR2004 - 32 bits
                return
            size = int.from_bytes(data[at : at + width], "big")
            at += width
        yield (record, number), data[at : at + size]
        at += size


def _date(day_text: str, time_text: str) -> Taken | None:
    day = _DAY.match(day_text)
    if day is None:
        return None
    time = _TIME.match(time_text)
    clock = f"T{time[1]}:{time[2]}:{time[3]}{time[4] or ''}" if time else ""
    return written_iso(f"{day[1]}-{day[2]}-{day[3]}{clock}", DateSource.IPTC)
