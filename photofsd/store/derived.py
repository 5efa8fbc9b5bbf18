"""What follows from an asset's records: its facets and its row. Recomputed once a transaction, never by hand.

Pure functions over records: `check` calls the same ones to prove that what is stored is what follows (I4, I5).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from photofsd.records import AssetRecord, FileRecord, Metadata, Place, Taken
from photofsd.store import facets, paths
from photofsd.store.facets import fact
from photofsd.store.schema import ASSET_ROW, U64, Tables
from photofsd.store.tokens import tokens, tokens_of_name
from photofsd.types import AssetId, DirId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  the wall clock of the camera, of no zone
_NS = 1_000_000_000
_LIVE = fact(Facet.LIVE)


class Derived(NamedTuple):
    """The derived rows of one asset; `row` is None where there is no such asset."""

    facets: frozenset[bytes]
    row: bytes | None


NOTHING = Derived(frozenset(), None)


def of(txn: ReadTransaction, asset: AssetId) -> Derived:
    """What the records of `asset` say now."""
    key = asset.to_bytes(4, "big")
    record = txn.record(Tables.ASSETS, key, AssetRecord)
    if record is None:
        return NOTHING
    metadata = txn.record(Tables.METADATA, key, Metadata)
    row = asset_row(record, metadata, txn.timezone)
    if not record.files:
        return Derived(frozenset(), row)
    place = txn.record(Tables.PLACES, key, Place)
    return Derived(frozenset(_facets(txn, record, metadata, place)), row)


def update(txn: WriteTransaction, before: Mapping[AssetId, Derived]) -> None:
    """Write what changed of the derived rows of the assets in `before`, and log every changed asset."""
    changes = facets.Changes()
    sequence = txn.number(Tables.META, b"sequence")
    for asset, old in before.items():
        new = of(txn, asset)
        changes.note(asset, old.facets, new.facets)
        if new.row is not None and new.row != old.row:
            txn.put(Tables.ROWS, asset.to_bytes(4, "big"), new.row)
        txn.count_by(b"photos", _is_live(new) - _is_live(old))
        if new != old:
            sequence += 1
            txn.put(Tables.CHANGES, U64.pack(sequence), asset.to_bytes(4, "big"))
    changes.apply(txn)
    txn.put_number(Tables.META, b"sequence", sequence)


def _is_live(rows: Derived) -> int:
    return int(_LIVE in rows.facets)


def asset_row(record: AssetRecord, metadata: Metadata | None, zone: dt.tzinfo | None) -> bytes:
    """The row that listings read: size, mtime (when taken), ctime, view name."""
    taken = metadata.taken if metadata is not None else None
    mtime_ns = record.file_mtime_ns if taken is None or taken.source.is_guess else taken_ns(taken, zone)
    return ASSET_ROW.pack(record.size, mtime_ns, record.changed_ns) + record.name


def taken_ns(taken: Taken, zone: dt.tzinfo | None) -> int:
    """The instant of `taken`, ns since 1970; in `zone` (None = the system's) where it does not say its own."""
    if taken.offset_min is not None:
        return taken.local_ns - taken.offset_min * 60 * _NS
    seconds, ns = divmod(taken.local_ns, _NS)
    wall = _EPOCH + dt.timedelta(seconds=seconds)
    aware = wall.replace(tzinfo=zone) if zone is not None else wall.astimezone()
    return (int(aware.timestamp()) * _NS) + ns


def _facets(
    txn: ReadTransaction, record: AssetRecord, metadata: Metadata | None, place: Place | None
) -> Iterator[bytes]:
    yield _LIVE
    if len(record.files) > 1:
        yield fact(Facet.HAS, b"copies")
    yield from _of_paths(txn, record)
    yield from _of_date(metadata.taken if metadata is not None else None)
    if metadata is not None:
        yield from _of_metadata(metadata)
    if place is not None:
        yield from _of_place(place)


def _of_paths(txn: ReadTransaction, record: AssetRecord) -> Iterator[bytes]:
    yield from _words(b"n", tokens_of_name(record.name))
    for file_id in record.files:
        file = txn.record(Tables.FILES, file_id.to_bytes(4, "big"), FileRecord)
        if file is not None:
            yield fact(Facet.DIR, b"%d" % file.dir)
            yield from _words(b"n", tokens_of_name(file.name))
            yield from _folder_words(txn, file.dir)


def _folder_words(txn: ReadTransaction, folder: DirId) -> tuple[bytes, ...]:
    known = txn.folder_words.get(folder)
    if known is None:
        names = paths.names_below_root(txn, folder)
        known = tuple(word for name in names for word in _words(b"f", tokens_of_name(name)))
        txn.folder_words[folder] = known
    return known


def _of_date(taken: Taken | None) -> Iterator[bytes]:
    if taken is None or taken.source.is_guess:
        yield fact(Facet.YEAR, b"")
        return
    wall = _EPOCH + dt.timedelta(seconds=taken.local_ns // _NS)
    day = b"%04d%02d%02d" % (wall.year, wall.month, wall.day)
    yield fact(Facet.YEAR, day[:4])
    yield fact(Facet.MONTH, day[:6])
    yield fact(Facet.DAY, day)
    yield fact(Facet.HAS, b"date")


def _of_metadata(metadata: Metadata) -> Iterator[bytes]:
    for name in metadata.types:
        yield fact(Facet.TYPE, facets.value_of(name))
    if metadata.camera is not None:
        yield from _named(Facet.CAMERA, metadata.camera, b"c", b"camera")
    if metadata.lens is not None:
        yield from _named(Facet.LENS, metadata.lens, b"c", b"lens")
    for tag in metadata.tags:
        yield from _named(Facet.TAG, tag, b"t", b"tags")
    if metadata.rating is not None and metadata.rating >= 0:
        yield fact(Facet.RATING, b"%d" % metadata.rating)
        yield fact(Facet.HAS, b"rating")
    for text in (metadata.title, metadata.caption):
        if text is not None:
            yield fact(Facet.HAS, b"caption")
            yield from _words(b"x", tokens(text))
    if metadata.latitude is not None and metadata.longitude is not None:
        yield fact(Facet.HAS, b"gps")
        yield fact(Facet.CELL, cell(metadata.latitude, metadata.longitude))


def _of_place(place: Place) -> Iterator[bytes]:
    yield fact(Facet.HAS, b"place")
    value = b""
    for name in (place.country, place.region, place.city):
        value += (b"/" if value else b"") + facets.cut(facets.value_of(name), 150)
        yield fact(Facet.PLACE, value)
        yield from _words(b"p", tokens(name))


def _named(facet: Facet, text: str, letter: bytes, has: bytes) -> Iterator[bytes]:
    yield fact(facet, facets.value_of(text))
    yield fact(Facet.HAS, has)
    yield from _words(letter, tokens(text))


def _words(letter: bytes, words: tuple[str, ...]) -> Iterator[bytes]:
    for word in words:
        yield fact(Facet.WORD, letter + word.encode())


def cell(latitude: float, longitude: float) -> bytes:
    """The quarter-degree cell that holds a point, by its south-west corner: b"+0043.25+0011.75"."""
    return b"%+08.2f%+08.2f" % (latitude * 4 // 1 / 4, longitude * 4 // 1 / 4)
