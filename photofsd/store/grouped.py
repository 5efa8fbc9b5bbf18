"""How many faces are new since all were grouped: by the ids that had been given by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from photofsd.store import faces
from photofsd.store.schema import Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

_MARK: Final = b"regrouped"


def given(txn: ReadTransaction) -> int:
    """How many ids faces have been given."""
    return faces.next_id(txn) - 1


def grown(txn: ReadTransaction) -> int:
    """How many of them since all were grouped."""
    return max(0, given(txn) - txn.number(Tables.META, _MARK))


def note(txn: WriteTransaction, up_to: int) -> None:
    """All are grouped that had been given an id when `given` was `up_to`; 0 = all are to be grouped."""
    txn.put_number(Tables.META, _MARK, up_to)
