"""People: names, and whose the clusters are. Photos say in which clusters their faces are, never whose these are.

So naming somebody writes one record, and merging two people some rows of clusters, however many photos they are in.
A person who was merged stays as a tombstone: what was said of them is said of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pyroaring import BitMap

from photofsd.records import Person
from photofsd.store import facets, person_names
from photofsd.store.schema import CLUSTER_ROW, PEOPLE_CHANGES, U32, Table, Tables
from photofsd.types import NOBODY, AssetId, ClusterId, Facet, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

UNKNOWN = b"people_unknown"
"""Counter: those who have no name, are not hidden and have a cluster."""


_UNKNOWN = Person()


class ClusterRow(NamedTuple):
    """Whose a cluster is, and how many faces are in it, those of photos that are gone included."""

    person: PersonId
    faces: int


class Counts(NamedTuple):
    """How many people have a name, how many have none and are not hidden, how many faces there are."""

    named: int
    unknown: int
    faces: int


def person(txn: ReadTransaction, person: PersonId) -> Person | None:
    """What is known of a person, merged or not."""
    return txn.record(Tables.PEOPLE, U32.pack(person), Person)


def people(txn: ReadTransaction) -> Iterator[tuple[PersonId, Person]]:
    """Everybody but those who were merged into somebody, by id."""
    for key, value in txn.items(Tables.PEOPLE):
        found = txn.decode(value, Person)
        if not found.merged_into:
            yield PersonId(U32.unpack(key)[0]), found


def named(txn: ReadTransaction, name: bytes) -> PersonId | None:
    """Who has that name."""
    return _under(txn, Tables.PERSON_NAMES, name)


def names(txn: ReadTransaction) -> Iterator[tuple[bytes, PersonId]]:
    """Everybody who has a name, by name."""
    for name, value in txn.items(Tables.PERSON_NAMES):
        yield name, PersonId(U32.unpack(value)[0])


def meant(txn: ReadTransaction, name: bytes) -> PersonId | None:
    """Whom a file means by that name: who has it, else who had it before being renamed or merged."""
    found = named(txn, name)
    return found if found is not None else _under(txn, Tables.PERSON_ALIASES, name)


def _under(txn: ReadTransaction, table: Table, name: bytes) -> PersonId | None:
    value = txn.get(table, name) if 0 < len(name) <= person_names.NAME_MAX_BYTES else None
    return None if value is None else PersonId(U32.unpack(value)[0])


def resolve(txn: ReadTransaction, person_id: PersonId) -> PersonId:
    """Who that is now: those who were merged are somebody else. NOBODY where there is no such person."""
    while person_id:
        found = person(txn, person_id)
        if found is None:
            return NOBODY
        if not found.merged_into:
            return person_id
        person_id = found.merged_into
    return NOBODY


def cluster(txn: ReadTransaction, cluster_id: ClusterId) -> ClusterRow | None:
    """Whose a cluster is, and how large."""
    value = txn.get(Tables.CLUSTERS, U32.pack(cluster_id))
    return None if value is None else _row(value)


def clusters(txn: ReadTransaction) -> Iterator[tuple[ClusterId, ClusterRow]]:
    """All clusters, by id."""
    for key, value in txn.items(Tables.CLUSTERS):
        yield ClusterId(U32.unpack(key)[0]), _row(value)


def _row(value: bytes) -> ClusterRow:
    owner, faces = CLUSTER_ROW.unpack(value)
    return ClusterRow(PersonId(owner), faces)


def of_cluster(txn: ReadTransaction, cluster_id: ClusterId) -> PersonId:
    """Whose a cluster is; NOBODY where it is nobody's."""
    found = cluster(txn, cluster_id) if cluster_id else None
    return NOBODY if found is None else found.person


def faces_of(txn: ReadTransaction, person_id: PersonId) -> int:
    """How many faces a person has, those of photos that are gone included. Cheaper than `size`."""
    found = person(txn, person_id)
    rows = (cluster(txn, one) for one in (found.clusters if found is not None else ()))
    return sum(row.faces for row in rows if row is not None)


def size(txn: ReadTransaction, person_id: PersonId) -> int:
    """In how many photos a person is."""
    return len(photos(txn, person_id))


def photos(txn: ReadTransaction, person_id: PersonId) -> BitMap:
    """The photos that a person is in: by their faces, or because the file says so."""
    found = person(txn, person_id) or _UNKNOWN
    by_face = facets.union(txn, Facet.CLUSTER, (b"%d" % one for one in found.clusters))
    return by_face | facets.union(txn, Facet.NAMED, called(found))


def listed_photos(txn: ReadTransaction, person_id: PersonId, at_least: int) -> BitMap:
    """The photos of somebody whom nobody has named; none where they are too few, or their faces, for a folder."""
    found = photos(txn, person_id) if faces_of(txn, person_id) >= at_least else BitMap()
    return found if len(found) >= at_least else BitMap()


def is_in(txn: ReadTransaction, person_id: PersonId, asset: AssetId) -> bool:
    """Claim: the person is in the photo. It takes one lookup a cluster, whatever the number of photos."""
    found = person(txn, person_id) or _UNKNOWN
    return any(facets.contains(txn, Facet.CLUSTER, b"%d" % one, asset) for one in found.clusters) or any(
        facets.contains(txn, Facet.NAMED, name, asset) for name in called(found)
    )


def suggested(txn: ReadTransaction, person_id: PersonId) -> BitMap:
    """The photos with a face that looks like that person and is nobody's."""
    found = person(txn, person_id) or _UNKNOWN
    return facets.union(txn, Facet.SUGGESTED, (b"%d" % one for one in found.clusters))


def is_suggested(txn: ReadTransaction, person_id: PersonId, asset: AssetId) -> bool:
    """Claim: a face of the photo looks like that person and is nobody's."""
    found = person(txn, person_id) or _UNKNOWN
    return any(facets.contains(txn, Facet.SUGGESTED, b"%d" % one, asset) for one in found.clusters)


def called(found: Person) -> tuple[bytes, ...]:
    """What files call a person, as values of Facet.NAMED."""
    own = person_names.value(found.name)
    return (*found.aliases, own) if own else found.aliases


def changes(txn: ReadTransaction) -> int:
    """Another number whenever somebody's name, clusters or whether they are hidden have changed."""
    return txn.number(Tables.META, PEOPLE_CHANGES)


def counts(txn: ReadTransaction) -> Counts:
    """How many people and faces there are."""
    return Counts(txn.count(Tables.PERSON_NAMES), txn.counter(UNKNOWN), txn.count(Tables.FACE_ROWS))


# ---- changes


def new_person(txn: WriteTransaction, name: bytes = b"") -> PersonId:
    """Somebody new. name: one that nobody has."""
    person_id = PersonId(txn.next_id(b"next_person"))
    put(txn, person_id, Person(name))
    return person_id


def put(txn: WriteTransaction, person_id: PersonId, new: Person | None) -> None:
    """Write what is known of a person, None = there is no such person; names and counts come along.

    The clusters are written apart, by `give`. A name or alias that is somebody else's is theirs no more.
    """
    old = person(txn, person_id)
    txn.touch_person(person_id, old)
    key = U32.pack(person_id)
    _take(txn, Tables.PERSON_NAMES, person_id, _names(old), _names(new))
    _take(txn, Tables.PERSON_ALIASES, person_id, _aliases(old), _aliases(new))
    if new is None:
        txn.delete(Tables.PEOPLE, key)
    else:
        txn.put_record(Tables.PEOPLE, key, new)
    txn.count_by(UNKNOWN, is_unknown(new) - is_unknown(old))


def is_unknown(found: Person | None) -> bool:
    """Claim: they have a cluster, no name, and nobody has hidden them."""
    return found is not None and bool(found.clusters) and not found.name and not found.is_hidden


def _names(found: Person | None) -> set[bytes]:
    return {found.name} if found is not None and found.name else set()


def _aliases(found: Person | None) -> set[bytes]:
    return set(found.aliases) if found is not None else set()


def _take(txn: WriteTransaction, table: Table, person_id: PersonId, old: set[bytes], new: set[bytes]) -> None:
    for name in old - new:
        txn.delete(table, name)
    for name in new - old:
        holder = _under(txn, table, name)
        theirs = person(txn, holder) if holder is not None else None
        if holder is not None and theirs is not None:
            aliases = tuple(alias for alias in theirs.aliases if alias != name)
            is_name = table is Tables.PERSON_NAMES
            changed = {"name": b""} if is_name else {"aliases": aliases}
            put(txn, holder, msgspec.structs.replace(theirs, **changed))
        txn.put(table, name, U32.pack(person_id))


def new_cluster(txn: WriteTransaction, person_id: PersonId) -> ClusterId:
    """A cluster without faces, that person's. Raises LookupError where there is nobody."""
    cluster_id = ClusterId(txn.next_id(b"next_cluster"))
    txn.put(Tables.CLUSTERS, U32.pack(cluster_id), CLUSTER_ROW.pack(NOBODY, 0))
    give(txn, cluster_id, person_id)
    return cluster_id


def give(txn: WriteTransaction, cluster_id: ClusterId, person_id: PersonId) -> None:
    """That cluster is that person's from now on. Raises LookupError where either is not there."""
    row, new = cluster(txn, cluster_id), person(txn, person_id)
    if row is None or new is None or new.merged_into:
        raise LookupError(f"cluster {cluster_id} cannot be given to person {person_id}: one of them is not there")
    old = person(txn, row.person)
    if old is not None:
        put(txn, row.person, msgspec.structs.replace(old, clusters=_without(old.clusters, cluster_id)))
        new = person(txn, person_id) or new
    put(txn, person_id, msgspec.structs.replace(new, clusters=tuple(sorted({*new.clusters, cluster_id}))))
    txn.put(Tables.CLUSTERS, U32.pack(cluster_id), CLUSTER_ROW.pack(person_id, row.faces))


def merge(txn: WriteTransaction, person_id: PersonId, into: PersonId) -> None:
    """They are the same person: `into` has everything, and the name of the other where there was none.

    Raises LookupError where one of them is not there, or both are the same already.
    """
    theirs, others = person(txn, person_id), person(txn, into)
    if theirs is None or others is None or theirs.merged_into or others.merged_into or person_id == into:
        raise LookupError(f"person {person_id} cannot be merged into {into}")
    put(txn, person_id, Person(merged_into=into, is_said=theirs.is_said))
    name = others.name or theirs.name
    aliases = {*others.aliases, *called(theirs)} - {person_names.value(name)}
    clusters = tuple(sorted({*others.clusters, *theirs.clusters}))
    put(txn, into, msgspec.structs.replace(others, name=name, aliases=tuple(sorted(aliases)), clusters=clusters))
    for cluster_id in theirs.clusters:
        row = cluster(txn, cluster_id)
        if row is not None:
            txn.put(Tables.CLUSTERS, U32.pack(cluster_id), CLUSTER_ROW.pack(into, row.faces))


def rename(txn: WriteTransaction, person_id: PersonId, name: bytes) -> None:
    """Call a person so; what they were called before stays an alias. Nobody else has the name, nor as an alias now."""
    found = person(txn, person_id) or _UNKNOWN
    value = person_names.value(name)
    other = _under(txn, Tables.PERSON_ALIASES, value)
    theirs = person(txn, other) if other is not None and other != person_id else None
    if other is not None and theirs is not None:
        put(txn, other, msgspec.structs.replace(theirs, aliases=tuple(set(theirs.aliases) - {value})))
    aliases = tuple(sorted({*called(found)} - {value}))
    put(txn, person_id, msgspec.structs.replace(found, name=name, aliases=aliases))


def _without(all_of_them: tuple[ClusterId, ...], one: ClusterId) -> tuple[ClusterId, ...]:
    return tuple(other for other in all_of_them if other != one)


def home(txn: WriteTransaction, person_id: PersonId) -> ClusterId:
    """The cluster for a face that is that person's by somebody's word: their largest, or a new one.

    Raises LookupError where there is nobody.
    """
    found = person(txn, person_id) or _UNKNOWN
    sizes = {one: row.faces for one in found.clusters if (row := cluster(txn, one)) is not None}
    return max(sizes, key=lambda one: (sizes[one], -one)) if sizes else new_cluster(txn, person_id)


def count_faces(txn: WriteTransaction, cluster_id: ClusterId, delta: int) -> None:
    """So many faces have come into that cluster."""
    row = cluster(txn, cluster_id)
    if row is not None and delta:
        txn.put(Tables.CLUSTERS, U32.pack(cluster_id), CLUSTER_ROW.pack(row.person, row.faces + delta))


def drop_if_empty(txn: WriteTransaction, cluster_id: ClusterId) -> bool:
    """Forget a cluster without faces, and its person with the last one, of whom nobody has said anything."""
    row = cluster(txn, cluster_id)
    if row is None or row.faces:
        return False
    txn.delete(Tables.CLUSTERS, U32.pack(cluster_id))
    owner = person(txn, row.person)
    if owner is not None:
        left = msgspec.structs.replace(owner, clusters=_without(owner.clusters, cluster_id))
        put(txn, row.person, None if left == Person() else left)
    return True


def tidy(txn: WriteTransaction) -> int:
    """Forget the clusters without faces; how many those were. Call it when faces have been put elsewhere.

    What was suggested for such a cluster is suggested for nobody, until it is suggested anew.
    """
    empty = [cluster_id for cluster_id, row in clusters(txn) if not row.faces]
    return sum(drop_if_empty(txn, cluster_id) for cluster_id in empty)
