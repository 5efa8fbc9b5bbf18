"""What a hand of the runner brings home from a batch, to be committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction

Piece = Callable[["WriteTransaction"], None]
"""Something to be written: a function of a transaction."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """pieces: for one transaction.

    before: brings to the disk what they speak of, in a thread, before they are committed. Raises StoreFull, StoreError.
    took_s: how long the work itself took, where getting ready for it took time, too.
    """

    pieces: Sequence[Piece]
    before: Callable[[], None] | None = None
    took_s: float | None = None
