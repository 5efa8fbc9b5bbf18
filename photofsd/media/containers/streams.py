"""What videos that are neither MP4 nor QuickTime say: AVI, MPEG, AVCHD, Matroska, Windows Media; by FFmpeg's demuxers.

AVI and AVCHD carry the camera's own clock, the others UTC where they carry a time at all. AVCHD writes it into the
pictures: a note of user data (MDPM) in the H.264 stream. Source: FFmpeg's avidec.c; ExifTool's H264.pm.
"""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Final

from photofsd.errors import FileUndecodable
from photofsd.media.dates import wall_clock, written_iso
from photofsd.media.facts import Facts
from photofsd.media.wording import clean, clean_caption, clean_title
from photofsd.types import DateSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from photofsd.media.containers.contents import Contents
    from photofsd.media.span import Span
    from photofsd.records import Taken

_LONGEST_S: Final = 7 * 24 * 3600
_US: Final = 1_000_000
_DATES: Final = ("creation_time", "date_recorded", "date")
_NOTED_PACKETS: Final = 40
_NOTE: Final = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"
_NOTE_ENTRIES_AT: Final = len(_NOTE) + 1
_NOTE_ENTRY: Final = 5
_MOST_ENTRIES: Final = 255
_YEAR_AND_MONTH: Final = 0x18
_DAY_AND_TIME: Final = 0x19
_STUFFED: Final = b"\0\0\3"
"""Two zeros in an H.264 stream are followed by this 3, which is no part of what is said."""


def read_streams(file: Span, contents: Contents, format_name: str) -> None:
    """Fill in `contents` from the headers. Raises FileUndecodable where they cannot be read."""
    import av  # noqa: PLC0415 - 60 MB of libraries, for the few files that need them

    from photofsd.media import libav  # noqa: PLC0415 - the same

    try:
        with libav.opened(io.BufferedReader(_SpanFile(file)), format_name) as container:
            stream = libav.picture_stream(container)
            contents.set_size(stream.codec_context.width, stream.codec_context.height)
            contents.own = _facts(container, stream)
    except av.FFmpegError as error:
        raise FileUndecodable(str(error.strerror or error)) from error


def _facts(container: InputContainer, stream: VideoStream) -> Facts:
    texts = {name.lower(): text for name, text in container.metadata.items()}
    date = _written(texts) or _noted(container, stream)
    seconds = (container.duration or 0) / _US
    return Facts(
        dates=(date,) if date else (),
        duration_s=round(seconds, 3) if 0 < seconds <= _LONGEST_S else None,
        title=clean_title(texts.get("title")),
        caption=clean_caption(texts.get("comment") or texts.get("description")),
        software=clean(texts.get("software") or texts.get("encoder")),
    )


def _written(texts: Mapping[str, str]) -> Taken | None:
    """The date in the container's own words: AVI's is the camera's wall clock, the others say that theirs is UTC."""
    found = (
        written_iso(texts.get(name, ""), DateSource.CONTAINER) for name in ("creation_time", "date_recorded", "date")
    )
    return next((date for date in found if date is not None), None)


def _noted(container: InputContainer, stream: VideoStream) -> Taken | None:
    """The date that an AVCHD camera notes in its first pictures."""
    if stream.codec_context.name != "h264":
        return None
    for packet in itertools.islice(container.demux(stream), _NOTED_PACKETS):
        date = noted_date(bytes(packet))
        if date is not None:
            return date
    return None


def noted_date(packet: bytes) -> Taken | None:
    """The date in the MDPM note of an H.264 packet, on the camera's clock."""
    at = packet.find(_NOTE)
    if at < 0:
        return None
    note = packet[at : at + _NOTE_ENTRIES_AT + _MOST_ENTRIES * _NOTE_ENTRY].replace(_STUFFED, b"\0\0")
    if len(note) < _NOTE_ENTRIES_AT:
        return None
    end = min(len(note), _NOTE_ENTRIES_AT + note[_NOTE_ENTRIES_AT - 1] * _NOTE_ENTRY)
    entries = {note[i]: note[i + 1 : i + _NOTE_ENTRY] for i in range(_NOTE_ENTRIES_AT, end, _NOTE_ENTRY)}
    if _YEAR_AND_MONTH not in entries or _DAY_AND_TIME not in entries:
        return None
    digits = (entries[_YEAR_AND_MONTH][1:] + entries[_DAY_AND_TIME]).hex()
    if len(digits) != len("20240615101112") or not digits.isdecimal():
        return None
    year, month, day, hour, minute, second = (int(digits[i:j]) for i, j in itertools.pairwise((0, 4, 6, 8, 10, 12, 14)))
    return wall_clock((year, month, day), (hour, minute, second), DateSource.CONTAINER)


class _SpanFile(io.RawIOBase):
    """A span as a file that can be read and sought in."""

    def __init__(self, span: Span) -> None:
        super().__init__()
        self._span = span
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._span.read(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._span.size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at
