"""Every invariant of schema.py is proved: a store that breaks it on purpose gets exactly that line."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from pyroaring import BitMap

from photofsd.errors import StoreError
from photofsd.records import AssetRecord, DirRecord, Embedding, Failure, FileRecord, JobRecord, LibraryRecord
from photofsd.store import assets, changes, embeddings, facets, jobs, kin, paths, stacks
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.store.keys import entry_key, root_key
from photofsd.store.schema import DUE_KEY, I64, PATH_ROW, STACK_ROW, STAGE_SUBJECT, U32, U64, Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, DirId, Facet, FileId, Kind, StackKind, Subject
from tests.component.store_kit import ROOT, add_file, add_photo, digest, open_store, root, tag, violations

# What the fixture makes: folder 1 = the library, 2 = "trip" in it; files 1..3, where 1 and 2 are photos 1 and 2, and
# 3 has not been read yet; stage 1 = identify (file 3 is queued), 2 = metadata (photo 1 done, 2 failed).
LIBRARY, TRIP = DirId(1), DirId(2)
NOWHERE = DirId(9)
STAT = paths.FileStat(1000, 10**18, 7)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "store")
    with store.write() as txn:
        _fill(txn)
    assert violations(store) == []
    yield store
    store.close()


def _fill(txn: WriteTransaction) -> None:
    jobs.register(txn, "identify", 1, Subject.FILE)
    jobs.register(txn, "metadata", 1, Subject.ASSET)
    trip = paths.add_folder(txn, root(txn), b"trip")
    tag(txn, add_photo(txn, trip, b"a.jpg"), "beach")
    add_photo(txn, trip, b"b.jpg")
    add_file(txn, trip, b"c.jpg")
    jobs.put(txn, jobs.stage(txn, "identify"), 3, JobRecord(jobs.NEW))
    jobs.finish(txn, jobs.stage(txn, "metadata"), 1)
    jobs.fail(txn, jobs.stage(txn, "metadata"), 2, Failure("broken", 1, 1, 0))


Damage = Callable[[WriteTransaction], object]


def _asset(txn: WriteTransaction, number: int, **changed: object) -> None:
    record = assets.asset(txn, AssetId(number))
    assert record is not None
    txn.put_record(Tables.ASSETS, U32.pack(number), msgspec.structs.replace(record, **changed))


def _file(txn: WriteTransaction, number: int, **changed: object) -> None:
    record = paths.file(txn, FileId(number))
    assert record is not None
    txn.put_record(Tables.FILES, U32.pack(number), msgspec.structs.replace(record, **changed))


def _put_chunk(txn: WriteTransaction, fact: bytes, members: BitMap, chunk: bytes = b"\0\0") -> None:
    txn.put(Tables.FACETS, fact + chunk, members.serialize())


ALONE = stacks.StackRow(AssetId(1), StackKind.RAW, is_still=False)
A_NAME = b"N" + U32.pack(TRIP) + b"a\0"
INVARIANTS = {*range(1, 9), 10, 11}
"""What this file breaks; I9 is broken in test_similar_photos.py, I12 in test_check_people.py."""
BEACH = facets.fact(Facet.TAG, b"beach")
A_FOLDER = msgspec.msgpack.encode(DirRecord(NOWHERE, b"lost"))
A_FILE = FileRecord(TRIP, b"c.jpg", *STAT, Kind.IMAGE)
A_FAILURE = msgspec.msgpack.encode(Failure("x", 1, 1, 0))
A_JOB = msgspec.msgpack.encode(JobRecord(jobs.NEW))

CASES: list[tuple[str, Damage, set[str]]] = [
    (
        "a file without its path",
        lambda txn: txn.delete(Tables.PATHS, entry_key(TRIP, b"a.jpg")),
        {"I1 files 1: `paths` does not say the same of b'a.jpg' in folder 2"},
    ),
    (
        "a path that says another size",
        lambda txn: txn.put(Tables.PATHS, entry_key(TRIP, b"a.jpg"), PATH_ROW.pack(1, 1001, *STAT[1:])),
        {"I1 files 1: `paths` does not say the same of b'a.jpg' in folder 2"},
    ),
    (
        "a path without its file",
        lambda txn: txn.put(Tables.PATHS, entry_key(TRIP, b"z.jpg"), PATH_ROW.pack(77, *STAT)),
        {"I1 paths b'z.jpg' in folder 2: file 77 is not there"},
    ),
    (
        "a second path of the same file",
        lambda txn: txn.put(Tables.PATHS, entry_key(TRIP, b"z.jpg"), PATH_ROW.pack(1, *STAT)),
        {"I1 paths b'z.jpg' in folder 2: file 1 is not there"},
    ),
    (
        "a photo that cannot be found by its name",
        lambda txn: txn.delete(Tables.KIN, kin.row_key(A_NAME, AssetId(1))),
        {f"I10 kin {A_NAME!r}: asset 1 is missing"},
    ),
    (
        "a key that nobody has",
        lambda txn: txn.put(Tables.KIN, kin.row_key(A_NAME, AssetId(2)), b""),
        {f"I10 kin {A_NAME!r}: asset 2 does not belong there"},
    ),
    (
        "a stack of one",
        lambda txn: txn.put(Tables.STACKS, U32.pack(1), STACK_ROW.pack(1, StackKind.RAW, 0)),
        {
            f"I10 stacks 1: it says {ALONE}, what is known of the photos makes None",
            "I5 facets HAS b'stack': asset 1 is missing",
            "I5 facets STACK b'raw': asset 1 is missing",
        },
    ),
    (
        "members of no stack",
        lambda txn: txn.put(Tables.MEMBERS, U32.pack(1), U32.pack(1)),
        {"I10 members 1: it is no cover"},
    ),
    (
        "a file in no folder",
        lambda txn: (
            _file(txn, 3, dir=NOWHERE),
            txn.delete(Tables.PATHS, entry_key(TRIP, b"c.jpg")),
            txn.put(Tables.PATHS, entry_key(NOWHERE, b"c.jpg"), PATH_ROW.pack(3, *STAT)),
        ),
        {"I1 files 3: folder 9 is not there"},
    ),
    (
        "a folder that its parent does not list",
        lambda txn: txn.delete(Tables.CHILDREN, entry_key(LIBRARY, b"trip")),
        {"I2 dirs 2: `children` does not have it as b'trip' in folder 1"},
    ),
    (
        "an entry for no folder",
        lambda txn: txn.put(Tables.CHILDREN, entry_key(LIBRARY, b"none"), U32.pack(77)),
        {"I2 children b'none' in folder 1: folder 77 is not there"},
    ),
    (
        "a root of no library",
        lambda txn: txn.delete(Tables.ROOTS, root_key(ROOT)),
        {f"I2 dirs 1: a root without its library {ROOT!r}"},
    ),
    (
        "a library without a root",
        lambda txn: txn.put_record(Tables.ROOTS, root_key(b"/b"), LibraryRecord(b"/b", DirId(2))),
        {"I2 roots b'/b': folder 2 is not its root"},
    ),
    (
        "a folder in no folder",
        lambda txn: (
            txn.put(Tables.DIRS, U32.pack(3), A_FOLDER),
            txn.put(Tables.CHILDREN, entry_key(NOWHERE, b"lost"), U32.pack(3)),
            txn.next_id(b"next_dir"),
        ),
        {"I2 dirs 3: its parents do not end at a root"},
    ),
    (
        "folders in a circle",
        lambda txn: (
            txn.put_record(Tables.DIRS, U32.pack(3), DirRecord(DirId(4), b"x")),
            txn.put_record(Tables.DIRS, U32.pack(4), DirRecord(DirId(3), b"y")),
            txn.put(Tables.CHILDREN, entry_key(DirId(4), b"x"), U32.pack(3)),
            txn.put(Tables.CHILDREN, entry_key(DirId(3), b"y"), U32.pack(4)),
            [txn.next_id(b"next_dir") for _ in range(2)],
        ),
        {"I2 dirs 3: its parents do not end at a root", "I2 dirs 4: its parents do not end at a root"},
    ),
    (
        "a photo's file that does not know it",
        lambda txn: _file(txn, 2, asset=None),
        {"I3 files 2: it is of asset None, but listed by 2"},
    ),
    (
        "a file of a photo that does not list it",
        lambda txn: _file(txn, 3, asset=AssetId(2)),
        {"I3 files 3: it is of asset 2, but listed by None"},
    ),
    (
        "a sidecar that is a photo",
        lambda txn: _file(txn, 1, kind=Kind.SIDECAR),
        {"I3 files 1: a sidecar, and yet of asset 1"},
    ),
    (
        "a photo of a file that is gone",
        lambda txn: (txn.touch(AssetId(2)), _asset(txn, 2, files=(FileId(2), FileId(88)))),
        {"I3 assets 2: it lists file 88, which is not there"},
    ),
    (
        "two photos of one file",
        lambda txn: (txn.touch(AssetId(2)), _asset(txn, 2, files=(FileId(1), FileId(2)))),
        {"I3 assets 2: it lists file 1, as asset 1 does"},
    ),
    (
        "a content that is not found",
        lambda txn: txn.delete(Tables.CONTENTS, digest((TRIP, b"a.jpg"))),
        {f"I4 assets 1: `contents` does not have its content {digest((TRIP, b'a.jpg')).hex()}"},
    ),
    (
        "a content of no photo",
        lambda txn: txn.put(Tables.CONTENTS, b"\1" * 32, U32.pack(1)),
        {f"I4 contents {bytes([1] * 32)!r}: not what asset 1 has"},
    ),
    (
        "a name that is not found",
        lambda txn: txn.delete(Tables.NAMES, b"b.jpg"),
        {"I4 assets 2: `names` does not have its name b'b.jpg'"},
    ),
    (
        "a name of no photo",
        lambda txn: txn.put(Tables.NAMES, b"old.jpg", U32.pack(55)),
        {"I4 names b'old.jpg': not what asset 55 has"},
    ),
    (
        "a row that says something else",
        lambda txn: txn.put(Tables.ROWS, U32.pack(2), b"?" * 24 + b"b.jpg"),
        {"I4 rows 2: not what its records say"},
    ),
    (
        "no row",
        lambda txn: txn.delete(Tables.ROWS, U32.pack(2)),
        {"I4 rows 2: not what its records say"},
    ),
    (
        "a row of no photo",
        lambda txn: txn.put(Tables.ROWS, U32.pack(55), b"?" * 24 + b"x.jpg"),
        {"I4 rows 55: there is no such asset"},
    ),
    (
        "metadata of no photo",
        lambda txn: txn.put(Tables.METADATA, U32.pack(55), b"\x80"),
        {"I4 metadata 55: there is no such asset"},
    ),
    (
        "a place of no photo",
        lambda txn: txn.put(Tables.PLACES, U32.pack(55), b"\x80"),
        {"I4 places 55: there is no such asset"},
    ),
    (
        "a facet that lacks a photo",
        lambda txn: _put_chunk(txn, facets.fact(Facet.LIVE), BitMap([1])),
        {"I5 facets LIVE b'': asset 2 is missing"},
    ),
    (
        "a facet that is not there",
        lambda txn: txn.delete(Tables.FACETS, BEACH + b"\0\0"),
        {"I5 facets TAG b'beach': asset 1 is missing"},
    ),
    (
        "a facet with a photo too many",
        lambda txn: _put_chunk(txn, BEACH, BitMap([1, 2])),
        {"I5 facets TAG b'beach': asset 2 does not belong there"},
    ),
    (
        "a facet of nothing that is known",
        lambda txn: _put_chunk(txn, facets.fact(Facet.TAG, b"snow"), BitMap([2])),
        {"I5 facets TAG b'snow': asset 2 does not belong there"},
    ),
    (
        "a facet in the wrong chunk",
        lambda txn: _put_chunk(txn, BEACH, BitMap([1]), b"\0\1"),
        {"I5 facets TAG b'beach': asset 1 does not belong there"},
    ),
    (
        "an empty bitmap",
        lambda txn: _put_chunk(txn, facets.fact(Facet.TAG, b"snow"), BitMap()),
        {"I5 facets TAG b'snow': an empty bitmap"},
    ),
    (
        "a bitmap that is none",
        lambda txn: txn.put(Tables.FACETS, BEACH + b"\0\0", b"nonsense"),
        {"I5 facets TAG b'beach': its bitmap cannot be read"},
    ),
    (
        "a job that is not due",
        lambda txn: txn.delete(Tables.DUE, DUE_KEY.pack(1, 0, 0, 3)),
        {"I6 jobs 1/3: `due` does not have it"},
    ),
    (
        "a job that is due twice",
        lambda txn: txn.put(Tables.DUE, DUE_KEY.pack(1, 1, 5, 3), b""),
        {"I6 due 1/3: there is no such job"},
    ),
    (
        "something due that is no job",
        lambda txn: txn.put(Tables.DUE, DUE_KEY.pack(2, 0, 0, 2), b""),
        {"I6 due 2/2: there is no such job"},
    ),
    (
        "a job for a file that is gone",
        lambda txn: _put_job(txn, 1, 66),
        {"I6 jobs 1/66: there is no such file"},
    ),
    (
        "a job for a photo that is gone",
        lambda txn: (_put_job(txn, 2, 1), paths.remove_file(txn, FileId(1)), _put_job(txn, 2, 1)),
        {"I6 jobs 2/1: there is no such asset"},
    ),
    (
        "a job that has failed",
        lambda txn: _put_job(txn, 2, 2),
        {"I6 jobs 2/2: queued, and failed as well"},
    ),
    (
        "a job of no stage",
        lambda txn: _put_job(txn, 7, 1),
        {"I6 jobs 7/1: there is no stage 7"},
    ),
    (
        "a failure of a file that is gone",
        lambda txn: (
            txn.put(Tables.FAILED, STAGE_SUBJECT.pack(1, 66), A_FAILURE),
            txn.count_by(b"failed:1", 1),
        ),
        {"I6 failed 1/66: there is no such file"},
    ),
    (
        "something done for a file that is gone",
        lambda txn: (txn.put(Tables.DONE, STAGE_SUBJECT.pack(1, 66), b"\0\1"), txn.count_by(b"done:1", 1)),
        {"I6 done 1/66: there is no such file"},
    ),
    (
        "a wrong count of photos",
        lambda txn: txn.put(Tables.COUNTERS, b"photos", I64.pack(1)),
        {"I7 counters photos: it says 1, there are 2"},
    ),
    (
        "a wrong count of files",
        lambda txn: txn.put(Tables.COUNTERS, b"files", I64.pack(-1)),
        {"I7 counters files: it says -1, there are 3"},
    ),
    (
        "a wrong count of jobs",
        lambda txn: txn.delete(Tables.COUNTERS, b"queued:1"),
        {"I7 counters queued:1: it says 0, there are 1"},
    ),
    (
        "a count of nothing",
        lambda txn: txn.put(Tables.COUNTERS, b"cats", I64.pack(3)),
        {"I7 counters cats: nothing is counted under that name"},
    ),
    (
        "a folder beyond the next",
        lambda txn: txn.put_number(Tables.META, b"next_dir", 2),
        {"I8 meta next_dir: it says 2, but 2 is in use"},
    ),
    (
        "a file beyond the next",
        lambda txn: txn.put_number(Tables.META, b"next_file", 4 - 1),
        {"I8 meta next_file: it says 3, but 3 is in use"},
    ),
    (
        "a photo beyond the next",
        lambda txn: txn.put_number(Tables.META, b"next_asset", 1),
        {"I8 meta next_asset: it says 1, but 2 is in use"},
    ),
    (
        "a change beyond the last",
        lambda txn: txn.put(Tables.CHANGES, U64.pack(50), U32.pack(1)),
        {"I8 changes 50: beyond the sequence 2"},
    ),
    (
        "a change of no photo",
        lambda txn: txn.put(Tables.CHANGES, U64.pack(2), U32.pack(40)),
        {"I8 changes 2: there is no asset 40"},
    ),
    (
        "a follower beyond the last change",
        lambda txn: changes.set_watermark(txn, "words", 3),
        {"I8 watermarks words: at 3, beyond the sequence 2"},
    ),
    (
        "an embedding of no photo",
        lambda txn: txn.put_record(Tables.EMBEDDINGS, U32.pack(55), Embedding({"m-1": 7})),
        {"I4 embeddings 55: there is no such asset"},
    ),
    (
        "an embedding that nothing says of",
        lambda txn: txn.put_record(Tables.EMBEDDINGS, U32.pack(1), Embedding({"m-1": 7})),
        {"I5 facets EMBEDDED b'm-1': asset 1 is missing"},
    ),
    (
        "an embedding by no model",
        lambda txn: txn.put_record(Tables.EMBEDDINGS, U32.pack(1), Embedding({})),
        {"I11 embeddings 1: no row of any model"},
    ),
    (
        "a row by something that is no checksum",
        lambda txn: (txn.touch(AssetId(1)), txn.put_record(Tables.EMBEDDINGS, U32.pack(1), Embedding({"m-1": -1}))),
        {"I11 embeddings 1: -1 is no CRC-32 of a row of a model 'm-1'"},
    ),
    (
        "no model that answers",
        lambda txn: embeddings.set_answering(txn, ""),
        {"I11 models answering: no model"},
    ),
]


def _put_job(txn: WriteTransaction, stage: int, subject: int) -> None:
    txn.put(Tables.JOBS, STAGE_SUBJECT.pack(stage, subject), A_JOB)
    txn.put(Tables.DUE, DUE_KEY.pack(stage, 0, 0, subject), b"")
    txn.count_by(b"queued:%d" % stage, 1)


@pytest.mark.parametrize("damage, lines", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_breaks_an_invariant_is_named_in_one_line(made: Store, damage: Damage, lines: set[str]) -> None:
    with made.write() as txn:
        damage(txn)
    found = violations(made)
    assert len(found) == len(lines)
    assert set(found) == lines


def test_every_invariant_is_broken_by_some_test() -> None:
    assert {line.split()[0] for _, _, lines in CASES for line in lines} == {f"I{number}" for number in INVARIANTS}


def test_a_record_that_cannot_be_read_is_one_clear_error(made: Store) -> None:
    with made.write() as txn:
        txn.put(Tables.ASSETS, U32.pack(1), struct.pack("<Q", 7))
    with made.read() as txn, pytest.raises(StoreError, match="damaged: a AssetRecord cannot be read"):
        list(check(txn))


def test_progress_ends_at_the_total(made: Store) -> None:
    told: list[tuple[int, int]] = []
    with made.read() as txn:
        assert list(check(txn, lambda done, total: told.append((done, total)))) == []
    assert told[-1][0] == told[-1][1] > 0


def test_photos_in_several_chunks_are_all_proved(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    with store.write() as txn:
        _fill(txn)
        txn.put_number(Tables.META, b"next_asset", 70_000)
        tag(txn, add_photo(txn, TRIP, b"far.jpg"), "beach")
    assert violations(store) == []
    with store.write() as txn:
        _put_chunk(txn, BEACH, BitMap([70_001]), b"\0\1")
    assert violations(store) == [
        "I5 facets TAG b'beach': asset 70000 is missing",
        "I5 facets TAG b'beach': asset 70001 does not belong there",
    ]
    store.close()


def test_an_asset_record_has_one_meaning(made: Store) -> None:
    """The proof of derived rows uses the code that writes them: here is what it says, by hand."""
    with made.read() as txn:
        assert txn.record(Tables.ASSETS, U32.pack(2), AssetRecord) == AssetRecord(
            digest((TRIP, b"b.jpg")), 1000, b"b.jpg", Kind.IMAGE, (FileId(2),), 1, 1, 10**18
        )
        assert txn.get(Tables.ROWS, U32.pack(2)) == struct.pack("<Qqq", 1000, 10**18, 1) + b"b.jpg"
        assert {key[:-2] for key, stored in txn.items(Tables.FACETS) if 2 in BitMap.deserialize(stored)} == {
            facets.fact(Facet.LIVE),
            facets.fact(Facet.YEAR),
            facets.fact(Facet.DIR, b"2"),
            facets.fact(Facet.WORD, b"nb"),
            facets.fact(Facet.WORD, b"njpg"),
            facets.fact(Facet.WORD, b"ftrip"),
        }
