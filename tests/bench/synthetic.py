"""A store of any size for measurements, built through the store's own functions: a family's photos of fifteen years.

Thirty cameras, two hundred tags, two thousand towns, three thousand folders; names of phones, which are unique, and of
cameras, which begin anew after 9999. The last year holds a tenth of all. The folders lie on the disk just as the store
says, so that a scan finds nothing to do; the files do not: nothing reads them. The same count is always the same
library.

    python -m tests.bench.synthetic FOLDER [COUNT]     builds FOLDER/library and FOLDER/state, or finds them built
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from photofsd import records
from photofsd.library.disk import Disk
from photofsd.media.sniff import LOOKED_FOR
from photofsd.pipeline import graph
from photofsd.records import Metadata, Place, StageRecord, Taken
from photofsd.store import assets, changes, derived, jobs, paths, schema, tokens
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import DateSource, DirId, FileId, Kind, Subject

MILLION = 1_000_000
FOLDERS = 3_000
CAMERAS, TAGS, TOWNS = 30, 200, 2_000
FIRST_DAY = dt.datetime(2010, 1, 1)  # noqa: DTZ001 - the wall clock of cameras
LAST_YEAR = 2024
LAST_YEAR_SHARE = 0.1
EVENT_S = 2 * 86_400
BATCH = 4_000
KEPT_CHANGES = 100_000
NAME_NUMBERS = 10_000
STAMP = "built"

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo as it is put into the store. taken_ns: the camera's clock."""

    name: bytes
    size: int
    taken_ns: int
    metadata: Metadata
    place: Place


class Family:
    """Who photographs, with what, where. Numbers that are low are frequent, as they are in real libraries."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self._towns = [_town(number, self._random) for number in range(TOWNS)]
        self._counters = [0] * CAMERAS

    def event(self, number: int, photos: int) -> Iterator[Shot]:
        """The photos of one folder: a place, one or two cameras, two days."""
        start = event_start(number)
        town = self._random.choice(self._towns)
        cameras = self._frequent(CAMERAS, 2)
        names: set[bytes] = set()
        for offset_s in sorted(self._random.randrange(EVENT_S) for _ in range(photos)):
            camera = self._random.choice(cameras)
            at = start + dt.timedelta(seconds=offset_s)
            name = self._name(camera, at)
            while name in names:
                name = self._name(camera, at := at + dt.timedelta(seconds=1))
            names.add(name)
            yield self._shot(name, at, camera, town)

    def _frequent(self, kinds: int, count: int) -> list[int]:
        return [int(kinds ** self._random.random()) - 1 for _ in range(count)]

    def _name(self, camera: int, at: dt.datetime) -> bytes:
        """Every third device is a phone, which names by the clock; cameras count."""
        if camera % 3 == 0:
            return at.strftime("%Y%m%d_%H%M%S.jpg").encode()
        self._counters[camera] = number = (self._counters[camera] + 1) % NAME_NUMBERS
        return b"%b_%04d.JPG" % (b"IMG" if camera % 3 == 1 else b"DSC", number)

    def _shot(self, name: bytes, at: dt.datetime, camera: int, town: Place) -> Shot:
        chance = self._random.random()
        taken_ns = int((at - dt.datetime(1970, 1, 1)).total_seconds()) * 10**9  # noqa: DTZ001 - as above
        metadata = Metadata(
            format="jpeg",
            kind=Kind.IMAGE,
            width=4000 + camera,
            height=3000 + camera,
            taken=Taken(taken_ns, DateSource.EXIF, 60 * (camera % 3)),
            make=f"Maker {camera % 7}",
            model=f"Model {camera}",
            camera=f"Maker {camera % 7} Model {camera}",
            lens=f"Lens {camera}-{int(chance * 3)}",
            latitude=town.latitude + chance / 50,
            longitude=town.longitude - chance / 50,
            altitude_m=round(chance * 900, 1),
            tags=tuple(f"tag {number}" for number in self._frequent(TAGS, int(chance * 4) % 4)),
            rating=int(chance * 60) if chance < 0.1 else None,
            iso=100 << int(chance * 6),
            f_number=2.8,
            exposure_s=1 / 250,
            focal_mm=35.0,
            types=("jpeg",) if chance < 0.98 else ("jpeg", "screenshot"),
        )
        return Shot(name, 2_000_000 + int(chance * 4_000_000), taken_ns, metadata, town)


def event_start(number: int) -> dt.datetime:
    """When the event of that number began; the events of the last year are the last tenth."""
    before = int(FOLDERS * (1 - LAST_YEAR_SHARE))
    last_year = FIRST_DAY.replace(year=LAST_YEAR)
    if number < before:
        return FIRST_DAY + (last_year - dt.timedelta(seconds=EVENT_S) - FIRST_DAY) * number / before
    return last_year + dt.timedelta(days=362) * (number - before) / (FOLDERS - before)


def _town(number: int, chance: random.Random) -> Place:
    country = number % 60
    latitude, longitude = chance.uniform(-50, 60), chance.uniform(-180, 180)
    return Place(f"Country {country}", f"Region {country}.{number % 7}", f"Town {number}", latitude, longitude, 1.5)


class Builder:
    """Puts events into a store as scans and stages would have."""

    def __init__(self, store: Store, library: Path) -> None:
        self._store = store
        self._library = library
        self._disk = Disk()
        self._photos = 0
        stages = {stage.name: stage for stage in graph.discover()}
        with store.write() as txn:
            for stage in stages.values():
                jobs.register(txn, stage.name, stage.version, stage.subject)
            self._root = paths.add_library(txn, os.fsencode(library)).dir
        with store.read() as txn:
            self._stages = list(jobs.stages(txn).values())

    def build(self, count: int, tell: Tell) -> None:
        """Put `count` photos into the store; `tell` hears how many there are so far."""
        family = Family()
        bounds = [number * count // FOLDERS for number in range(FOLDERS + 1)]
        waiting: list[tuple[int, Shot]] = []
        for number, (first, end) in enumerate(itertools.pairwise(bounds)):
            (self._library / folder_name(number)).mkdir(parents=True)
            waiting += ((number, shot) for shot in family.event(number, end - first))
            if len(waiting) >= BATCH or number == FOLDERS - 1:
                self._put(waiting)
                waiting.clear()
                tell(self._photos)
        self._settle()

    def _put(self, shots: list[tuple[int, Shot]]) -> None:
        with self._store.write() as txn:
            folders = {number: self._folder(txn, number) for number in {number for number, _ in shots}}
            for number, shot in shots:
                self._photos += 1
                self._put_one(txn, folders[number], shot)
            changes.trim(txn, KEPT_CHANGES)

    def _folder(self, txn: WriteTransaction, number: int) -> DirId:
        year, name = folder_name(number).split("/")
        return paths.add_folder(txn, paths.add_folder(txn, self._root, year.encode()), name.encode())

    def _put_one(self, txn: WriteTransaction, folder: DirId, shot: Shot) -> None:
        number = self._photos
        stat = FileStat(shot.size, shot.taken_ns, number)
        file = paths.add_file(txn, folder, shot.name, stat, Kind.IMAGE)
        content = hashlib.blake2b(number.to_bytes(8), digest_size=32).digest()
        asset = assets.identify(txn, file, content, now_ns=shot.taken_ns)
        if asset is None:
            raise LookupError(f"file {file} has gone while it was put in")
        assets.keep(txn, Tables.METADATA, asset, shot.metadata)
        assets.keep(txn, Tables.PLACES, asset, shot.place)
        for stage in self._stages:
            jobs.finish(txn, stage, _subject(stage, file, asset))

    def _settle(self) -> None:
        """Say of every folder what a scan would say that has just ended."""
        with self._store.write() as txn:
            for folder in list(paths.folders_below(txn, self._root)):
                status = Path(os.fsdecode(paths.folder_path(txn, folder))).stat()
                paths.set_listed(txn, folder, mtime_ns=status.st_mtime_ns, dev=status.st_dev, inode=status.st_ino)


def _subject(stage: StageRecord, file: FileId, asset: int) -> int:
    return file if stage.subject is Subject.FILE else asset


def folder_name(number: int) -> str:
    """Where in the library the event of that number lies."""
    start = event_start(number)
    return f"{start:%Y}/{start:%m-%d} Event {number}"


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A synthetic library. build_s: how long it took to build, None where it was there already."""

    library: Path
    state: Path
    count: int
    build_s: float | None


def synthetic(folder: Path, count: int, tell: Tell = lambda _: None) -> Synthetic:
    """The library of `count` photos below `folder`, built where it is not there as the present code would build it."""
    library, state, stamp = folder / "library", folder / "state", folder / STAMP
    wanted = f"{count} photos in {library.absolute()} by {_recipe()}\n"
    build_s = None
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        for old in (library, state):
            shutil.rmtree(old, ignore_errors=True)
        library.mkdir(parents=True)
        started_s = time.perf_counter()
        store = Store.open(state / "store", timezone=dt.UTC)
        Builder(store, library.absolute()).build(count, tell)
        store.close()
        build_s = time.perf_counter() - started_s
        stamp.write_text(wanted)
    _refresh(state, library)
    return Synthetic(library, state, count, build_s)


def _recipe() -> str:
    """What tells one way of building from another: our own text, and that of what says which rows there are."""
    digest = hashlib.blake2b(digest_size=8)
    for module in (sys.modules[__name__], records, derived, schema, tokens):
        digest.update(Path(str(module.__file__)).read_bytes())
    for stage in graph.discover():  # one that the store has not met would have all its work before it
        digest.update(f"{stage.name} {stage.version}".encode())
    return digest.hexdigest()


def _refresh(state: Path, library: Path) -> None:
    """The library has been looked at just now, so that the daemon makes no nightly scan first."""
    path, now_ns = os.fsencode(library.absolute()), time.time_ns()
    store = Store.open(state / "store", timezone=dt.UTC)
    with store.write() as txn:
        known = paths.add_library(txn, path)
        scanned = msgspec.structs.replace(
            known,
            is_online=True,
            fsid=Disk().identity(path),
            scanned_ns=now_ns,
            swept_ns=now_ns,
            looked_for=LOOKED_FOR,
        )
        paths.put_library(txn, scanned)
    store.close()


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else MILLION
    started_s = time.perf_counter()

    def tell(done: int) -> None:
        rate = done / (time.perf_counter() - started_s)
        sys.stdout.write(f"\r{done:,} of {count:,}, {rate:,.0f} a second ")
        sys.stdout.flush()

    built = synthetic(folder, count, tell)
    sys.stdout.write(f"\n{'found' if built.build_s is None else f'built in {built.build_s:.1f} s'}: {built.state}\n")


if __name__ == "__main__":
    main()
