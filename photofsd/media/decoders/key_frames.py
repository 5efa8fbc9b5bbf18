"""Key frames spread over a video, by FFmpeg's libraries: found by seeking, so that a long one costs as a short one."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import av

from photofsd.errors import FileUndecodable
from photofsd.media import libav
from photofsd.media.decoders.video import as_frame, shape, shows_something

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from photofsd.media.decoders.frame import Fitted, Frame, Wanted
    from photofsd.media.source import Source

MOST_BYTES: Final = 128 << 20
"""Read for all of them: an index that lies, or none at all, must not have a long film read once more."""
MOST_PACKETS: Final = 300
"""Read after a seek for one key frame."""


def decode_key_frames(source: Source, wanted: Wanted, count: int, fitted: Fitted) -> Iterator[Frame]:
    """Yield up to `count` different key frames at the middles of as many equal parts; blank ones are left out.

    fitted: the size wanted of a frame, its pixels taken for squares; all have that of the first.
    Of a film without a length or a way to seek there are fewer, or none. Raises FileUndecodable.
    """
    size = None
    try:
        with source.stream() as file, libav.opened(cast("BinaryIO", _Sparing(file)), wanted.form) as container:
            stream = libav.picture_stream(container)
            for frame in _different(container, stream, count):
                whole = shape(stream, frame)
                if shows_something(frame):
                    size = size or fitted(*whole)
                    yield as_frame(frame, whole, size, wanted)
    except av.FFmpegError as error:
        raise FileUndecodable(f"its key frames cannot be found: {error.strerror or error}") from error


def _middles(container: InputContainer, count: int) -> Iterator[float]:
    """The middles of `count` equal parts of the film, s."""
    first_us, length_us = container.start_time or 0, container.duration or 0
    if length_us > 0:
        yield from ((first_us + length_us * (2 * part + 1) / (2 * count)) / av.time_base for part in range(count))


def _different(container: InputContainer, stream: VideoStream, count: int) -> Iterator[VideoFrame]:
    """The last key frame before each of the middles (in streams without an index one near it), none of them twice."""
    seen = None
    for at_s in _middles(container, count):
        with contextlib.suppress(av.FFmpegError):
            container.seek(int(at_s / (stream.time_base or 1)), stream=stream)
            packets = itertools.islice(container.demux(stream), MOST_PACKETS)
            key = next((packet for packet in packets if packet.is_keyframe), None)
            if key is not None and key.pts is not None and (seen is None or key.pts > seen):
                seen = key.pts
                yield from _decoded(stream, key, packets)[:1]


def _decoded(
    stream: VideoStream, key: Packet[VideoStream], following: Iterator[Packet[VideoStream]]
) -> list[VideoFrame]:
    """The frame that begins with `key`: the next packet may hold its second field, and decoders hold frames back."""
    frames = key.decode()
    for packet in itertools.islice(following, 1 - len(frames)):
        frames = packet.decode()
    return frames or stream.codec_context.decode(None)


class _Sparing(io.RawIOBase):
    """A stream that ends after MOST_BYTES of reading, wherever these lie."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BYTES

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
