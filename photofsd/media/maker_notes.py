"""What Apple's maker note says of shots that belong together; no other maker's is read.

It is a directory without a header, behind twelve bytes that say so, in its own byte order; offsets count from its own
start. Source: ExifTool, lib/Image/ExifTool/Apple.pm.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from photofsd.media.span import Span
from photofsd.media.tiff import bare_ifd
from photofsd.media.wording import clean

_SIGNATURE: Final = b"Apple iOS\0"
_ORDER_AT: Final = 12
_BURST_UUID: Final = 0x000B
_CONTENT_IDENTIFIER: Final = 0x0011


class Together(NamedTuple):
    """live_id: what the still and the video of a Live Photo share. burst_id: what the shots of a burst share."""

    live_id: str | None = None
    burst_id: str | None = None


def shared_ids(maker_note: bytes) -> Together:
    """The ids in a maker note; none where it is not Apple's, or broken."""
    if not maker_note.startswith(_SIGNATURE):
        return Together()
    ifd = bare_ifd(Span.of(maker_note), maker_note[_ORDER_AT : _ORDER_AT + 2], _ORDER_AT + 2)
    if ifd is None:
        return Together()
    return Together(clean(ifd.text(_CONTENT_IDENTIFIER)), clean(ifd.text(_BURST_UUID)))
