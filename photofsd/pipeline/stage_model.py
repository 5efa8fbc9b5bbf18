"""The model of one stage: found in its folder, taken into use; what it has not been shown yet is queued.

Whatever is chosen when: photos that a model has been shown already are not shown to it again.
"""

from __future__ import annotations

import functools
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from pyroaring import BitMap

from photofsd.models.folder import Purpose, chosen, installed, unfinished
from photofsd.pipeline.results import Results
from photofsd.pipeline.stage import VECTORS, ModelInUse
from photofsd.store import facets, jobs, model_roles
from photofsd.store.schema import STAGE_SUBJECT, Tables
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.models.known_ids import KnownIds
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.scheduler import Scheduler
    from photofsd.pipeline.stage import ModelStage
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

ROWS: Final = 500


class Around(NamedTuple):
    """What those who keep stages in models share. in_use: which model each stage has now, by the stage's name."""

    store: Store
    writer: Writer
    graph: Graph
    scheduler: Scheduler
    in_use: dict[str, ModelInUse]
    ids: KnownIds
    state: Path


class StageModel(ABC):
    """Keeps one stage in a model. In a thread, one at a time.

    without: why the stage waits where there is no model, and what to do.
    """

    stage: ClassVar[ModelStage[Any, Any, Any, Any]]
    without: ClassVar[str]

    def __init__(self, around: Around) -> None:
        self._around = around
        self._store = around.store
        self._writer = around.writer
        self._results = Results(around.graph)
        self._vectors = around.state / VECTORS
        self._folder: Path | None = None
        self._is_taking = False

    @abstractmethod
    def shown_to(self, txn: ReadTransaction, model: str) -> BitMap:
        """The photos that the model has been shown, and that need not be shown to it again."""

    @abstractmethod
    def choose(self, txn: WriteTransaction, model: str) -> None:
        """Show photos to `model` from now on."""

    @abstractmethod
    def tidy(self) -> bool:
        """Do what a model in use makes possible, such as forgetting a former one; True where there is more to do soon.

        Raises StoreError.
        """

    def is_settled(self, txn: ReadTransaction) -> bool:
        """Claim: nothing is left to do but to show photos."""
        return not self._is_taking

    @property
    def purpose(self) -> Purpose:
        """What its models are for."""
        return Purpose(self.stage.purpose)

    def look(self, folder: Path | None, name: str) -> bool:
        """Look at the models folder, and do what follows from it; True where there is more to do soon.

        name: of the model to use, "" = the only one, or the first by name. Raises StoreError, ModelUnusable.
        """
        self._folder, self._is_taking = folder, False
        model = None if folder is None else chosen(folder, self.purpose, name)
        if model is None:
            self.do_without(self._why_without(folder))
            return False
        found = self._around.ids.of(model)
        if found is None:
            self.do_without(f"the model {model.name} is being looked at")
            return True
        self._use(ModelInUse(found, self.purpose, str(model.folder), model.about))
        return self.tidy()

    def _why_without(self, folder: Path | None) -> str:
        """What is wrong with a model that lies there, but not whole; else what to do to have one."""
        there = () if folder is None else unfinished(folder)
        wrong = (f"the model in {path} is not whole: {why}" for purpose, path, why in there if purpose is self.purpose)
        return next(wrong, self.without)

    def do_without(self, why: str) -> None:
        """Let the stage wait."""
        self._around.in_use.pop(self.stage.name, None)
        self._around.scheduler.hold(self.stage.name, why)

    def _use(self, model: ModelInUse) -> None:
        """Let photos be shown to that model."""
        name = self.stage.name
        with self._store.read() as txn:
            is_chosen = model_roles.chosen(txn, name) == model.id
            is_queued = is_chosen and model_roles.is_queued(txn, name)
        if is_queued and self._around.in_use.get(name) == model:
            return
        self._is_taking = True
        self.do_without(f"the model {model.id} is taken into use")
        if not is_chosen:
            self._writer.run(functools.partial(self.choose, model=model.id))
        if not is_queued:
            self._queue(model.id)
        log.info("stage %s: photos are shown to %s", name, model.id)
        self._around.in_use[name] = model
        self._around.scheduler.let_go(name)
        self._is_taking = False

    def _queue(self, model: str) -> None:
        """Queue what the model has not been shown yet, and nothing that it has."""
        with self._store.read() as txn:
            shown, photos = self.shown_to(txn, model), facets.live(txn)
            number = jobs.stage(txn, self.stage.name).number
            queued = BitMap(STAGE_SUBJECT.unpack(key)[1] for key in txn.keys(Tables.JOBS, bytes((number,))))
        self.in_pieces(photos - shown - queued, self._redo)
        self.in_pieces(shown & queued, self._finish)
        self._writer.run(functools.partial(model_roles.set_queued, stage=self.stage.name))

    def _redo(self, photos: Sequence[int], txn: WriteTransaction) -> None:
        for photo in photos:
            self._results.redo(txn, self.stage, AssetId(photo))

    def _finish(self, photos: Sequence[int], txn: WriteTransaction) -> None:
        for photo in photos:
            jobs.finish(txn, jobs.stage(txn, self.stage.name), photo)

    def in_pieces(
        self, photos: Iterable[int], piece: Callable[[Sequence[int], WriteTransaction], None], most: int | None = None
    ) -> int:
        """Write in transactions of ROWS photos, `most` of them; how many there were."""
        rest, pieces = iter(photos), 0
        while pieces != most and (some := list(islice(rest, ROWS))):
            self._writer.run(functools.partial(piece, some), rows=len(some))
            pieces += 1
        return pieces

    def is_installed(self, model_id: str) -> bool:
        """Claim: that model lies in the models folder, or one that is yet to be read."""
        there = () if self._folder is None else installed(self._folder)
        return any(self._around.ids.of(model) in {None, model_id} for model in there if model.purpose is self.purpose)

    def folders(self, file: str) -> list[str]:
        """The models in whose folder of vectors the file lies."""
        try:
            return [path.name for path in self._vectors.iterdir() if (path / file).exists()]
        except FileNotFoundError:
            return []
