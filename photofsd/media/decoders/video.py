"""Videos, by FFmpeg's libraries: the first key frame that shows something stands for the whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Final

import av
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media import libav
from photofsd.media.decoders.colour_space import SRGB, by_number
from photofsd.media.decoders.frame import Frame, Wanted
from photofsd.media.decoders.limits import check_pixels
from photofsd.media.decoders.tones import as_srgb
from photofsd.media.look import contrast
from photofsd.media.source import Source

APART_S: Final = 1.0
"""Key frames closer than this look alike, when a video begins in black."""
CANDIDATES: Final = 8
MOST_PACKETS: Final = 2000
"""Looked at for candidates; a minute of video and sound."""
SHOWS_SOMETHING: Final = 8.0
"""Contrast (look.contrast) above which a frame is no black or white card."""

_GLANCE: Final = (64, 64)
_NARROWEST: Final = 1 / 4
"""Width of a pixel to its height, beyond which a header lies."""
_HD_HEIGHT: Final = 720
_TOLD: Final = frozenset(Colorspace)


def decode_video(source: Source, wanted: Wanted) -> Frame:
    """Decode the first key frame that shows something, else the one with the most to see."""
    try:
        with source.stream() as file, libav.opened(file, wanted.form) as container:
            stream = libav.picture_stream(container)
            check_pixels(stream.codec_context.width, stream.codec_context.height)
            shown = _telling(itertools.islice(_key_frames(container, stream), CANDIDATES))
            whole = shape(stream, shown)
            return as_frame(shown, whole, wanted.fitted(*whole), wanted)
    except av.FFmpegError as error:  # some are an OSError of EIO: of the container, not of the disk
        raise FileUndecodable(f"its video cannot be decoded: {error.strerror or error}") from error


def as_frame(shown: VideoFrame, whole: tuple[int, int], size: tuple[int, int], wanted: Wanted) -> Frame:
    """A picture of the film, whose `shape` is `whole`, in that size."""
    space = by_number(shown.color_primaries, shown.color_trc)
    if space.is_hdr:  # 8 bits would not hold the dark parts
        image, space = Image.fromarray(as_srgb(_pixels(shown, size, "rgb48le"), space)), SRGB
    else:
        image = Image.fromarray(_pixels(shown, size))
    return Frame(image, *whole, wanted.orientation, space)


def shows_something(frame: VideoFrame) -> bool:
    """Claim: it is no black or white card."""
    return _contrast(frame) >= SHOWS_SOMETHING


def _contrast(frame: VideoFrame) -> float:
    return contrast(Image.fromarray(_pixels(frame, _GLANCE)))


def _telling(frames: Iterable[VideoFrame]) -> VideoFrame:
    """The first frame that shows something, else the one with the most to see. Raises FileUndecodable for none."""
    best, best_contrast = None, -1.0
    for frame in frames:
        seen = _contrast(frame)
        if seen > best_contrast:
            best, best_contrast = frame, seen
        if seen >= SHOWS_SOMETHING:
            break
    if best is None:
        raise FileUndecodable("no picture of it can be decoded")
    return best


def _key_frames(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield key frames at least APART_S apart, as far as MOST_PACKETS go; what is broken is passed over."""
    next_s = float("-inf")
    for packet in itertools.islice(container.demux(stream), MOST_PACKETS):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue
        for frame in frames:
            time_s = next_s if frame.pts is None else frame.time
            if time_s >= next_s:
                next_s = time_s + APART_S
                yield frame


def shape(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    """Width and height as it is shown: the pixels of tape and disc formats are no squares."""
    check_pixels(frame.width, frame.height)
    ratio = stream.sample_aspect_ratio
    if not ratio or not _NARROWEST <= ratio <= 1 / _NARROWEST:
        return frame.width, frame.height
    return max(1, round(frame.width * ratio)), frame.height


def _pixels(frame: VideoFrame, size: tuple[int, int], kind: str = "rgb24") -> npt.NDArray[Any]:
    """The frame as red, green and blue of that size: uint8, uint16 for "rgb48le" [height, width, 3]."""
    shown = frame.reformat(
        *size,
        kind,
        src_colorspace=frame.colorspace if frame.colorspace in _TOLD else _by_custom(frame),
        dst_color_trc=frame.color_trc,  # the same: what it means is for `tones` to say
        dst_color_primaries=frame.color_primaries,
        interpolation=Interpolation.AREA if size[0] < frame.width else Interpolation.BICUBIC,
    )
    return shown.to_ndarray()


def _by_custom(frame: VideoFrame) -> int:
    """What a video that does not say means by its numbers: standard and high definition differ."""
    return Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601
