"""A file's content as pixels: upright, in sRGB, as large as wanted.

Only reader processes load this: the decoders below it take time and memory to import, and parse what nobody vetted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from PIL import Image

from photofsd.display import shown
from photofsd.errors import FileUndecodable, FileUnreadable, PhotofsdError
from photofsd.media.decoders.bitmaps import decode_bitmap, decode_jpeg2000
from photofsd.media.decoders.colour import to_srgb
from photofsd.media.decoders.depth import eight_bits
from photofsd.media.decoders.frame import Decoder, Fitted, Frame, Wanted
from photofsd.media.decoders.heif import decode_avif, decode_heic
from photofsd.media.decoders.jpeg import decode_jpeg
from photofsd.media.decoders.jpegxl import decode_jpegxl
from photofsd.media.decoders.key_frames import decode_key_frames
from photofsd.media.decoders.raw import decode_raw
from photofsd.media.decoders.tiff import decode_tiff
from photofsd.media.decoders.video import decode_video
from photofsd.media.metadata import read_contents, read_metadata
from photofsd.media.orientation import is_quarter_turn
from photofsd.media.sniff import FileType
from photofsd.media.source import Source
from photofsd.types import Kind

_DECODERS: Final[Mapping[str, Decoder]] = MappingProxyType(
    {
        "avif": decode_avif,
        "bmp": decode_bitmap,
        "gif": decode_bitmap,
        "heic": decode_heic,
        "jp2": decode_jpeg2000,
        "jpeg": decode_jpeg,
        "jxl": decode_jpegxl,
        "png": decode_bitmap,
        "tiff": decode_tiff,
        "webp": decode_bitmap,
    }
)
_TURNS: Final = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
_OF_KIND: Final[Mapping[Kind, Decoder]] = MappingProxyType({Kind.RAW: decode_raw, Kind.VIDEO: decode_video})
_NEAR_ENOUGH: Final = 1.02
"""A long edge of 1008 is left as it is where 1000 are wanted: JPEGs shrink by powers of two for nothing."""
_REDUCING_GAP: Final = 2.0
_NO_MEMORY = re.compile(r"\bmemory\b|\balloc", re.IGNORECASE)
_UNREADABLE: Final = frozenset({errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EACCES, errno.ENXIO, errno.EREMOTEIO})


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is seen.

    image:         mode RGB, sRGB, upright; its long edge is about `fit_px` or less, or the full size.
    width, height: pixels of the whole picture, upright.
    kind:          what the file is: of a video this is one picture of many.
    problems:      one line each for what was wrong with the pixels.
    """

    image: Image.Image
    width: int
    height: int
    kind: Kind
    problems: tuple[str, ...] = ()


def decode(source: Source, *, fit_px: int | None = None) -> Picture:
    """The picture in `source`; of a video or an animation, the first one that shows something.

    fit_px: the long edge that is wanted; None = full size. Never more than the file has.
    Raises FileUndecodable (also where there is not memory enough), FileUnreadable, FileChanged.
    """
    with _clear_errors(source):
        file_type, wanted = _asked(source, fit_px)
        decoder = _OF_KIND.get(file_type.kind) or _DECODERS[file_type.name]
        frame = decoder(source, wanted)
        width, height = frame.width, frame.height
        if is_quarter_turn(frame.orientation):
            width, height = height, width
        return Picture(_as_seen(frame, wanted), width, height, file_type.kind, tuple(frame.problems))


def decode_frames(source: Source, count: int, fitted: Fitted) -> list[Image.Image]:
    """Up to `count` key frames spread over a video, as `decode` makes pictures; none where they cannot be had.

    fitted: the size that is wanted of a frame so large. Raises FileUnreadable, FileChanged.
    """
    try:
        with _clear_errors(source):
            _, wanted = _asked(source, None)
            return [_as_seen(frame, wanted) for frame in decode_key_frames(source, wanted, count, fitted)]
    except FileUndecodable:
        return []


def _asked(source: Source, fit_px: int | None) -> tuple[FileType, Wanted]:
    metadata = read_metadata(source, folder=source.folder)
    file_type = FileType(metadata.format, metadata.kind)
    return file_type, Wanted(fit_px, file_type.name, read_contents(source, file_type), metadata.orientation)


@contextlib.contextmanager
def _clear_errors(source: Source) -> Iterator[None]:
    """Whatever a library raises as FileUndecodable or FileUnreadable, in one line that names the file."""
    try:
        yield
    except FileUndecodable as error:
        name = shown(source.path)
        raise FileUndecodable(str(error) if name in str(error) else f"{name}: {error}") from error
    except PhotofsdError:
        raise
    except Exception as error:
        if _is_lack_of_memory(error):
            raise FileUndecodable(f"{shown(source.path)} needs more memory than readers.memory_mb allows") from error
        if isinstance(error, OSError) and error.errno in _UNREADABLE:
            raise FileUnreadable(f"{shown(source.path)} cannot be read: {error.strerror}") from error
        raise FileUndecodable(f"{shown(source.path)} cannot be decoded: {_said(error)}") from error


def _as_seen(frame: Frame, wanted: Wanted) -> Image.Image:
    """The picture of a frame: 8 bits, sRGB, upright."""
    image = to_srgb(_fitted(eight_bits(frame.image), wanted), frame.space, frame.problems)
    turn = _TURNS.get(frame.orientation)
    return image if turn is None else image.transpose(turn)


def _fitted(image: Image.Image, wanted: Wanted) -> Image.Image:
    size = wanted.fitted(*image.size)
    if max(image.size) <= max(size) * _NEAR_ENOUGH:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)


def _is_lack_of_memory(error: BaseException) -> bool:
    """Claim: memory did not suffice, as far as a library says so: each has words of its own for it."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, MemoryError) or isinstance(cause, MemoryError):
        return True
    return _NO_MEMORY.search(str(error)) is not None


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
