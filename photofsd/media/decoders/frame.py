"""What is asked of a decoder, and what it hands over: pixels as its library gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from PIL import Image

from photofsd.media.containers.contents import Contents
from photofsd.media.decoders.colour_space import SRGB, ColourSpace
from photofsd.media.orientation import UPRIGHT, then, undone
from photofsd.media.source import Source


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for.

    fit_px:      the long edge that is wanted; a decoder for which a smaller picture is cheaper gives one that is at
                 least so long. None = full size.
    form:        the format, as media/sniff.py names it. contents: what its container holds.
    orientation: 1..8, what must be done to the stored pixels to see them upright.
    """

    fit_px: int | None
    form: str
    contents: Contents
    orientation: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as the container has them; 0, 0 = not known."""
        return self.contents.width or 0, self.contents.height or 0

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The size of the largest picture of that shape that is no larger than wanted, nor than it is."""
        longest = max(width, height)
        if self.fit_px is None or longest <= self.fit_px:
            return width, height
        return max(1, width * self.fit_px // longest), max(1, height * self.fit_px // longest)

    def left_after(self, turned: int) -> int:
        """What is left to do when a library has turned the picture by that orientation itself."""
        return UPRIGHT if turned == self.orientation else then(undone(turned), self.orientation)


@dataclasses.dataclass(slots=True)
class Frame:
    """One picture, decoded, in the colours of its file.

    image:         any mode; an ICC profile, if there is one, in `image.info`. It may be smaller than the whole picture.
    width, height: pixels of the whole picture, turned as `image` is.
    orientation:   1..8, what is left to do to see it upright.
    space:         what its colours mean where there is no profile.
    problems:      one line each.
    """

    image: Image.Image
    width: int
    height: int
    orientation: int = UPRIGHT
    space: ColourSpace = SRGB
    problems: list[str] = dataclasses.field(default_factory=list)


Decoder = Callable[[Source, Wanted], Frame]
"""Raises FileUndecodable, FileUnreadable, FileChanged; MemoryError and whatever its library raises, too."""

Fitted = Callable[[int, int], tuple[int, int]]
"""The width and height wanted of a picture, by its own."""
