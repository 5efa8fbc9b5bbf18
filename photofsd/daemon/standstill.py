"""Why nobody is moved in /people: no model, another one on its way through the photos, one that tells nobody apart."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from photofsd.store import changes, face_change, jobs, model_roles, people
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

NO_MODEL: Final = "no face model: nobody is found (photofsd models install buffalo_l)"

FIRST: Final = AssetId(0)

log = logging.getLogger(__name__)


class Weighed(NamedTuple):
    """By what a model is weighed: it, and how often photos and people have changed."""

    model: str
    photos: int
    people: int

    @classmethod
    def now(cls, txn: ReadTransaction) -> Weighed:
        """What there is now."""
        return cls(model_roles.chosen(txn, face_change.STAGE), changes.sequence(txn), people.changes(txn))


class Standstill:
    """What keeps people as they are. One thread at a time changes it; any may ask.

    alert: what the model in use lacks, one line for people; None = nothing that is known.
    """

    def __init__(self) -> None:
        self._unfit: Weighed | None = None
        self._model = ""
        self._left = FIRST
        self.alert: str | None = None

    def reason(self, txn: ReadTransaction) -> str | None:
        """Why faces cannot be compared now, in words; None = they can."""
        model = model_roles.chosen(txn, face_change.STAGE)
        if not model:
            return NO_MODEL
        if not face_change.is_under_way(txn):
            return None
        queued = jobs.counts(txn, jobs.stage(txn, face_change.STAGE)).queued
        return f"everybody stays where they are until {model} has looked at all photos again, {queued:,} to go"

    # ---- Another model ----

    def is_through(self, txn: ReadTransaction) -> bool:
        """Claim: another model was on its way through the photos, and has come to the end."""
        return face_change.is_under_way(txn) and self._next_left(txn) is None

    def look(self, txn: ReadTransaction) -> None:
        """Note how far another model has come, and forget what the former one lacked."""
        model = model_roles.chosen(txn, face_change.STAGE)
        if self._unfit is not None and self._unfit.model != model:
            self._unfit, self.alert = None, None
        if not face_change.is_under_way(txn):
            return
        left = self._next_left(txn)
        if self._model != model:
            log.info("everybody in /people stays where they are until %s has looked at all photos again", model)
        self._model, self._left = model, self._left if left is None else left

    def end(self, txn: WriteTransaction) -> bool:
        """Let people be moved again where another model has come to the end; True where that is news."""
        is_through = self.is_through(txn)
        if is_through:
            face_change.end(txn)
        return is_through

    def _next_left(self, txn: ReadTransaction) -> AssetId | None:
        is_same = model_roles.chosen(txn, face_change.STAGE) == self._model
        return face_change.next_left(txn, self._left if is_same else FIRST)

    # ---- A model that tells nobody apart ----

    def is_unfit(self, txn: ReadTransaction) -> bool:
        """Claim: the model was found to tell nobody apart."""
        return self._unfit is not None and self._unfit.model == model_roles.chosen(txn, face_change.STAGE)

    def is_unfit_still(self, txn: ReadTransaction) -> bool:
        """Claim: so it was, and nothing that it is weighed by has changed."""
        return self._unfit is not None and self._unfit == Weighed.now(txn)

    def judge(self, weighed: Weighed, unfit: str) -> None:
        """Keep what a model was found to be. unfit: why it tells nobody apart; "" = it tells people apart."""
        if not unfit:
            self._unfit, self.alert = None, None
            return
        alert = f"everybody in /people stays where they are: {unfit}"
        if self._unfit is None or self._unfit.model != weighed.model:
            log.warning("%s", alert)
        self._unfit, self.alert = weighed, alert
