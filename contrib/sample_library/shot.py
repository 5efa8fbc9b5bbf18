"""One photo of the plan: where it lies, what it shows, what is written into it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from contrib.sample_library.cameras import Camera, Lens
from contrib.sample_library.places import Place


class Keep(enum.Enum):
    """Where a photo's keywords, rating and caption are kept."""

    EMBEDDED = enum.auto()  # XMP and IPTC inside the file
    SIDECAR = enum.auto()  # IMG_0001.JPG.xmp, as darktable and digiKam do
    SIDECAR_BY_STEM = enum.auto()  # IMG_0001.xmp, as Lightroom does


@dataclasses.dataclass(frozen=True)
class Words:
    """What a person has said about a photo."""

    keywords: tuple[str, ...] = ()
    rating: int | None = None
    caption: str | None = None
    keep: Keep = Keep.EMBEDDED

    def __bool__(self) -> bool:
        return bool(self.keywords or self.caption) or self.rating is not None


@dataclasses.dataclass(frozen=True)
class Exposure:
    """What the camera chose."""

    lens: Lens | None
    focal_mm: float
    f_number: float
    seconds: float
    iso: int


@dataclasses.dataclass(frozen=True)
class Shot:
    """path: bytes, relative to the library. scene: its name. size: pixels, upright.

    taken: wall clock of the place, None where nothing says. place: None for no GPS. orientation: EXIF 1..8.
    has_offset: the zone is in the file. stored_at: the file's own modification time.
    """

    path: bytes
    scene: str
    size: tuple[int, int]
    stored_at: dt.datetime
    taken: dt.datetime | None = None
    place: Place | None = None
    camera: Camera | None = None
    exposure: Exposure | None = None
    orientation: int = 1
    has_offset: bool = True
    words: Words = Words()

    @property
    def extension(self) -> str:
        """The ending of the name, in small letters, without the dot."""
        return self.path.rpartition(b".")[2].decode("ascii").lower()


@dataclasses.dataclass(frozen=True)
class Copy:
    """An exact copy of another file of the library."""

    path: bytes
    of: bytes
