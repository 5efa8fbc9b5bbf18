"""A change of the model that finds faces: it is through when no photo waits with faces that another model has found.

Until then nobody is to be moved: half of everybody's faces could not be compared with the other half. A first model
changes nothing, and photos that merely wait for it are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from photofsd.records import Faces, JobRecord
from photofsd.store import jobs, model_roles
from photofsd.store.schema import STAGE_SUBJECT, U32, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

STAGE: Final = "faces"
_CHANGING: Final = b"changing\0" + STAGE.encode()


def choose(txn: WriteTransaction, model: str) -> None:
    """Show photos to `model` from now on; where another one was shown them, that is a change."""
    former = model_roles.chosen(txn, STAGE)
    model_roles.choose(txn, STAGE, model)
    if former not in {"", model}:
        txn.put(Tables.MODELS, _CHANGING, former.encode())


def is_under_way(txn: ReadTransaction) -> bool:
    """Claim: another model was chosen, and nobody has said since that it is through. One lookup."""
    return txn.get(Tables.MODELS, _CHANGING) is not None


def next_left(txn: ReadTransaction, start: AssetId) -> AssetId | None:
    """The first photo from `start` on that waits for the model with faces of another; None = it is through.

    What was tried in vain may wait for long, or for ever: it keeps nobody. Go on where it was found: photos are looked
    at in about that order, so that all calls together go through the queue once.
    """
    if not model_roles.is_queued(txn, STAGE):
        return start
    record, model = jobs.stage(txn, STAGE), model_roles.chosen(txn, STAGE)
    for key, value in txn.items(Tables.JOBS, bytes((record.number,)), STAGE_SUBJECT.pack(record.number, start)):
        _, asset = STAGE_SUBJECT.unpack(key)
        if not txn.decode(value, JobRecord).attempts and _has_faces_of_another(txn, asset, model):
            return AssetId(asset)
    return None


def _has_faces_of_another(txn: ReadTransaction, asset: int, model: str) -> bool:
    found = txn.record(Tables.FACES, U32.pack(asset), Faces)
    return found is not None and bool(found.faces) and found.model not in {"", model}


def end(txn: WriteTransaction) -> None:
    """It is through."""
    txn.delete(Tables.MODELS, _CHANGING)
