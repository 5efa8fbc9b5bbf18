"""Facets: exact at the borders of their chunks, for every value that a key can hold, and for every asset of a view."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pyroaring import BitMap

from photofsd.errors import StoreError
from photofsd.records import Embedding, Metadata, Place, Taken
from photofsd.store import assets, chunks, faces, facets, paths, people, similar
from photofsd.store.env import Store
from photofsd.store.schema import VALUE_MAX_BYTES, Tables
from photofsd.types import WAITING, AssetId, DateSource, Facet, FileId, Kind
from tests.component import face_kit
from tests.component.store_kit import add_photo, open_store, quick_folder, root, tag

values = st.binary(max_size=VALUE_MAX_BYTES).map(lambda value: value.replace(b"\0", b"\1"))
assets_of_any_chunk = st.sets(
    st.sampled_from([1, 2, 65_535, 65_536, 65_537, 131_071, 131_072, 2**32 - 1]) | st.integers(1, 2**32 - 1),
    max_size=5,
)


def _write(store: Store, members: dict[bytes, set[int]], before: dict[bytes, set[int]] | None = None) -> None:
    """Make `members` true of tags, where `before` was."""
    changes = facets.Changes()
    before = before or {}
    everything = set[int]().union(*members.values(), *before.values())
    for asset in everything:
        old, new = (
            frozenset(facets.fact(Facet.TAG, value) for value, ids in tags.items() if asset in ids)
            for tags in (before, members)
        )
        changes.note(AssetId(asset), old, new)
    with store.write() as txn:
        changes.apply(txn)


@settings(deadline=None, max_examples=settings().max_examples // 3)
@given(data=st.data())
def test_facets_are_what_a_dictionary_says(data: st.DataObject) -> None:
    first = data.draw(st.dictionaries(values, assets_of_any_chunk, max_size=6))
    pool = st.sampled_from(sorted(first)) | values if first else values
    second = data.draw(st.dictionaries(pool, assets_of_any_chunk, max_size=6))
    with quick_folder() as folder:
        store = open_store(Path(folder))
        _write(store, first)
        _write(store, second, first)
        _compare(store, first, second)
        store.close()


def _compare(store: Store, first: dict[bytes, set[int]], second: dict[bytes, set[int]]) -> None:
    expected = {value: ids for value, ids in second.items() if ids}
    with store.read() as txn:
        assert list(facets.values(txn, Facet.TAG)) == sorted(expected)
        assert {value: set(facets.bitmap(txn, Facet.TAG, value)) for value in expected} == expected
        assert facets.union(txn, Facet.TAG, expected) == BitMap(set[int]().union(*expected.values()))
        assert all(facets.exists(txn, Facet.TAG, value) == (value in expected) for value in {*first, *second})
        for value in {*first, *second}:
            for asset in first.get(value, set()) | second.get(value, set()):
                assert facets.contains(txn, Facet.TAG, value, AssetId(asset)) == (asset in second.get(value, set()))
        assert len(list(txn.keys(Tables.FACETS))) == sum(len({x >> 16 for x in ids}) for ids in expected.values())


@pytest.fixture
def tagged(store: Store) -> Store:
    with store.write() as txn:
        for number, tags in enumerate((("a", "ab"), ("a/b", "b"), ("é", "\U0001f600"), ("z" * 300,))):
            tag(txn, add_photo(txn, root(txn), b"%d.jpg" % number), *tags)
    return store


def test_values_are_listed_by_prefix_in_byte_order_each_once(tagged: Store) -> None:
    with tagged.read() as txn:
        in_order = [b"a", b"ab", "a\u2215b".encode(), b"b", b"z" * 240, "é".encode(), "\U0001f600".encode()]
        assert list(facets.values(txn, Facet.TAG)) == in_order
        assert list(facets.values(txn, Facet.TAG, b"a")) == in_order[:3]
        assert list(facets.values(txn, Facet.TAG, b"q")) == []
        assert list(facets.values(txn, Facet.TAG, b"a" * 600)) == []


@pytest.mark.parametrize("value", [b"a\0", b"\0", b"x" * 481, b"x" * 5000])
def test_a_value_that_no_key_can_hold_is_true_of_nothing(tagged: Store, value: bytes) -> None:
    with tagged.read() as txn:
        assert not facets.exists(txn, Facet.TAG, value)
        assert not facets.bitmap(txn, Facet.TAG, value)
        assert not facets.contains(txn, Facet.TAG, value, AssetId(1))


def test_the_end_of_one_facet_is_not_the_beginning_of_the_next(store: Store) -> None:
    with store.write() as txn:
        photo = add_photo(txn, root(txn), b"a.jpg")
        assets.keep(txn, Tables.METADATA, photo, Metadata("jpeg", Kind.IMAGE, tags=("\U0010ffff",), rating=5))
    with store.read() as txn:
        assert list(facets.values(txn, Facet.TAG)) == ["\U0010ffff".encode()]
        assert list(facets.values(txn, Facet.RATING)) == [b"5"]


@given(text=st.text())
def test_a_value_can_be_the_name_of_a_folder(text: str) -> None:
    value = facets.value_of(text)
    assert len(value) <= facets.NAME_MAX_BYTES
    assert not set(b"/\0") & set(value)
    assert not value.startswith(b".")
    assert value.decode() == value.decode().strip()


@given(text=st.text(max_size=30), limit=st.integers(0, 40))
def test_a_cut_leaves_whole_characters(text: str, limit: int) -> None:
    encoded = text.encode("utf-8", "ignore")
    cut = facets.cut(encoded, limit)
    assert len(cut) <= limit or cut == encoded
    assert encoded.startswith(cut)
    cut.decode()


def test_bytes_that_are_no_text_are_cut_as_well() -> None:
    assert facets.cut(b"\xff" * 300, 240) == b"\xff" * 240
    assert facets.cut(b"caf\xe9" + b"x" * 300, 10) == b"caf\xe9xxxxxx"


TITLE = Metadata(
    "heic",
    Kind.IMAGE,
    taken=Taken(1_718_409_600 * 10**9 + 5, DateSource.EXIF),
    camera="Canon EOS 7D",
    lens="EF 50mm",
    latitude=43.46,
    longitude=-11.9,
    tags=("Süd", "\0 ", "a/b"),
    rating=4,
    title="At the Sea",
    types=("heic", "live"),
    albums=("Rome 6/10",),
    people=("Ana",),
)


def test_every_kind_of_fact_becomes_a_facet(store: Store) -> None:
    with store.write() as txn:
        folder = paths.add_folder(txn, root(txn), b"Tuscany 2024")
        photo = add_photo(txn, folder, b"IMG_1.HEIC", "content")
        add_photo(txn, folder, b"copy.heic", "content")
        assets.keep(txn, Tables.METADATA, photo, TITLE)
        assets.keep(txn, Tables.PLACES, photo, Place("Italy", "", "Arezzo", 0, 0, 0))
        similar.assign(txn, photo, similar.Membership(photo, photo, b""))
        assets.keep(txn, Tables.EMBEDDINGS, photo, Embedding({"a model": 1}))
        known, alike = face_kit.find(txn, photo, [face_kit.LEFT, face_kit.RIGHT])
        _, cluster = face_kit.together(txn, [known])
        other = people.new_cluster(txn, people.new_person(txn))
        faces.place(txn, alike, WAITING, suggested=other)
        companion = add_photo(txn, folder, b"IMG_1.DNG")
        assets.keep(txn, Tables.METADATA, companion, Metadata("dng", Kind.RAW, taken=TITLE.taken, types=("raw",)))
    with store.read() as txn:
        found = {facet: list(facets.values(txn, facet)) for facet in Facet}
    assert found.pop(Facet.WORD) == sorted(
        b"ccanon ceos c7d c7 cd cef c50mm c50 cmm ftuscany f2024 nimg n1 nheic ncopy ndng pitaly parezzo tsud tsued "
        b"Tsu ta tb xat xthe xsea arome a6 a10".split()
    )
    assert found == {
        Facet.LIVE: [b""],
        Facet.YEAR: [b"2024"],
        Facet.MONTH: [b"202406"],
        Facet.DAY: [b"20240615"],
        Facet.CAMERA: [b"Canon EOS 7D"],
        Facet.LENS: [b"EF 50mm"],
        Facet.TYPE: [b"heic", b"live", b"raw"],
        Facet.PLACE: [b"Italy", b"Italy/Arezzo"],
        Facet.TAG: ["Süd".encode(), "a\u2215b".encode()],
        Facet.RATING: [b"4"],
        Facet.HAS: [
            b"albums",
            b"camera",
            b"caption",
            b"copies",
            b"date",
            b"faces",
            b"gps",
            b"lens",
            b"place",
            b"rating",
            b"similar",
            b"stack",
            b"tags",
        ],
        Facet.CELL: [b"+43.43750-011.90625"],
        Facet.DIR: [b"2"],
        Facet.ALBUM: ["Rome 6\u221510".encode()],
        Facet.SIMILAR: [b"1"],
        Facet.STACK: [b"raw"],
        Facet.COMPANION: [b""],
        Facet.EMBEDDED: [b"a model"],
        Facet.CLUSTER: [b"%d" % cluster],
        Facet.SUGGESTED: [b"%d" % other],
        Facet.FACES: [b"2"],
        Facet.NAMED: [b"Ana"],
    }


def test_a_guessed_date_is_none(store: Store) -> None:
    with store.write() as txn:
        photo = add_photo(txn, root(txn), b"a.jpg")
        assets.keep(txn, Tables.METADATA, photo, Metadata("jpeg", Kind.IMAGE, taken=Taken(10**18, DateSource.MTIME)))
    with store.read() as txn:
        assert list(facets.values(txn, Facet.YEAR)) == [b""]
        assert not facets.exists(txn, Facet.HAS, b"date")


@pytest.mark.parametrize("local_ns", [-(1 << 63), (1 << 64) - 1, 0])
@pytest.mark.parametrize("offset_min", [None, 0, 10**12])
def test_no_date_that_can_be_stored_stops_the_writer(store: Store, local_ns: int, offset_min: int | None) -> None:
    with store.write() as txn:
        photo = add_photo(txn, root(txn), b"a.jpg")
        taken = Taken(local_ns, DateSource.EXIF, offset_min)
        assets.keep(txn, Tables.METADATA, photo, Metadata("jpeg", Kind.IMAGE, taken=taken))


def test_a_photo_without_files_has_no_facets(tagged: Store) -> None:
    with tagged.write() as txn:
        for number in range(1, 5):
            paths.remove_file(txn, FileId(number))
    with tagged.read() as txn:
        assert txn.count(Tables.FACETS) == 0


def test_a_facet_that_cannot_be_read_is_one_clear_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(tmp_path_factory.mktemp("store"))
    with store.write() as txn:
        txn.put(Tables.FACETS, facets.fact(Facet.LIVE) + b"\0\0", b"nonsense")
    with store.read() as txn, pytest.raises(StoreError, match="damaged: a facet cannot be read"):
        facets.live(txn)
    store.close()


def test_whether_a_photo_is_meant_is_as_the_store_is_at_that_moment(store: Store) -> None:
    """Chunks that were read are remembered, and forgotten with the next change."""
    with store.read() as txn:
        assert not facets.contains(txn, Facet.TAG, b"sea", AssetId(7))
    _write(store, {b"sea": {7}})
    with store.read() as before:
        assert facets.contains(before, Facet.TAG, b"sea", AssetId(7))
        _write(store, {b"sea": {8}}, before={b"sea": {7}})
        with store.read() as now:
            assert not facets.contains(now, Facet.TAG, b"sea", AssetId(7))
            assert facets.contains(now, Facet.TAG, b"sea", AssetId(8))
        assert facets.contains(before, Facet.TAG, b"sea", AssetId(7)), "a transaction sees one state to its end"
    with store.write() as changing:
        assert facets.contains(changing, Facet.TAG, b"sea", AssetId(8))
    _write(store, {}, before={b"sea": {8}})


def test_the_memory_of_chunks_is_bounded(store: Store) -> None:
    members = {b"%d" % n: {n} for n in range(1, 2 * chunks.MOST)}
    _write(store, members)
    with store.read() as txn:
        for tag_name, (asset,) in members.items():
            assert facets.contains(txn, Facet.TAG, tag_name, AssetId(asset))
            assert len(txn.chunks()) <= chunks.MOST
    _write(store, {}, before=members)
