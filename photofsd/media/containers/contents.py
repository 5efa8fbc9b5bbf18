"""What a container holds: the picture's size and where its metadata lie."""

from __future__ import annotations

import dataclasses

from photofsd.media.facts import Facts
from photofsd.media.span import Span


@dataclasses.dataclass(slots=True)
class Contents:
    """What a container's reader fills in as it goes, so that a file that ends early gives what came before.

    width, height: pixels as stored, before `orientation`.
    orientation:   1..8 where the container itself says so (HEIF, JPEG XL, video): then it overrules EXIF.
    exif:          a TIFF structure; photo and gps where they stand apart from it (CR3).
    xmp, iptc:     the packet, the data; b"" = none.
    frames:        more than 1 = it moves.
    is_lossless:   a JPEG of the lossless kind, which holds a sensor's data rather than a picture.
    profile:       the ICC profile, where the decoder's library does not hand it over; b"" = none.
    cicp:          what its colours are, where it says so by number: colour primaries and transfer (H.273).
    utc_s:         when it was recorded, seconds since 1970, where the container says no more than that.
    own:           what the container says in its own words.
    """

    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    exif: Span | None = None
    photo: Span | None = None
    gps: Span | None = None
    xmp: bytes = b""
    iptc: bytes = b""
    frames: int = 1
    is_lossless: bool = False
    profile: bytes = b""
    cicp: tuple[int, int] | None = None
    utc_s: int | None = None
    own: Facts = dataclasses.field(default_factory=Facts)
    problems: list[str] = dataclasses.field(default_factory=list)

    def set_size(self, width: float, height: float) -> None:
        """Note the size, unless it is none."""
        if width > 0 and height > 0:
            self.width, self.height = int(width), int(height)
