"""Videos and TIFFs as FFmpeg's libraries open them: with the demuxer that the content asks for, from a stream of ours.

Left to guess, FFmpeg takes a text file for a playlist and opens what it names. Loaded by readers alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn, cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from photofsd.errors import FileUndecodable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.video.codeccontext import VideoCodecContext

av.logging.set_level(None)

_DEMUXERS: Final[Mapping[str, str]] = {
    "avi": "avi",
    "mkv": "matroska",
    "mov": "mov",
    "mp4": "mov",
    "mpg": "mpeg",
    "mts": "mpegts",
    "tiff": "tiff_pipe",
    "webm": "matroska",
    "wmv": "asf",
}
_ELEMENTARY: Final = b"\0\0\1\xb3"
"""How MPEG video begins that stands in no container."""
_OPTIONS: Final = {"probesize": str(4 << 20), "analyzeduration": "5000000", "max_streams": "64"}


def opened(stream: BinaryIO, format_name: str) -> InputContainer:
    """The video in `stream`, a sniffed `format_name`; a context manager. Raises FileUndecodable, av.FFmpegError."""
    demuxer = _DEMUXERS.get(format_name)
    if demuxer is None:
        raise FileUndecodable(f"no video of a format that we know: {format_name}")
    if demuxer == "mpeg" and stream.read(len(_ELEMENTARY)) == _ELEMENTARY:
        demuxer = "mpegvideo"
    stream.seek(0)
    return av.open(stream, "r", format=demuxer, options=_OPTIONS, metadata_errors="replace", io_open=_refuse)


def picture_stream(container: InputContainer) -> VideoStream:
    """The stream with the moving pictures, for one thread, told to decode key frames alone. Raises FileUndecodable."""
    for stream in container.streams.video:
        context = cast("VideoCodecContext | None", stream.codec_context)  # None for a codec that FFmpeg does not know
        if context is not None and context.width > 0 and context.height > 0 and not _is_a_cover(stream):
            context.thread_count = 1
            context.skip_frame = "NONKEY"
            return stream
    raise FileUndecodable("a video without pictures")


def _refuse(url: str, *_: object) -> NoReturn:
    raise PermissionError(f"a video may not open another file: {url}")


def _is_a_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
