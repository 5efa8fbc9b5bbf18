"""Which pack of models finds faces.

Another pack looks at all photos anew. Photo by photo its faces take the places of those that were there
(store/faces.py): names and what users said of faces stay. Until that is through nobody is moved (store/face_change.py).
The vectors of the former pack go then.
"""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Final

from pyroaring import BitMap

from photofsd.index.vectors import FACE_ROWS
from photofsd.pipeline.stage_model import StageModel
from photofsd.pipeline.stages.faces import STAGE
from photofsd.records import Faces
from photofsd.store import face_change, jobs, model_roles
from photofsd.store.schema import U32, Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

log = logging.getLogger(__name__)

NO_MODEL: Final = "no model that finds faces is installed: photofsd models install buffalo_l"


class StageFaces(StageModel):
    """Keeps stage `faces` in a pack of models."""

    stage = STAGE
    without = NO_MODEL

    def shown_to(self, txn: ReadTransaction, model: str) -> BitMap:
        """Read from every photo's faces: seconds for a million, when a pack is taken into use."""
        photos = txn.items(Tables.FACES)
        return BitMap(U32.unpack(key)[0] for key, value in photos if txn.decode(value, Faces).model == model)

    def choose(self, txn: WriteTransaction, model: str) -> None:
        face_change.choose(txn, model)

    def tidy(self) -> bool:
        with self._store.read() as txn:
            model = model_roles.chosen(txn, STAGE.name)
            if jobs.counts(txn, jobs.stage(txn, STAGE.name)).queued:
                return False
        for former in self.folders(FACE_ROWS):
            if former != model:
                shutil.rmtree(self._vectors / former, ignore_errors=True)
                log.info("the faces' vectors of %s are forgotten", former)
        return False
