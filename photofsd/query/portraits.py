"""Who is in a photo, as its sidecar says it to other programs: everybody who has a name and is not hidden.

With it goes what the photo says of itself: there are programs for which a sidecar stands for all that is in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from photofsd.media.orientation import is_quarter_turn
from photofsd.media.xmp_writing import PEOPLE, Portrait
from photofsd.records import Face, Metadata, Region
from photofsd.store import assets, faces, naming
from photofsd.store import people as stored
from photofsd.store.facets import value_of
from photofsd.store.overlap import box
from photofsd.store.somewhere import is_somewhere
from photofsd.types import AssetId, Kind, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

Marked = tuple[bytes, Region]
"""A name, and where in the upright picture."""


def portrait(txn: ReadTransaction, asset: AssetId) -> Portrait | None:
    """Who is in the photo; None = nobody.

    Those whom only the file names are among them: a sidecar counts more than what is in the file.
    """
    record, metadata = assets.asset(txn, asset), assets.metadata(txn, asset)
    if record is None or metadata is None:
        return None
    said = naming.names(txn, record.content, metadata, faces.faces(txn, asset))
    by_file = {name: _called(txn, stored.meant(txn, name), name) for name in said}
    by_face = list(_by_face(txn, asset))
    by_face_marked = ((name, Region(*box(face))) for name, face in by_face if not is_somewhere(face))
    marked = sorted([*by_face_marked, *_by_region(metadata, by_file)], key=_from_left)
    elsewhere = sorted({name for name in by_file.values() if name} | {name for name, _ in by_face})
    names = dict.fromkeys([*(name for name, _ in marked), *elsewhere])
    if not names:
        return None
    regions = () if record.kind is Kind.VIDEO else tuple(marked)
    return Portrait(
        tuple(names),
        regions,
        *_size(txn, asset, metadata),
        metadata.orientation,
        tuple(_keywords(metadata, names)),
        metadata.rating,
        metadata.title,
        metadata.caption,
    )


def _keywords(metadata: Metadata, names: Iterable[bytes]) -> Iterator[str]:
    """The tags of the photo but for those that say who is in it: that is said with the names that they have now."""
    said = {region.name or "" for region in metadata.regions} | set(metadata.people) | {PEOPLE}
    known = {name.casefold() for name in said} | {os.fsdecode(name).casefold() for name in names}
    yield from (tag for tag in metadata.tags if tag.casefold() not in known)


def _by_face(txn: ReadTransaction, asset: AssetId) -> Iterator[tuple[bytes, Face]]:
    for face, at in faces.placed(txn, asset):
        name = _called(txn, stored.of_cluster(txn, at.cluster))
        if name:
            yield name, face


def _by_region(metadata: Metadata, by_file: Mapping[bytes, bytes]) -> Iterator[Marked]:
    for region in metadata.regions:
        name = by_file.get(value_of(region.name or ""))
        if name:
            yield name, region


def _called(txn: ReadTransaction, person: PersonId | None, otherwise: bytes = b"") -> bytes:
    """The name of a person, or what they are called `otherwise`; b"" where they are hidden."""
    record = stored.person(txn, person) if person else None
    if record is None:
        return otherwise
    return b"" if record.is_hidden else record.name


def _from_left(marked: Marked) -> tuple[float, float, bytes]:
    name, region = marked
    return region.left, region.top, name


def _size(txn: ReadTransaction, asset: AssetId, metadata: Metadata) -> tuple[int, int]:
    """Width and height of the picture as it is stored; zeros where nobody knows."""
    if metadata.width and metadata.height:
        return metadata.width, metadata.height
    look = assets.look(txn, asset)
    if look is None:
        return 0, 0
    return (look.height, look.width) if is_quarter_turn(metadata.orientation) else (look.width, look.height)
