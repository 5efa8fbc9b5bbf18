"""Faces in photos: what a detection keeps of the one before, where the machine may put a face, what facets follow."""

from __future__ import annotations

import pytest
from pyroaring import BitMap

from photofsd.clustering import moving
from photofsd.clustering.messages import Move
from photofsd.query.members import OfPerson, SuggestedFor
from photofsd.records import FaceSaid, Metadata, Region
from photofsd.store import assets, face_rows, face_said, faces, facets, paths, people
from photofsd.store.env import Store
from photofsd.store.overlap import Box, box
from photofsd.store.schema import Tables
from photofsd.store.transaction import ReadTransaction
from photofsd.types import NOBODY, WAITING, AssetId, ClusterId, FaceId, Facet, FileId, Hold, Kind
from tests.component.face_kit import LEFT, MIDDLE, MODEL, RIGHT, cluster_of, face_at, find, together
from tests.component.store_kit import add_photo, digest, root, violations

FIRST, SECOND, THIRD = AssetId(1), AssetId(2), AssetId(3)


@pytest.fixture
def photos(store: Store) -> Store:
    """Three photos in which nobody has looked for faces."""
    with store.write() as txn:
        for name in (b"a.jpg", b"b.jpg", b"c.jpg"):
            add_photo(txn, root(txn), name, content=name)
    return store


def _values(txn: ReadTransaction, facet: Facet) -> dict[bytes, BitMap]:
    return {value: facets.bitmap(txn, facet, value) for value in facets.values(txn, facet)}


def test_faces_that_are_found_wait_and_are_counted(photos: Store) -> None:
    with photos.write() as txn:
        assert find(txn, FIRST, [LEFT, RIGHT]) == [1, 2]
        find(txn, SECOND, [])
    with photos.read() as txn:
        assert [face.left for face, _ in faces.placed(txn, FIRST)] == [LEFT, RIGHT]
        assert [row.cluster for _, row in faces.rows(txn)] == [WAITING, WAITING]
        assert _values(txn, Facet.FACES) == {b"2": BitMap([1]), b"0": BitMap([2])}
        assert facets.bitmap(txn, Facet.HAS, b"faces") == BitMap([1])
        assert _values(txn, Facet.CLUSTER) == {}
        assert people.counts(txn) == (0, 0, 2)
        assert faces.faces(txn, THIRD) is None


def test_a_person_is_in_the_photos_of_the_clusters(photos: Store) -> None:
    with photos.write() as txn:
        (one,), (other, _) = find(txn, FIRST, [LEFT]), find(txn, SECOND, [LEFT, RIGHT])
        alice, _ = together(txn, [one], b"Alice")
        people.give(txn, together(txn, [other])[1], alice)
    with photos.read() as txn:
        assert OfPerson(alice).bitmap(txn) == BitMap([1, 2])
        assert [OfPerson(alice).has(txn, AssetId(number)) for number in (1, 2, 3)] == [True, True, False]
        assert (people.size(txn, alice), people.faces_of(txn, alice)) == (2, 2)
        assert people.counts(txn) == (1, 0, 3)
        assert people.named(txn, b"Alice") == alice


def test_a_suggestion_is_in_the_folder_of_suggestions_only(photos: Store) -> None:
    with photos.write() as txn:
        (one,), (likely,) = find(txn, FIRST, [LEFT]), find(txn, SECOND, [LEFT])
        alice, cluster = together(txn, [one], b"Alice")
        assert faces.place(txn, likely, WAITING, suggested=cluster)
    with photos.read() as txn:
        assert OfPerson(alice).bitmap(txn) == BitMap([1])
        assert SuggestedFor(alice).bitmap(txn) == BitMap([2])
        assert SuggestedFor(alice).has(txn, SECOND)
        assert not SuggestedFor(alice).has(txn, FIRST)


def test_another_model_finds_the_same_faces_where_they_were(photos: Store) -> None:
    with photos.write() as txn:
        old = find(txn, FIRST, [LEFT, RIGHT])
        alice, cluster = together(txn, old[:1], b"Alice")
        faces.place(txn, old[1], WAITING, suggested=together(txn, find(txn, SECOND, [LEFT]))[1])
    with photos.write() as txn:
        new = find(txn, FIRST, [MIDDLE, RIGHT, LEFT], model="another-11", shift=0.02)
    with photos.read() as txn:
        assert [cluster_of(txn, face) for face in new] == [WAITING, WAITING, cluster]
        assert [face_rows.row(txn, face).suggested for face in new] == [WAITING, ClusterId(2), WAITING]  # type: ignore[union-attr]
        assert [faces.row(txn, face) for face in old] == [None, None]
        assert people.faces_of(txn, alice) == 1
        found = faces.faces(txn, FIRST)
        assert found is not None
        assert found.model == "another-11"


def test_a_face_elsewhere_in_the_photo_is_another(photos: Store) -> None:
    with photos.write() as txn:
        alice, _ = together(txn, find(txn, FIRST, [LEFT]), b"Alice")
        (other,) = find(txn, FIRST, [RIGHT])
    with photos.read() as txn:
        assert cluster_of(txn, other) == WAITING
        assert people.photos(txn, alice) == BitMap()


def test_two_faces_of_one_photo_are_never_one_person_by_the_machine(photos: Store) -> None:
    with photos.write() as txn:
        one, other = find(txn, FIRST, [LEFT, RIGHT])
        alice, cluster = together(txn, [one], b"Alice")
        second = people.new_cluster(txn, alice)
        assert not faces.place(txn, other, cluster)
        assert not faces.place(txn, other, second)
        assert faces.place(txn, other, WAITING, suggested=second)
        assert faces.row(txn, other) == face_rows.FaceRow(FIRST)
        assert faces.place(txn, other, second, hold=Hold.FILE)
        assert (cluster_of(txn, one), cluster_of(txn, other)) == (WAITING, second)
        assert not faces.place(txn, other, WAITING)
        assert not faces.place(txn, one, cluster, hold=Hold.FILE)


def test_somebody_is_nearly_surely_one_face_of_a_photo_at_most(photos: Store) -> None:
    with photos.write() as txn:
        one, other = find(txn, FIRST, [LEFT, RIGHT])
        _, cluster = together(txn, find(txn, SECOND, [LEFT]), b"Alice")
        assert faces.place(txn, one, WAITING, suggested=cluster)
        assert faces.place(txn, other, WAITING, suggested=cluster)
        assert [row.suggested for _, row in faces.placed(txn, FIRST)] == [cluster, WAITING]
        moving.moved(txn, [Move(other, 0, 0, 1), Move(one, 0, 0)], {})
        assert [row.suggested for _, row in faces.placed(txn, FIRST)] == [WAITING, cluster]


@pytest.mark.parametrize("face, cluster", [(9, 1), (1, 9)])
def test_what_is_not_there_is_put_nowhere(photos: Store, face: int, cluster: int) -> None:
    with photos.write() as txn:
        found = find(txn, FIRST, [LEFT])
        together(txn, [])
        assert not faces.place(txn, FaceId(face), ClusterId(cluster))
        assert faces.row(txn, found[0]) == face_rows.FaceRow(FIRST)


def test_faces_of_a_photo_that_is_not_there_are_not_kept(photos: Store) -> None:
    with photos.write() as txn:
        assert not faces.keep(txn, AssetId(9), MODEL, [face_at(FaceId(1), LEFT)])
        assert list(faces.rows(txn)) == []


def test_whoever_has_a_name_outlives_all_groups(photos: Store) -> None:
    with photos.write() as txn:
        (one,), (other,) = find(txn, FIRST, [LEFT]), find(txn, SECOND, [LEFT])
        alice, _ = together(txn, [one], b"Alice")
        unknown, _ = together(txn, [other])
        for face in (one, other):
            assert faces.place(txn, face, WAITING)
        assert people.tidy(txn) == 2
    with photos.write() as txn:
        assert (people.named(txn, b"Alice"), people.person(txn, unknown)) == (alice, None)
        assert faces.place(txn, one, people.home(txn, alice))
    with photos.read() as txn:
        assert people.photos(txn, alice) == BitMap([1])


# ---- what the user says


def test_a_face_set_by_hand_is_there_whatever_a_model_finds(photos: Store) -> None:
    with photos.write() as txn:
        one, other = find(txn, FIRST, [LEFT, RIGHT])
        alice, cluster = together(txn, [other], b"Alice")
        _, place = faces.place_of(txn, one) or (None, Box(0, 0, 0, 0))
        face_said.say(txn, digest(b"a.jpg"), place, FaceSaid(alice))
        faces.settle(txn, FIRST)
        assert faces.row(txn, one) == face_rows.FaceRow(FIRST, cluster, WAITING, Hold.HAND)
        assert cluster_of(txn, other) == WAITING
        assert not faces.place(txn, one, WAITING)
        assert not faces.place(txn, other, cluster, hold=Hold.FILE)
    with photos.write() as txn:
        find(txn, FIRST, [RIGHT], model="blind-22")
        (right, at), (missed, there) = faces.placed(txn, FIRST)
        assert (right.left, at.cluster, missed.is_missed, missed.crc) == (RIGHT, WAITING, True, None)
        assert there == face_rows.FaceRow(FIRST, cluster, WAITING, Hold.HAND)
        assert people.photos(txn, alice) == BitMap([1])
    with photos.write() as txn:
        again = find(txn, FIRST, [LEFT])
        assert [face.id for face, _ in faces.placed(txn, FIRST)] == again
        assert faces.row(txn, again[0]) == face_rows.FaceRow(FIRST, cluster, WAITING, Hold.HAND)


def test_a_face_that_the_user_refused_somebody_is_never_put_there_again(photos: Store) -> None:
    with photos.write() as txn:
        (one,) = find(txn, FIRST, [LEFT])
        alice, cluster = together(txn, [one], b"Alice")
        face_said.say(txn, digest(b"a.jpg"), box(face_at(one, LEFT)), FaceSaid(refused={alice: 0.7}))
        faces.settle(txn, FIRST)
        assert cluster_of(txn, one) == WAITING
        assert not faces.place(txn, one, cluster)
        assert faces.place(txn, one, WAITING, suggested=cluster)
        assert faces.row(txn, one) == face_rows.FaceRow(FIRST)
        assert faces.refusals(txn, one) == {alice: 0.7}
    with photos.write() as txn:
        (again,) = find(txn, FIRST, [LEFT], shift=0.01)
        assert faces.refusals(txn, again) == {alice: 0.7}
        assert not faces.place(txn, again, cluster)


def test_what_was_said_before_any_face_was_found_is_true_when_they_are(photos: Store) -> None:
    with photos.write() as txn:
        alice, bob, carol = (people.new_person(txn, name) for name in (b"Alice", b"Bob", b"Carol"))
        content = digest(b"a.jpg")
        face_said.say(txn, content, box(face_at(FaceId(0), LEFT)), FaceSaid(alice, example=bob))
        face_said.say(txn, content, box(face_at(FaceId(0), MIDDLE)), FaceSaid(example=bob))
        face_said.say(txn, content, box(face_at(FaceId(0), RIGHT)), FaceSaid(carol))
        faces.settle(txn, FIRST)
        assert [people.of_cluster(txn, row.cluster) for _, row in faces.placed(txn, FIRST)] == [alice, carol]
        assert all(face.is_missed for face, _ in faces.placed(txn, FIRST))
        found = find(txn, FIRST, [LEFT, MIDDLE], shift=0.02)
        rows = [row for _, row in faces.placed(txn, FIRST)]
        assert [people.of_cluster(txn, row.cluster) for row in rows] == [alice, bob, carol]
        assert [row.hold for row in rows] == [Hold.HAND, Hold.NONE, Hold.HAND]
        assert [face.is_missed for face, _ in faces.placed(txn, FIRST)] == [False, False, True]
        assert faces.place(txn, found[1], WAITING)
    with photos.write() as txn:
        find(txn, FIRST, [LEFT, MIDDLE])
        assert faces.placed(txn, FIRST)[1][1].cluster == WAITING


def test_what_was_said_of_a_photo_goes_along_when_it_is_edited(photos: Store) -> None:
    with photos.write() as txn:
        (one,) = find(txn, FIRST, [LEFT])
        alice, _ = together(txn, [], b"Alice")
        face_said.say(txn, digest(b"a.jpg"), box(face_at(one, LEFT)), FaceSaid(alice))
        faces.settle(txn, FIRST)
        assert assets.identify(txn, FileId(1), digest("edited"), 2) == FIRST
        assert people.photos(txn, alice) == BitMap()
    with photos.write() as txn:
        assert people.photos(txn, alice) == BitMap([1])
        find(txn, FIRST, [])
        assert face_said.current(txn, digest(b"a.jpg")) == digest("edited")
        assert [said for _, said in face_said.said(txn, digest("edited"))] == [FaceSaid(alice)]
    with photos.write() as txn:
        assert people.photos(txn, alice) == BitMap([1])
        assert assets.identify(txn, FileId(1), digest(b"a.jpg"), 3) == FIRST
        assert face_said.current(txn, digest("edited")) == face_said.current(txn, digest(b"a.jpg")) == digest(b"a.jpg")
    assert violations(photos) == []


def test_a_photo_that_comes_back_has_its_faces_and_people(photos: Store) -> None:
    with photos.write() as txn:
        alice, _ = together(txn, find(txn, FIRST, [LEFT]), b"Alice")
    with photos.write() as txn:
        paths.remove_file(txn, FileId(1))
    with photos.read() as txn:
        assert people.photos(txn, alice) == BitMap()
        assert people.faces_of(txn, alice) == 1
    with photos.write() as txn:
        assert add_photo(txn, root(txn), b"back.jpg", content=b"a.jpg") == FIRST
    with photos.read() as txn:
        assert people.photos(txn, alice) == BitMap([1])


# ---- what files say


def test_whom_a_file_names_is_in_it_until_the_face_is_held(photos: Store) -> None:
    here, there = box(face_at(FaceId(0), LEFT)), box(face_at(FaceId(0), RIGHT))
    named = Metadata(
        "jpeg", Kind.IMAGE, regions=(Region(*here, "Alice"), Region(*there, "Bob"), Region(*there)), people=("Zoë/Z",)
    )
    with photos.write() as txn:
        assets.keep(txn, Tables.METADATA, FIRST, named)
        alice = people.new_person(txn, b"Alice")
    with photos.write() as txn:
        assert set(facets.values(txn, Facet.NAMED)) == {b"Alice", b"Bob", "Zoë\u2215Z".encode()}
        assert OfPerson(alice).bitmap(txn) == BitMap([1])
        assert OfPerson(alice).has(txn, FIRST)
        (face,) = find(txn, FIRST, [LEFT], shift=0.05)
    with photos.write() as txn:
        assert b"Alice" in set(facets.values(txn, Facet.NAMED))
        assert faces.place(txn, face, people.home(txn, alice), hold=Hold.FILE)
    with photos.write() as txn:
        assert set(facets.values(txn, Facet.NAMED)) == {b"Bob", "Zoë\u2215Z".encode()}
        assert OfPerson(alice).bitmap(txn) == BitMap([1])
        txn.touch(FIRST)
        face_said.refuse_name(txn, digest(b"a.jpg"), b"Bob", is_refused=True)
    with photos.read() as txn:
        assert set(facets.values(txn, Facet.NAMED)) == {"Zoë\u2215Z".encode()}
        assert people.resolve(txn, NOBODY) == NOBODY
