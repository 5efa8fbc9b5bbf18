"""What one source of metadata (the EXIF block, the XMP packet, a sidecar ...) says, and how several are made one."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from photofsd.media.geo import Position
from photofsd.media.regions import Marked
from photofsd.records import Taken
from photofsd.types import DateSource


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one source says; None and () = nothing.

    dates:    when it was taken, best first. modified: when it was last edited, which is no date of the photo itself.
    faces:    marked in the picture, as they are written (see regions.py).
    text is cleaned (see wording.py); make and model are as the camera writes them.
    """

    dates: tuple[Taken, ...] = ()
    modified: Taken | None = None
    make: str | None = None
    model: str | None = None
    lens: str | None = None
    position: Position | None = None
    orientation: int | None = None
    tags: tuple[str, ...] = ()
    rating: int | None = None
    title: str | None = None
    caption: str | None = None
    software: str | None = None
    iso: int | None = None
    f_number: float | None = None
    exposure_s: float | None = None
    focal_mm: float | None = None
    duration_s: float | None = None
    live_id: str | None = None
    burst_id: str | None = None
    faces: tuple[Marked, ...] | None = None
    people: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    is_screenshot: bool | None = None
    is_panorama: bool | None = None
    is_live: bool | None = None
    problems: tuple[str, ...] = ()


_GATHERED = ("dates", "tags", "people", "albums", "problems")
_SINGLE = tuple(field.name for field in dataclasses.fields(Facts) if field.name not in _GATHERED)
_TRUST = {source: rank for rank, source in enumerate(DateSource)}


def merged(sources: Sequence[Facts]) -> Facts:
    """One Facts out of several, the first that says something wins.

    Dates go by the trust in where they came from, then by that order; tags, people, albums and problems are gathered.
    """
    values: dict[str, Any] = {}
    for facts in sources:
        for name in _SINGLE:
            value = getattr(facts, name)
            if value is not None:
                values.setdefault(name, value)
    for name in _GATHERED:
        values[name] = tuple(itertools.chain.from_iterable(getattr(facts, name) for facts in sources))
    values["dates"] = tuple(sorted(values["dates"], key=lambda taken: _TRUST[taken.source]))
    return Facts(**values)
