"""What is asked of a decoder, and what it hands over: pixels as its library gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from PIL import Image

from photofsd.media.orientation import UPRIGHT
from photofsd.media.source import Source
from photofsd.records import Metadata


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    fit_px:   the long edge that is wanted; a decoder that is cheaper for a smaller picture gives one that is at least
              so long. None = full size.
    metadata: what the file says about itself.
    """

    fit_px: int | None
    metadata: Metadata

    @property
    def orientation(self) -> int:
        """What must be done to the stored pixels to see them upright, 1..8."""
        return self.metadata.orientation

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The size of the largest picture of that shape that is no larger than wanted, nor than it is."""
        longest = max(width, height)
        if self.fit_px is None or longest <= self.fit_px:
            return width, height
        return max(1, width * self.fit_px // longest), max(1, height * self.fit_px // longest)


@dataclasses.dataclass(slots=True)
class Frame:
    """One picture, decoded, in the colours of its file.

    image:         any mode; an ICC profile, if there is one, in `image.info`. It may be smaller than the whole picture.
    width, height: pixels of the whole picture, turned as `image` is.
    orientation:   1..8, what is left to do to see it upright.
    problems:      one line each.
    """

    image: Image.Image
    width: int
    height: int
    orientation: int = UPRIGHT
    problems: list[str] = dataclasses.field(default_factory=list)


Decoder = Callable[[Source, Wanted], Frame]
"""Raises FileUndecodable, FileUnreadable, FileChanged; MemoryError and whatever its library raises, too."""
