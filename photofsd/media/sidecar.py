"""What the files beside a photo say of it, and whose word counts. Which belongs to which: sidecar_names.py.

What people say about a photo in Lightroom, digiKam or Google Photos is in the sidecar and, for a RAW file, nowhere
else: its rating, title, caption, marked faces and the way it was turned overrule the file's own, its tags are added.
What the camera knows (date, position, lens ...) it only fills in, and so do Google's favourites. A THM is the camera's
own word on a file that has no room for it, and fills in as EXIF.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from photofsd.display import shown
from photofsd.errors import FileChanged, FileUndecodable
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.jpeg import read_jpeg
from photofsd.media.exif import Exif, directories
from photofsd.media.facts import Facts, merged
from photofsd.media.source import Source
from photofsd.media.takeout import LARGEST, read_takeout
from photofsd.media.xmp import LARGEST_PACKET, read_xmp
from photofsd.types import DateSource

_Said = tuple[Facts, Facts]
"""What overrules the photo's own word, and what fills in."""


def read_sidecars(paths: Sequence[bytes], zone: dt.tzinfo | None) -> _Said:
    """What sidecars say: what overrules the photo's own word, and what fills in. The first path says most.

    Sidecars that are gone or broken become problems. Raises FileUnreadable.
    """
    if not paths:
        return Facts(), Facts()
    said = [_read(path, zone) for path in paths]
    return merged([overruling for overruling, _ in said]), merged([filling for _, filling in said])


def _read(path: bytes, zone: dt.tzinfo | None) -> _Said:
    name = path.rpartition(b"/")[2]
    try:
        with Source.open(path) as source:
            return _READERS[name.rpartition(b".")[2].lower()](source, zone)
    except (FileChanged, FileUndecodable) as error:
        return Facts(), Facts(problems=(f"sidecar {shown(name)}: {error}",))


def _read_xmp(source: Source, zone: dt.tzinfo | None) -> _Said:
    facts = read_xmp(source.span.read(0, LARGEST_PACKET + 1), zone, DateSource.SIDECAR)
    overruling = Facts(
        orientation=facts.orientation,
        tags=facts.tags,
        rating=facts.rating,
        title=facts.title,
        caption=facts.caption,
        faces=facts.faces,
    )
    return overruling, facts


def _read_json(source: Source, zone: dt.tzinfo | None) -> _Said:
    facts = read_takeout(source.span.read(0, LARGEST + 1), zone)
    return Facts(caption=facts.caption), facts


def _read_thm(source: Source, zone: dt.tzinfo | None) -> _Said:
    """What the camera wrote into the small JPEG; how that one lies is nothing to the photo."""
    contents = Contents()
    read_jpeg(source.span, contents)
    if contents.exif is None:
        return Facts(), Facts()
    facts = Exif(directories(contents.exif)).facts(zone, is_raw=True)
    return Facts(), dataclasses.replace(facts, orientation=None)


_READERS: Final[Mapping[bytes, Callable[[Source, dt.tzinfo | None], _Said]]] = MappingProxyType(
    {b"json": _read_json, b"thm": _read_thm, b"xmp": _read_xmp}
)
