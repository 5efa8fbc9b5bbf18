"""What a hand of the runner brings home from a batch, to be committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photofsd.media.thumbnails import Batch
    from photofsd.store.transaction import WriteTransaction

Piece = Callable[["WriteTransaction"], None]
"""Something to be written: a function of a transaction."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """pieces: for one transaction. thumbnails: to be finished before it, so that what it says of them is so."""

    pieces: Sequence[Piece]
    thumbnails: Batch | None = None
