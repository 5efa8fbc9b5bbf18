"""Photos described in a line each, and a real store that holds them: what the tests of questions ask about."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path

from photofsd.records import Metadata, Place, Taken
from photofsd.store import assets, paths
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, DateSource, DirId, FileId, Kind

NS = 1_000_000_000
ROOT = b"/library"


@dataclasses.dataclass(frozen=True)
class Shot:
    """One photo.

    paths: where it lies below the library. taken: the local time, None = nobody knows. at: latitude and longitude.
    """

    paths: tuple[str, ...]
    taken: dt.datetime | None = None
    offset_min: int | None = None
    tags: tuple[str, ...] = ()
    title: str | None = None
    caption: str | None = None
    camera: str | None = None
    lens: str | None = None
    rating: int | None = None
    types: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    place: tuple[str, str, str] | None = None
    at: tuple[float, float] | None = None


def open_store(folder: Path) -> Store:
    """A store whose photos of no known zone were taken in UTC."""
    return Store.open(folder, timezone=dt.UTC)


def add(store: Store, shots: Iterable[Shot]) -> list[AssetId]:
    """Put the photos into the store, in one transaction; their ids."""
    with store.write() as txn:
        root = paths.add_library(txn, ROOT).dir
        return [_add(txn, root, shot) for shot in shots]


def _add(txn: WriteTransaction, root: DirId, shot: Shot) -> AssetId:
    asset = None
    files = [_add_file(txn, root, path) for path in shot.paths]
    content = hashlib.sha256(b"%d" % files[0]).digest()
    for file in files:
        asset = assets.identify(txn, file, content, now_ns=1)
    assert asset is not None
    assets.keep(txn, Tables.METADATA, asset, _metadata(shot))
    if shot.place is not None:
        latitude, longitude = shot.at or (0.0, 0.0)
        assets.keep(txn, Tables.PLACES, asset, Place(*shot.place, latitude, longitude, 1.0))
    return asset


def _add_file(txn: WriteTransaction, root: DirId, path: str) -> FileId:
    *folders, name = path.encode("utf-8", "surrogateescape").split(b"/")
    folder = root
    for part in folders:
        folder = paths.add_folder(txn, folder, part)
    return paths.add_file(txn, folder, name, FileStat(1000, 5, 1), Kind.IMAGE)


def _metadata(shot: Shot) -> Metadata:
    taken = None
    if shot.taken is not None:
        seconds = (shot.taken - dt.datetime(1970, 1, 1)) // dt.timedelta(seconds=1)  # noqa: DTZ001  the camera's clock
        taken = Taken(seconds * NS, DateSource.EXIF, shot.offset_min)
    return Metadata(
        format="JPEG",
        kind=Kind.IMAGE,
        taken=taken,
        camera=shot.camera,
        lens=shot.lens,
        latitude=shot.at[0] if shot.at is not None else None,
        longitude=shot.at[1] if shot.at is not None else None,
        tags=shot.tags,
        rating=shot.rating,
        title=shot.title,
        caption=shot.caption,
        types=shot.types,
        albums=shot.albums,
        people=shot.people,
    )
