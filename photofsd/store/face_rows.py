"""Where each face is: its photo, its cluster, who put it there. The clusters' counts follow every change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from photofsd.store import people
from photofsd.store.schema import FACE_ROW, U32, Tables
from photofsd.types import WAITING, AssetId, ClusterId, FaceId, Hold

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


class FaceRow(NamedTuple):
    """Where a face is: in which photo, in which cluster, whose faces it only looks like; and who says so."""

    asset: AssetId
    cluster: ClusterId = WAITING
    suggested: ClusterId = WAITING
    hold: Hold = Hold.NONE


def row(txn: ReadTransaction, face: FaceId) -> FaceRow | None:
    """Where a face is; None where it is not (any more)."""
    value = txn.get(Tables.FACE_ROWS, U32.pack(face))
    return None if value is None else _parsed(value)


def rows(txn: ReadTransaction, start: int = 0) -> Iterator[tuple[FaceId, FaceRow]]:
    """Where every face is, by id, from the id `start` on."""
    for key, value in txn.items(Tables.FACE_ROWS, start=U32.pack(start)):
        yield FaceId(U32.unpack(key)[0]), _parsed(value)


def put(txn: WriteTransaction, face: FaceId, new: FaceRow | None) -> None:
    """Write where a face is, None = nowhere any more. Touch its photo before."""
    old = row(txn, face)
    if old == new:
        return
    if new is None:
        txn.delete(Tables.FACE_ROWS, U32.pack(face))
    else:
        txn.put(Tables.FACE_ROWS, U32.pack(face), FACE_ROW.pack(*new))
    before, after = (one.cluster if one is not None else WAITING for one in (old, new))
    if before != after:
        people.count_faces(txn, before, -1)
        people.count_faces(txn, after, +1)


def _parsed(value: bytes) -> FaceRow:
    asset, cluster, suggested, hold = FACE_ROW.unpack(value)
    return FaceRow(AssetId(asset), ClusterId(cluster), ClusterId(suggested), Hold(hold))
