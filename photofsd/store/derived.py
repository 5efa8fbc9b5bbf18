"""What follows from an asset's records: its facets, its row, its keys. Recomputed once a transaction, never by hand.

Pure functions over records: `check` calls the same ones to prove that what is stored is what follows (I4, I5, I10).
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from photofsd.records import AssetRecord, Embedding, Faces, FileRecord, Metadata, Place, Taken
from photofsd.store import face_rows, facets, kin, moved, naming, paths, similar, stacks
from photofsd.store.facets import fact
from photofsd.store.inflections import stem
from photofsd.store.keys import storable_ns
from photofsd.store.kin import Kin
from photofsd.store.moved import Former
from photofsd.store.schema import ASSET_ROW, U64, Tables
from photofsd.store.stacks import StackRow
from photofsd.store.tokens import tokens, tokens_of_name
from photofsd.types import AssetId, DirId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

VERSION = 8
"""Raise it with every change to what follows from the same records: all is derived anew at the next start."""

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  the wall clock of the camera, of no zone
_NS = 1_000_000_000

CELL_DEGREES = 1 / 32
"""About 3.5 km: fine enough that a town is many cells, so a circle crosses few photos that must be measured."""

CELL_BAND_CHARS = len("+43.46875")
_DAY_NS = 86_400 * _NS
_LIVE = fact(Facet.LIVE)
_UNDATED = (fact(Facet.YEAR, b""),)
_ALONE = frozenset[bytes]()
_PROSE = (b"t", b"x")
"""Fields whose words are found by their inflections, too: tags, titles and captions. Names are names."""
_kept = functools.lru_cache(maxsize=8192)
"""Cameras, tags, days and places come again and again: what follows from one is worked out once."""


class Derived(NamedTuple):
    """The derived rows of one asset; `row` is None where there is no such asset. kin: what stacks are formed by.

    embedding: is in no row, but followers of the change log hear of another one.
    """

    facets: frozenset[bytes]
    row: bytes | None
    kin: Kin | None
    embedding: Embedding | None


class FolderWords(NamedTuple):
    """The words of a folder's names: now, and before it was moved, for photos to which it is still its `former`."""

    now: tuple[bytes, ...]
    before: tuple[bytes, ...]
    former: Former | None


NOTHING = Derived(frozenset(), None, None, None)


def of(txn: ReadTransaction, asset: AssetId) -> Derived:
    """What the records of `asset` say now."""
    key = asset.to_bytes(4, "big")
    record = txn.record(Tables.ASSETS, key, AssetRecord)
    if record is None:
        return NOTHING
    metadata = txn.record(Tables.METADATA, key, Metadata)
    row = asset_row(record, metadata, txn.timezone)
    if not record.files:
        return Derived(frozenset(), row, None, None)
    files = kin.files_of(txn, record.files)
    found = _facets(txn, asset, record, files, metadata)
    place = txn.record(Tables.PLACES, key, Place)
    if place is not None:
        found.update(_of_place(place.country, place.region, place.city))
    found.update(_of_group(similar.membership(txn, asset)))
    stack = stacks.row(txn, asset)
    if stack is not None:
        found.update(_of_stack(stack, is_cover=stack.cover == asset))
    embedding = txn.record(Tables.EMBEDDINGS, key, Embedding)
    if embedding is not None:
        found.update(fact(Facet.EMBEDDED, model.encode()) for model in embedding.rows)
    faces = txn.record(Tables.FACES, key, Faces)
    if faces is not None:
        found.update(_of_faces(txn, faces))
    found.update(fact(Facet.NAMED, name) for name in naming.names(txn, record.content, metadata, faces))
    return Derived(frozenset(found), row, kin.of(files, metadata), embedding)


def update(txn: WriteTransaction, before: Mapping[AssetId, Derived]) -> None:
    """Write what changed of the derived rows of the assets in `before`, and log every changed asset.

    before: what followed when each of them was touched; those whose stack becomes another one come to it.
    """
    after = {asset: of(txn, asset) for asset in before}
    for asset in stacks.update(txn, {asset: (before[asset].kin, new.kin) for asset, new in after.items()}):
        after[asset] = of(txn, asset)
    changes = facets.Changes()
    changed: list[AssetId] = []
    for asset, new in after.items():
        old = before[asset]
        changes.note(asset, old.facets, new.facets)
        if new.row is not None and new.row != old.row:
            txn.put(Tables.ROWS, asset.to_bytes(4, "big"), new.row)
        txn.count_by(b"photos", _is_live(new) - _is_live(old))
        if (new.facets, new.row, new.embedding) != (old.facets, old.row, old.embedding):
            changed.append(asset)
    changes.apply(txn)
    log(txn, changed)


def log(txn: WriteTransaction, changed: Iterable[int]) -> None:
    """Tell the followers of the change log that something follows anew from the records of these assets."""
    sequence = txn.number(Tables.META, b"sequence")
    for asset in changed:
        sequence += 1
        txn.put(Tables.CHANGES, U64.pack(sequence), asset.to_bytes(4, "big"))
    txn.put_number(Tables.META, b"sequence", sequence)


def _is_live(rows: Derived) -> int:
    return int(_LIVE in rows.facets)


def asset_row(record: AssetRecord, metadata: Metadata | None, zone: dt.tzinfo | None) -> bytes:
    """The row that listings read: size, mtime (when taken), ctime, view name."""
    taken = metadata.taken if metadata is not None else None
    mtime_ns = record.file_mtime_ns if taken is None or taken.source.is_guess else taken_ns(taken, zone)
    return ASSET_ROW.pack(record.size, storable_ns(mtime_ns), record.changed_ns) + record.name


def taken_ns(taken: Taken, zone: dt.tzinfo | None) -> int:
    """The instant of `taken`, ns since 1970; in `zone` (None = the system's) where it does not say its own."""
    if taken.offset_min is not None:
        return taken.local_ns - taken.offset_min * 60 * _NS
    seconds, ns = divmod(taken.local_ns, _NS)
    wall = _EPOCH + dt.timedelta(seconds=seconds)
    aware = wall.replace(tzinfo=zone) if zone is not None else wall.astimezone()
    return (int(aware.timestamp()) * _NS) + ns


def _facets(
    txn: ReadTransaction, asset: AssetId, record: AssetRecord, files: Sequence[FileRecord], metadata: Metadata | None
) -> set[bytes]:
    """What follows from what the asset itself is: names, folders, metadata."""
    found = {_LIVE}
    if len(record.files) > 1:
        found.add(fact(Facet.HAS, b"copies"))
    for file in files:
        found.add(fact(Facet.DIR, b"%d" % file.dir))
        found.update(_folder_words(txn, file.dir, asset))
    for name in {record.name, *(file.name for file in files)}:
        found.update(_words(b"n", tokens_of_name(name)))
    found.update(_of_date(metadata.taken if metadata is not None else None))
    if metadata is not None:
        _add_metadata(found, metadata)
    return found


def _of_stack(stack: StackRow, *, is_cover: bool) -> Iterator[bytes]:
    yield fact(Facet.HAS, b"stack")
    for kind in stacks.names(stack.kinds):
        yield fact(Facet.STACK, kind.encode())
    if stack.is_still:
        yield fact(Facet.TYPE, b"live")
    if not is_cover:
        yield fact(Facet.COMPANION)


def _folder_words(txn: ReadTransaction, folder: DirId, asset: AssetId) -> tuple[bytes, ...]:
    """The words of a folder's names, as the photo has heard them."""
    known = txn.folder_words.get(folder)
    if known is None:
        former = moved.former(txn, folder)
        before = () if former is None else _of_names(former.names)
        known = txn.folder_words[folder] = FolderWords(_of_names(paths.names_below_root(txn, folder)), before, former)
    is_behind = known.former is not None and known.former.is_known_to(asset, folder)
    return known.before if is_behind else known.now


def _of_names(names: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(word for name in names for word in _words(b"f", tokens_of_name(name)))


def _of_group(found: similar.Membership | None) -> frozenset[bytes]:
    if found is None:
        return _ALONE
    return frozenset((fact(Facet.SIMILAR, b"%d" % found.head), fact(Facet.HAS, b"similar")))


def _of_faces(txn: ReadTransaction, found: Faces) -> Iterator[bytes]:
    yield fact(Facet.FACES, b"%d" % len(found.faces))
    if found.faces:
        yield fact(Facet.HAS, b"faces")
    for face in found.faces:
        at = face_rows.row(txn, face.id)
        if at is not None and at.cluster:
            yield fact(Facet.CLUSTER, b"%d" % at.cluster)
        if at is not None and at.suggested:
            yield fact(Facet.SUGGESTED, b"%d" % at.suggested)


def _of_date(taken: Taken | None) -> tuple[bytes, ...]:
    if taken is None or taken.source.is_guess:
        return _UNDATED
    return _of_day(taken.local_ns // _DAY_NS)


@_kept
def _of_day(day: int) -> tuple[bytes, ...]:
    wall = _EPOCH + dt.timedelta(days=day)
    text = b"%04d%02d%02d" % (wall.year, wall.month, wall.day)
    return (
        fact(Facet.YEAR, text[:4]),
        fact(Facet.MONTH, text[:6]),
        fact(Facet.DAY, text),
        fact(Facet.HAS, b"date"),
    )


def _add_metadata(found: set[bytes], metadata: Metadata) -> None:
    found.update(fact(Facet.TYPE, facets.value_of(name)) for name in metadata.types)
    if metadata.camera is not None:
        found.update(_named(Facet.CAMERA, metadata.camera, b"c", b"camera"))
    if metadata.lens is not None:
        found.update(_named(Facet.LENS, metadata.lens, b"c", b"lens"))
    for tag in metadata.tags:
        found.update(_named(Facet.TAG, tag, b"t", b"tags"))
    for album in metadata.albums:
        found.update(_named(Facet.ALBUM, album, b"a", b"albums"))
    if metadata.rating is not None and metadata.rating >= 0:
        found.update((fact(Facet.RATING, b"%d" % metadata.rating), fact(Facet.HAS, b"rating")))
    for text in (metadata.title, metadata.caption):
        if text is not None:
            found.add(fact(Facet.HAS, b"caption"))
            found.update(_words(b"x", tokens(text)))
    if metadata.latitude is not None and metadata.longitude is not None:
        found.update((fact(Facet.HAS, b"gps"), fact(Facet.CELL, cell(metadata.latitude, metadata.longitude))))


@_kept
def _of_place(*names: str) -> tuple[bytes, ...]:
    found, value = [fact(Facet.HAS, b"place")], b""
    for name in names:
        part = facets.value_of(name, 150)
        if not part:
            continue
        value += b"/" + part if value else part
        found += (fact(Facet.PLACE, value), *_words(b"p", tokens(name)))
    return tuple(found)


@_kept
def _named(facet: Facet, text: str, letter: bytes, has: bytes) -> tuple[bytes, ...]:
    value = facets.value_of(text)
    if not value:  # nothing but spaces and NULs: no name for a folder
        return ()
    return (fact(facet, value), fact(Facet.HAS, has), *_words(letter, tokens(text)))


def _words(letter: bytes, words: tuple[str, ...]) -> Iterator[bytes]:
    """The words under the letter of their field; under the capital one the stems of those that are inflected."""
    for word in words:
        yield fact(Facet.WORD, letter + word.encode())
        if letter in _PROSE and (root := stem(word)) != word:
            yield fact(Facet.WORD, letter.upper() + root.encode())


def cell(latitude: float, longitude: float) -> bytes:
    """The cell that holds a point, by its south-west corner: b"+43.46875+011.87500"; north and south sort apart."""
    return b"%b%+010.5f" % (cell_band(latitude), _corner(longitude))


def cell_band(latitude: float) -> bytes:
    """What the cells at that latitude begin with, CELL_BAND_CHARS long."""
    return b"%+09.5f" % _corner(latitude)


def _corner(degrees: float) -> float:
    """The multiple of CELL_DEGREES at or below; never -0.0, which would be a cell of its own."""
    return degrees // CELL_DEGREES * CELL_DEGREES + 0.0
