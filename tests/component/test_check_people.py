"""I12 is proved: a store in which faces, clusters or people are damaged on purpose gets exactly those lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from photofsd.records import FaceSaid, Person
from photofsd.store import face_rows, face_said, faces, people
from photofsd.store.env import Store
from photofsd.store.face_rows import FaceRow
from photofsd.store.overlap import Box, box
from photofsd.store.schema import CLUSTER_ROW, FACE_ROW, I64, U32, Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import WAITING, AssetId, ClusterId, FaceId, Hold, PersonId
from tests.component.face_kit import LEFT, MIDDLE, RIGHT, face_at, find, together
from tests.component.store_kit import add_photo, digest, open_store, root, violations

# What the fixture makes: photos 1 to 3; faces 1 (left), 2 (right) of photo 1, 3 of photo 2, 4 of photo 3. Person 1 is
# Alice with cluster 1 of faces 1 and 3; 2 has an alias, cluster 2, and face 4 by hand; 3 was merged into Alice.
FIRST, THIRD = AssetId(1), AssetId(3)
ALICE, UNKNOWN, MERGED = PersonId(1), PersonId(2), PersonId(3)
BY_HAND = digest(b"c.jpg")

Damage = Callable[[WriteTransaction], object]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "store")
    with store.write() as txn:
        for name in (b"a.jpg", b"b.jpg", b"c.jpg"):
            add_photo(txn, root(txn), name, content=name)
        one, _ = find(txn, FIRST, [LEFT, RIGHT])
        (other,), (by_hand,) = find(txn, AssetId(2), [LEFT]), find(txn, THIRD, [LEFT])
        together(txn, [one, other], b"Alice")
        together(txn, [])
        people.put(txn, UNKNOWN, Person(clusters=(ClusterId(2),), aliases=(b"Bob",)))
        people.merge(txn, people.new_person(txn), ALICE)
        face_said.say(txn, BY_HAND, box(face_at(by_hand, LEFT)), FaceSaid(UNKNOWN))
        faces.settle(txn, THIRD)
    assert violations(store) == []
    yield store
    store.close()


def _row(txn: WriteTransaction, face: int, row: FaceRow) -> None:
    txn.touch(row.asset)
    txn.put(Tables.FACE_ROWS, U32.pack(face), FACE_ROW.pack(*row))


def _person(txn: WriteTransaction, number: int, **changed: object) -> None:
    known = people.person(txn, PersonId(number)) or Person()
    txn.put_record(Tables.PEOPLE, U32.pack(number), msgspec.structs.replace(known, **changed))


def _cluster(txn: WriteTransaction, number: int, person: int, count: int) -> None:
    txn.put(Tables.CLUSTERS, U32.pack(number), CLUSTER_ROW.pack(person, count))


def _faces(txn: WriteTransaction, asset: AssetId, *found: int) -> None:
    known = {face.id: face for face, _ in faces.placed(txn, asset)}
    txn.touch(asset)
    kept = tuple(known.get(FaceId(face), face_at(FaceId(face), MIDDLE)) for face in found)
    txn.put_record(Tables.FACES, U32.pack(asset), faces.Faces("m", kept))


CASES: list[tuple[str, Damage, set[str]]] = [
    (
        "a face without its row",
        lambda txn: _faces(txn, FIRST, 1, 2, 9),
        {"I12 faces 1: `face_rows` does not have its face 9"},
    ),
    (
        "a row without its face",
        lambda txn: _faces(txn, FIRST, 1),
        {"I12 face_rows 2: asset 1 does not have it"},
    ),
    (
        "a row of another photo",
        lambda txn: _row(txn, 2, FaceRow(AssetId(2))),
        {"I12 faces 1: `face_rows` does not have its face 2", "I12 face_rows 2: asset 2 does not have it"},
    ),
    (
        "a face that is there twice",
        lambda txn: _faces(txn, FIRST, 1, 2, 2),
        {"I12 faces 1: its face 2 is there twice"},
    ),
    (
        "a face in a cluster that is not there",
        lambda txn: _row(txn, 2, FaceRow(FIRST, ClusterId(9))),
        {"I12 face_rows 2: there is no cluster 9"},
    ),
    (
        "two faces of a photo in one cluster",
        lambda txn: (txn.touch(FIRST), face_rows.put(txn, FaceId(2), FaceRow(FIRST, ClusterId(1)))),
        {"I12 faces 1: 2 of its faces are in cluster 1"},
    ),
    (
        "a count that is wrong",
        lambda txn: _cluster(txn, 1, ALICE, 3),
        {"I12 clusters 1: it says 3 faces, there are 2"},
    ),
    (
        "a cluster of nobody",
        lambda txn: _cluster(txn, 1, 9, 2),
        {"I12 clusters 1: person 9 does not have it", "I12 people 1: cluster 1 is not theirs"},
    ),
    (
        "a cluster that its person does not know",
        lambda txn: _person(txn, ALICE, clusters=()),
        {"I12 clusters 1: person 1 does not have it"},
    ),
    (
        "a person with a cluster that is not there",
        lambda txn: _person(txn, ALICE, clusters=(ClusterId(1), ClusterId(9))),
        {"I12 people 1: cluster 9 is not theirs"},
    ),
    (
        "a name by which nobody is found",
        lambda txn: txn.delete(Tables.PERSON_NAMES, b"Alice"),
        {"I12 people 1: `person_names` does not have b'Alice'"},
    ),
    (
        "a name of nobody",
        lambda txn: txn.put(Tables.PERSON_NAMES, b"Carol", U32.pack(9)),
        {"I12 person_names b'Carol': person 9 is not called so"},
    ),
    (
        "a name that is two people's",
        lambda txn: _person(txn, UNKNOWN, name=b"Alice"),
        {"I12 people 2: `person_names` does not have b'Alice'", "I7 counters people_unknown: it says 1, there are 0"},
    ),
    (
        "an alias by which nobody is found",
        lambda txn: txn.delete(Tables.PERSON_ALIASES, b"Bob"),
        {"I12 people 2: `person_aliases` does not have b'Bob'"},
    ),
    (
        "an alias that is somebody else's",
        lambda txn: txn.put(Tables.PERSON_ALIASES, b"Bob", U32.pack(ALICE)),
        {
            "I12 people 2: `person_aliases` does not have b'Bob'",
            "I12 person_aliases b'Bob': person 1 is not called so",
        },
    ),
    (
        "somebody who was merged into nobody",
        lambda txn: _person(txn, MERGED, merged_into=PersonId(9)),
        {"I12 people 3: merged into 9, who is not there"},
    ),
    (
        "somebody who was merged into themselves",
        lambda txn: _person(txn, MERGED, merged_into=MERGED),
        {"I12 people 3: merged into 3, who is not there"},
    ),
    (
        "somebody who was merged and has an alias",
        lambda txn: (
            _person(txn, MERGED, aliases=(b"Carol",)),
            txn.put(Tables.PERSON_ALIASES, b"Carol", U32.pack(MERGED)),
        ),
        {"I12 people 3: merged into 1, and yet has a name or a cluster"},
    ),
    (
        "a face that has left where the user has set it",
        lambda txn: (txn.touch(THIRD), face_rows.put(txn, FaceId(4), FaceRow(THIRD, ClusterId(1), WAITING, Hold.HAND))),
        {"I12 face_rows 4: the user says that it is person 2, not of cluster 1"},
    ),
    (
        "a face set by hand that the machine may move",
        lambda txn: face_rows.put(txn, FaceId(4), FaceRow(THIRD, ClusterId(2))),
        {"I12 face_rows 4: the user says that it is person 2, not of cluster 2"},
    ),
    (
        "a face set by nobody's hand",
        lambda txn: face_rows.put(txn, FaceId(2), FaceRow(FIRST, hold=Hold.HAND)),
        {"I12 face_rows 2: the user says that it is person 0, not of cluster 0"},
    ),
    (
        "a face set by hand that is not there",
        lambda txn: face_said.say(txn, BY_HAND, Box(RIGHT, 0.3, 0.2, 0.2), FaceSaid(UNKNOWN)),
        {"I12 faces 3: the user says that person 2 is there, there is no such face"},
    ),
    (
        "a counter that is wrong",
        lambda txn: txn.put(Tables.COUNTERS, people.UNKNOWN, I64.pack(5)),
        {"I7 counters people_unknown: it says 5, there are 1"},
    ),
    (
        "ids that would be given again",
        lambda txn: [txn.put_number(Tables.META, name, 2) for name in (b"next_face", b"next_cluster", b"next_person")],
        {
            "I12 meta next_face: it says 2, but 4 is in use",
            "I12 meta next_cluster: it says 2, but 2 is in use",
            "I12 meta next_person: it says 2, but 3 is in use",
        },
    ),
]


@pytest.mark.parametrize("damage, lines", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_breaks_the_invariant_is_named(made: Store, damage: Damage, lines: set[str]) -> None:
    with made.write() as txn:
        damage(txn)
    found = violations(made)
    assert len(found) == len(lines)
    assert set(found) == lines


def test_two_faces_of_a_photo_are_one_person_by_hand(made: Store) -> None:
    with made.write() as txn:
        find(txn, THIRD, [LEFT, RIGHT])
        face_said.say(txn, BY_HAND, Box(RIGHT, 0.3, 0.2, 0.2), FaceSaid(UNKNOWN))
        faces.settle(txn, THIRD)
        assert [at.cluster for _, at in faces.placed(txn, THIRD)] == [2, 2]
    assert violations(made) == []
