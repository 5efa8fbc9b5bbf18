"""Which model each stage shows photos to now, and whether what follows from that is queued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.store.schema import Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction


def chosen(txn: ReadTransaction, stage: str) -> str:
    """The id of the model that photos are shown to now; "" = none has ever been."""
    return (txn.get(Tables.MODELS, _role(b"chosen", stage)) or b"").decode()


def choose(txn: WriteTransaction, stage: str, model: str) -> None:
    """Show photos to `model` from now on."""
    txn.put(Tables.MODELS, _role(b"chosen", stage), model.encode())
    txn.delete(Tables.MODELS, _role(b"queued", stage))


def is_queued(txn: ReadTransaction, stage: str) -> bool:
    """Claim: what the chosen model has not been shown yet is queued, and nothing else."""
    return txn.get(Tables.MODELS, _role(b"queued", stage)) == txn.get(Tables.MODELS, _role(b"chosen", stage))


def set_queued(txn: WriteTransaction, stage: str) -> None:
    """Say so."""
    txn.put(Tables.MODELS, _role(b"queued", stage), chosen(txn, stage).encode())


def _role(role: bytes, stage: str) -> bytes:
    return b"%b\0%b" % (role, stage.encode())
