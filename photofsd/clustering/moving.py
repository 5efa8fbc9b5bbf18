"""What the child has found comes into the store: each face is looked at again, for the user may have been faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from photofsd.clustering.messages import Move
from photofsd.store import faces, people
from photofsd.types import NOBODY, WAITING, ClusterId, FaceId, Hold, PersonId

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction

Newcomers = Mapping[int, PersonId]
"""Who those are that a request's answer has called -1, -2, ... so far."""


def moved(txn: WriteTransaction, moves: Sequence[Move], newcomers: Newcomers) -> Newcomers:
    """Move faces that are still where they were found, those of one photo together; who is new, these included.

    A face that was set by hand or by its file meanwhile, is in another cluster or gone stays as it is; so does one that
    the store does not let in (refused, another face of the photo is there).
    """
    met = dict(newcomers)
    found = [(move, faces.row(txn, FaceId(move.face))) for move in moves]
    still = [(move, at) for move, at in found if at is not None and at.cluster == move.was and at.hold is Hold.NONE]
    for move, at in still:
        if at.cluster or at.suggested:
            faces.place(txn, FaceId(move.face), WAITING)
    for move, _ in still:
        cluster = _cluster(txn, move.person, met)
        suggested = _cluster(txn, move.suggested, met)
        is_in = faces.place(txn, FaceId(move.face), cluster, suggested=suggested)
        if move.was and (not is_in or (move.person and not cluster)):
            faces.place(txn, FaceId(move.face), ClusterId(move.was))
    return met


def _cluster(txn: WriteTransaction, person: int, met: dict[int, PersonId]) -> ClusterId:
    """Where that person's faces go; WAITING for nobody, and for somebody who is not there any more."""
    if person < 0 and person not in met:
        met[person] = people.new_person(txn)
    whose = people.resolve(txn, met.get(person, PersonId(max(person, NOBODY))))
    return people.home(txn, whose) if whose else WAITING
