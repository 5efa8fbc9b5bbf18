"""The part of `check` about faces and people (I12). Memory: some bytes a face, a cluster and a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pyroaring import BitMap

from photofsd.records import AssetRecord, Faces, Person
from photofsd.store import face_rows, people, spoken
from photofsd.store.face_rows import FaceRow
from photofsd.store.schema import U32, Table, Tables
from photofsd.types import WAITING, AssetId, Hold

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def check(txn: ReadTransaction, counted: Counter[bytes]) -> Iterator[str]:
    """I12. Adds to `counted` what the counters of people should say."""
    yield from _Faces(txn).check()
    yield from _people(txn, counted)
    for table, names in ((Tables.PERSON_NAMES, _names), (Tables.PERSON_ALIASES, _aliases)):
        yield from _called(txn, table, names)


class _Faces:
    """Faces and their rows, rows and clusters."""

    def __init__(self, txn: ReadTransaction) -> None:
        self._txn = txn
        self._sizes = Counter[int]()
        self._seen = BitMap()

    def check(self) -> Iterator[str]:
        for key, value in self._txn.items(Tables.FACES):
            (asset,) = U32.unpack(key)
            yield from self._of_photo(AssetId(asset), self._txn.decode(value, Faces))
        yield from self._strays()
        yield from self._clusters()
        following = self._txn.number(Tables.META, b"next_face") or 1
        if self._seen and self._seen.max() >= following:
            yield f"I12 meta next_face: it says {following}, but {self._seen.max()} is in use"

    def _of_photo(self, asset: AssetId, found: Faces) -> Iterator[str]:
        placed: list[tuple[int, FaceRow]] = []
        for face in found.faces:
            row = face_rows.row(self._txn, face.id)
            if row is None or row.asset != asset:
                yield f"I12 faces {asset}: `face_rows` does not have its face {face.id}"
            elif face.id in self._seen:
                yield f"I12 faces {asset}: its face {face.id} is there twice"
            else:
                placed.append((face.id, row))
                self._seen.add(face.id)
                self._sizes[row.cluster] += 1
        yield from _together(asset, [row for _, row in placed])
        yield from self._said(asset, found, dict(placed))

    def _said(self, asset: AssetId, found: Faces, placed: dict[int, FaceRow]) -> Iterator[str]:
        """The user's word is kept."""
        record = self._txn.record(Tables.ASSETS, U32.pack(asset), AssetRecord)
        if record is None:  # I4 says so
            return
        of_faces, of_none = spoken.of(self._txn, record.content, found.faces)
        for face, _, said in of_faces:
            row = placed.get(face.id, FaceRow(asset))
            person, owner = people.resolve(self._txn, said.person), people.of_cluster(self._txn, row.cluster)
            if (row.hold is Hold.HAND) != bool(person) or (person and owner != person):
                yield f"I12 face_rows {face.id}: the user says that it is person {person}, not of cluster {row.cluster}"
        for _, said in of_none:
            if people.resolve(self._txn, said.person):
                yield f"I12 faces {asset}: the user says that person {said.person} is there, there is no such face"

    def _strays(self) -> Iterator[str]:
        if self._txn.count(Tables.FACE_ROWS) == len(self._seen):
            return
        for face, row in face_rows.rows(self._txn):
            if face not in self._seen:
                yield f"I12 face_rows {face}: asset {row.asset} does not have it"

    def _clusters(self) -> Iterator[str]:
        known = BitMap([WAITING])
        for cluster, row in people.clusters(self._txn):
            known.add(cluster)
            if row.faces != self._sizes[cluster]:
                yield f"I12 clusters {cluster}: it says {row.faces} faces, there are {self._sizes[cluster]}"
            owner = people.person(self._txn, row.person)
            if owner is None or cluster not in owner.clusters:
                yield f"I12 clusters {cluster}: person {row.person} does not have it"
        for face, at in face_rows.rows(self._txn):
            if at.cluster not in known:
                yield f"I12 face_rows {face}: there is no cluster {at.cluster}"
        following = self._txn.number(Tables.META, b"next_cluster") or 1
        if known.max() >= following:
            yield f"I12 meta next_cluster: it says {following}, but {known.max()} is in use"


def _together(asset: AssetId, rows: list[FaceRow]) -> Iterator[str]:
    """Two faces of one photo are in one cluster by hand alone."""
    by_cluster: dict[int, list[FaceRow]] = {}
    for row in rows:
        by_cluster.setdefault(row.cluster, []).append(row)
    for cluster, same in by_cluster.items():
        if cluster and len(same) > 1 and any(row.hold is not Hold.HAND for row in same):
            yield f"I12 faces {asset}: {len(same)} of its faces are in cluster {cluster}"


def _people(txn: ReadTransaction, counted: Counter[bytes]) -> Iterator[str]:
    last, counted[people.UNKNOWN] = 0, 0
    for key, value in txn.items(Tables.PEOPLE):
        (last,) = U32.unpack(key)
        found = txn.decode(value, Person)
        if people.is_unknown(found):
            counted[people.UNKNOWN] += 1
        if found.merged_into:
            yield from _merged(txn, last, found)
        for cluster in found.clusters:
            if people.of_cluster(txn, cluster) != last:
                yield f"I12 people {last}: cluster {cluster} is not theirs"
        for table, names in ((Tables.PERSON_NAMES, _names(found)), (Tables.PERSON_ALIASES, _aliases(found))):
            for name in names:
                if txn.get(table, name) != key:
                    yield f"I12 people {last}: `{table.name}` does not have {name!r}"
    following = txn.number(Tables.META, b"next_person") or 1
    if last >= following:
        yield f"I12 meta next_person: it says {following}, but {last} is in use"


def _merged(txn: ReadTransaction, number: int, found: Person) -> Iterator[str]:
    if found.clusters or found.name or found.aliases:
        yield f"I12 people {number}: merged into {found.merged_into}, and yet has a name or a cluster"
    seen, at = {number}, found
    while at.merged_into and at.merged_into not in seen:
        seen.add(at.merged_into)
        after = people.person(txn, at.merged_into)
        if after is None:
            break
        at = after
    if at.merged_into:
        yield f"I12 people {number}: merged into {at.merged_into}, who is not there"


def _names(found: Person) -> tuple[bytes, ...]:
    return (found.name,) if found.name else ()


def _aliases(found: Person) -> tuple[bytes, ...]:
    return found.aliases


def _called(txn: ReadTransaction, table: Table, names: Callable[[Person], tuple[bytes, ...]]) -> Iterator[str]:
    for name, value in txn.items(table):
        found = txn.record(Tables.PEOPLE, value, Person)
        if found is None or name not in names(found):
            yield f"I12 {table.name} {name!r}: person {U32.unpack(value)[0]} is not called so"
