"""XMP files beside photos: which belongs to which, and whose word counts.

    IMG_1.CR2.xmp   speaks of IMG_1.CR2 (darktable, digiKam, Immich)
    IMG_1.xmp       speaks of IMG_1.CR2; of IMG_1.jpg only where there is no RAW file of that name (Lightroom)

in any case. What people say about a photo in Lightroom or digiKam is in the sidecar and, for a RAW file, nowhere else:
its rating, title and caption overrule the file's own, its tags are added. What the camera knows (date, position,
lens ...) it only fills in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

from photofsd.errors import FileChanged, FileUndecodable
from photofsd.media.facts import Facts, merged
from photofsd.media.sniff import kind_of_name
from photofsd.media.source import Source
from photofsd.media.xmp import LARGEST_PACKET, read_xmp
from photofsd.types import DateSource, Kind

_XMP: Final = b".xmp"


def sidecars_by_photo(names: Iterable[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """Which sidecars speak of which photo, given all names of one folder; the most specific one first.

    returns: photo -> its sidecars, of those photos that have any.
    """
    photos: list[bytes] = []
    by_stem: dict[bytes, list[bytes]] = {}
    for name in names:
        kind = kind_of_name(name)
        if kind is Kind.SIDECAR:
            by_stem.setdefault(name[: -len(_XMP)].lower(), []).append(name)
        elif kind is not None:
            photos.append(name)
    if not by_stem:
        return {}
    raw_stems = {_stem(photo) for photo in photos if kind_of_name(photo) is Kind.RAW}
    found = {photo: _sidecars(photo, by_stem, raw_stems) for photo in photos}
    return {photo: sidecars for photo, sidecars in found.items() if sidecars}


def sidecar_names(name: bytes, siblings: Iterable[bytes]) -> tuple[bytes, ...]:
    """The sidecars that speak of the photo `name`, among all names of its folder; the most specific one first."""
    return sidecars_by_photo({name, *siblings}).get(name, ())


def read_sidecars(paths: Sequence[bytes], zone: dt.tzinfo | None) -> tuple[Facts, Facts]:
    """What sidecars say: what overrules the photo's own word, and what fills in. The first path says most.

    Sidecars that are gone or broken become problems. Raises FileUnreadable.
    """
    if not paths:
        return Facts(), Facts()
    overruling: list[Facts] = []
    filling: list[Facts] = []
    for path in paths:
        facts = _read(path, zone)
        filling.append(facts)
        overruling.append(Facts(tags=facts.tags, rating=facts.rating, title=facts.title, caption=facts.caption))
    return merged(overruling), merged(filling)


def _stem(photo: bytes) -> bytes:
    return photo.rpartition(b".")[0].lower()


def _sidecars(photo: bytes, by_stem: dict[bytes, list[bytes]], raw_stems: set[bytes]) -> tuple[bytes, ...]:
    stem = _stem(photo)
    is_spoken_of = stem not in raw_stems or kind_of_name(photo) is Kind.RAW
    shared = by_stem.get(stem, []) if is_spoken_of else []
    return tuple(sorted(by_stem.get(photo.lower(), [])) + sorted(shared))


def _read(path: bytes, zone: dt.tzinfo | None) -> Facts:
    try:
        with Source.open(path) as source:
            return read_xmp(source.span.read(0, LARGEST_PACKET + 1), zone, DateSource.SIDECAR)
    except (FileChanged, FileUndecodable) as error:
        name = path.rpartition(b"/")[2].decode("utf-8", "backslashreplace")
        return Facts(problems=(f"sidecar {name}: {error}",))
