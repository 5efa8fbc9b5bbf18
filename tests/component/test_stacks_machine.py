"""Whatever happens to the files of a library, in whatever order: its stacks are those of one that was made at once."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from unittest import mock

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from photofsd.records import Metadata, Taken
from photofsd.store import assets, paths, shots, stacks
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.schema import U32, Tables
from photofsd.store.transaction import ReadTransaction, WriteTransaction
from photofsd.types import AssetId, DateSource, DirId, FileId, Kind, StackKind
from tests.component.store_kit import digest, open_store, quick_folder, root, violations

SMALL_MAX = {"MEMBERS_MAX": 5, "NAMESAKES_MAX": 4}
SECOND = 10**9
START = int(dt.datetime(2024, 6, 15, tzinfo=dt.UTC).timestamp()) * SECOND
KINDS = {b"CR2": Kind.RAW, b"MOV": Kind.VIDEO}

picks = st.integers(0, 999)
names = st.sampled_from(
    [
        *(
            b"IMG_1001.CR2",
            b"IMG_1001.JPG",
            b"img_1001.HEIC",
            b"IMG_1001.MOV",
            b"IMG_E1001.JPG",
            b"IMG_1001-edited.jpg",
        ),
        *(b"IMG_1001~2.JPG", b"20240615_120000_001.jpg", b"20240615_120000_002.jpg"),
        *(b"IMG_200%d.JPG" % number for number in range(9)),
    ]
)
contents = st.none() | st.none() | st.integers(0, 3)
clocks = st.none() | st.builds(
    lambda steps, source, offset: Taken(START + steps * SECOND // 4, source, offset),
    st.integers(0, 16),
    st.sampled_from([DateSource.EXIF, DateSource.EXIF, DateSource.NAME]),
    st.sampled_from([None, None, 60]),
)
found = st.builds(
    lambda clock, camera, ids, rating, duration_s: Metadata(
        "jpeg",
        Kind.IMAGE,
        taken=clock,
        camera=camera,
        live_id=ids[0],
        burst_id=ids[1],
        rating=rating,
        duration_s=duration_s,
    ),
    clocks,
    st.sampled_from(["X", "X", "X", "Y", None]),
    st.sampled_from([(None, None)] * 6 + [("live", None), (None, "burst")]),
    st.sampled_from([None, None, 3]),
    st.sampled_from([2.0, 60.0, None]),
)

Paths = frozenset[bytes]
Stacks = frozenset[tuple[frozenset[Paths], Paths, StackKind]]


def paths_of(txn: ReadTransaction, asset: AssetId) -> Paths:
    record = assets.asset(txn, asset)
    files = [paths.file(txn, file) for file in (record.files if record is not None else ())]
    return frozenset(paths.file_path(txn, file) for file in files if file is not None)


def stacks_in(txn: ReadTransaction) -> Stacks:
    """Every stack: where its members lie, where its cover lies, its kinds."""
    made = []
    for key in txn.keys(Tables.MEMBERS):
        cover = AssetId(U32.unpack(key)[0])
        row = stacks.row(txn, cover)
        assert row is not None
        made.append(
            (
                frozenset(paths_of(txn, member) for member in stacks.members(txn, cover)),
                paths_of(txn, cover),
                row.kinds,
            )
        )
    return frozenset(made)


class StacksMachine(RuleBasedStateMachine):
    """A store whose files come, go, move and change; a stack may have few members, so that too many is usual."""

    txn: WriteTransaction

    def __init__(self) -> None:
        super().__init__()
        self.patching = mock.patch.multiple(shots, **SMALL_MAX)
        self.patching.start()
        self.folder = quick_folder()
        self.store = open_store(Path(self.folder.name) / "grown")
        self.now_ns = 0
        with self.store.write() as txn:
            self.folders = [paths.add_folder(txn, root(txn), name) for name in (b"a", b"b")]
        self.begin()

    def begin(self) -> None:
        self.writing = self.store.write()
        self.txn = self.writing.__enter__()

    def teardown(self) -> None:
        with self.folder, contextlib.closing(self.store):
            self.writing.__exit__(None, None, None)
            self.compare_with_one_made_in_one_go()
        self.patching.stop()

    @initialize(many=st.lists(st.tuples(picks, names, contents, found), min_size=8, max_size=20))
    def some_files(self, many: list[tuple[int, bytes, int | None, Metadata]]) -> None:
        for folder, name, content, metadata in many:
            self.arrive(folder=folder, name=name, content=content, metadata=metadata)
        self.commit(luck=1)

    @rule(luck=st.integers(0, 5))
    def commit(self, luck: int) -> None:
        """End the transaction; now and then by an error."""
        if luck:
            self.writing.__exit__(None, None, None)
            assert violations(self.store) == []
        else:
            assert not self.writing.__exit__(KeyError, KeyError("abandoned on purpose"), None)
        self.begin()

    def a_file(self, pick: int) -> FileId | None:
        files = [FileId(U32.unpack(key)[0]) for key in self.txn.keys(Tables.FILES)]
        return files[pick % len(files)] if files else None

    def a_folder(self, pick: int) -> DirId:
        return self.folders[pick % len(self.folders)]

    @rule(folder=picks, name=names, content=contents, metadata=found)
    def arrive(self, folder: int, name: bytes, content: int | None, metadata: Metadata) -> None:
        """A file comes, or another takes its place; some have the same content."""
        file = paths.add_file(self.txn, self.a_folder(folder), name, FileStat(1, 1, 1), Kind.IMAGE)
        self.read(file, digest((folder, name) if content is None else content), metadata)

    @rule(file=picks, metadata=found)
    def edit(self, file: int, metadata: Metadata) -> None:
        what = self.a_file(file)
        if what is not None:
            self.now_ns += 1
            self.read(what, digest(self.now_ns), metadata)

    def read(self, file: FileId, content: bytes, metadata: Metadata) -> None:
        record = paths.file(self.txn, file)
        asset = assets.identify(self.txn, file, content, self.now_ns)
        assert record is not None
        assert asset is not None
        kind = KINDS.get(record.name.rpartition(b".")[2], Kind.IMAGE)
        told = {"kind": kind, "format": kind.name, "duration_s": metadata.duration_s if kind is Kind.VIDEO else None}
        assets.keep(self.txn, Tables.METADATA, asset, Metadata(**{**_fields(metadata), **told}))

    @rule(file=picks, metadata=st.none() | found)
    def tell(self, file: int, metadata: Metadata | None) -> None:
        """Something else is found out of a photo, or nothing any more."""
        what = self.a_file(file)
        record = None if what is None else paths.file(self.txn, what)
        if record is not None and record.asset is not None:
            assets.keep(self.txn, Tables.METADATA, record.asset, metadata)

    @rule(file=picks, folder=picks, name=names)
    def move(self, file: int, folder: int, name: bytes) -> None:
        what = self.a_file(file)
        if what is not None:
            paths.move_file(self.txn, what, self.a_folder(folder), name)

    @rule(file=picks)
    def vanish(self, file: int) -> None:
        what = self.a_file(file)
        if what is not None:
            paths.remove_file(self.txn, what)

    def compare_with_one_made_in_one_go(self) -> None:
        other = open_store(Path(self.folder.name) / "at once")
        with contextlib.closing(other):
            self.copy(other)
            assert violations(self.store) == []
            with self.store.read() as grown, other.read() as fresh:
                assert stacks_in(grown) == stacks_in(fresh)

    def copy(self, other: Store) -> None:
        with self.store.read() as grown, other.write() as txn:
            assert [paths.add_folder(txn, root(txn), name) for name in (b"a", b"b")] == self.folders
            for _, value in sorted(grown.items(Tables.PATHS), reverse=True):
                record = paths.file(grown, FileId(int.from_bytes(value[:4], "little")))
                assert record is not None
                assert record.asset is not None
                asset = assets.asset(grown, record.asset)
                assert asset is not None
                file = paths.add_file(txn, record.dir, record.name, FileStat(1, 1, 1), Kind.IMAGE)
                made = assets.identify(txn, file, asset.content, 1)
                assert made is not None
                assets.keep(txn, Tables.METADATA, made, assets.metadata(grown, record.asset))


def _fields(metadata: Metadata) -> dict[str, object]:
    return {name: getattr(metadata, name) for name in metadata.__struct_fields__}


_usual = settings()
StacksMachine.TestCase.settings = settings(max_examples=_usual.max_examples, stateful_step_count=50, deadline=None)
test_stacks_do_not_depend_on_how_they_came_about = StacksMachine.TestCase
