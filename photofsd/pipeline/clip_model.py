"""Which image-text model is used, and which answers searches.

Another model embeds all photos anew. Until it has, the vectors of the former one go on answering; then one transaction
swaps the two, and what there is of the former one is forgotten.
"""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from photofsd.index.vectors import ROWS as PICTURES
from photofsd.pipeline.stage_model import ROWS, StageModel
from photofsd.pipeline.stages.clip import STAGE
from photofsd.store import embeddings, facets, jobs, model_roles
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from pyroaring import BitMap

    from photofsd.store.transaction import ReadTransaction, WriteTransaction

log = logging.getLogger(__name__)

PIECES: Final = 20
"""Transactions of ROWS photos in which a model is forgotten, before somebody else has a turn."""
STRAGGLERS_MAX: Final = 1000
NO_MODEL: Final = "no image-text model is installed: photofsd models install ViT-B-32__laion2b-s34b-b79k"


class StageClip(StageModel):
    """Keeps stage `clip` in a model."""

    stage = STAGE
    without = NO_MODEL

    def shown_to(self, txn: ReadTransaction, model: str) -> BitMap:
        return facets.bitmap(txn, Facet.EMBEDDED, model.encode())

    def choose(self, txn: WriteTransaction, model: str) -> None:
        embeddings.choose(txn, model)

    def is_settled(self, txn: ReadTransaction) -> bool:
        return super().is_settled(txn) and not self._may_swap(txn)

    def tidy(self) -> bool:
        self._swap_if_due()
        return self._forget()

    def _swap_if_due(self) -> None:
        """Let the new model answer as soon as it can do so as well as the former, or the former cannot at all."""
        with self._store.read() as txn:
            answering, model = embeddings.answering(txn), model_roles.chosen(txn, STAGE.name)
            is_due = answering not in {"", model} and (self._may_swap(txn) or not self.is_installed(answering))
        if is_due:
            self._writer.run(embeddings.swap)
            log.info("searches are answered by %s from now on", model)

    def _may_swap(self, txn: ReadTransaction) -> bool:
        """Claim: what the answering model has embedded the chosen one has, too, or has failed to."""
        answering, model = embeddings.answering(txn), model_roles.chosen(txn, STAGE.name)
        if answering in {"", model} or STAGE.name not in self._around.in_use:
            return False
        stragglers = self.shown_to(txn, answering) - self.shown_to(txn, model)
        if len(stragglers) > STRAGGLERS_MAX:
            return False
        record = jobs.stage(txn, STAGE.name)
        waiting = (jobs.get(txn, record, asset) for asset in stragglers)
        return all(job is None or job.attempts for job in waiting)

    def _forget(self) -> bool:
        """Forget some of a model that is not needed any more; True where there is more of it."""
        with self._store.read() as txn:
            needed = {model_roles.chosen(txn, STAGE.name), embeddings.answering(txn)}
            known = {value.decode() for value in facets.values(txn, Facet.EMBEDDED)} | set(self.folders(PICTURES))
            former = embeddings.former(txn)
        for model in known - needed - set(former):
            if not self.is_installed(model):
                self._writer.run(functools.partial(embeddings.retire, model=model))
                former.append(model)
        for model in former:
            with self._store.read() as txn:
                photos = list(islice(_photos_with(txn, model), ROWS * PIECES))
            if self.in_pieces(photos, functools.partial(_discount, model), PIECES) == PIECES:
                return True
            shutil.rmtree(self._vectors / model, ignore_errors=True)
            self._writer.run(functools.partial(embeddings.forgotten, model=model))
            log.info("the vectors of %s are forgotten", model)
        return False


def _photos_with(txn: ReadTransaction, model: str) -> Iterable[int]:
    """Photos, gone ones too, of which a row of `model` counts."""
    for key in txn.keys(Tables.EMBEDDINGS):
        (asset,) = U32.unpack(key)
        record = embeddings.embedding(txn, AssetId(asset))
        if record is not None and model in record.rows:
            yield asset


def _discount(model: str, photos: Sequence[int], txn: WriteTransaction) -> None:
    for photo in photos:
        embeddings.discount(txn, AssetId(photo), model)
