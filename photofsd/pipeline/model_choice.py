"""Which image-text model is used: found in its folder, taken into use, exchanged for another without a gap.

Another model embeds all photos anew, in the background, from their previews. Until it has, the vectors of the former
one go on answering; then one transaction swaps the two, and what there is of the former one is forgotten. Whatever is
chosen when: photos that a model has embedded already are not embedded again.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import shutil
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
from pyroaring import BitMap

from photofsd.errors import PhotofsdError, StoreError
from photofsd.models.folder import Purpose, chosen, installed
from photofsd.models.known_ids import IDS, KnownIds
from photofsd.pipeline.results import Results
from photofsd.pipeline.stage import ModelInUse
from photofsd.pipeline.stages.clip import STAGE as CLIP
from photofsd.pipeline.stages.clip import VECTORS
from photofsd.store import embeddings, facets, jobs
from photofsd.store.schema import STAGE_SUBJECT, U32, Tables
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.scheduler import Scheduler
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 10.0
SOON_S: Final = 1.0
ROWS: Final = 500
PIECES: Final = 20
"""Transactions of ROWS photos in which a model is forgotten, before somebody else has a turn."""
STRAGGLERS_MAX: Final = 1000
NO_MODEL: Final = "no image-text model is installed: photofsd models install ViT-B-32__laion2b-s34b-b79k"


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """folder: where models lie, None = nowhere. name: of the one to use, "" = the only one, or the first by name."""

    folder: Path | None = None
    name: str = ""


class ModelChoice:
    """Keeps stage `clip` in a model. `run` until cancelled.

    in_use: which model each stage has now, by the stage's name. on_work: called when there is something to do.
    """

    def __init__(
        self, store: Store, writer: Writer, graph: Graph, *, scheduler: Scheduler, wanted: Wanted, state: Path
    ) -> None:
        self._store = store
        self._writer = writer
        self._results = Results(graph)
        self._scheduler = scheduler
        self._wanted = wanted
        self._vectors = state / VECTORS
        self._ids = KnownIds(state / IDS)
        self._asked = trio.Event()
        self._looked = trio.Event()
        self._is_busy = True
        self.in_use: dict[str, ModelInUse] = {}

    async def run(self, on_work: Callable[[], None]) -> None:
        """Look at the models folder now and then."""
        while True:
            self._asked = trio.Event()
            looked, self._looked = self._looked, trio.Event()
            await trio.to_thread.run_sync(self._tend)
            looked.set()
            on_work()
            with trio.move_on_after(SOON_S if self._is_busy else LOOK_EVERY_S):
                await self._asked.wait()

    def want(self, name: str) -> None:
        """Another model is to be used. Call from the loop."""
        self._wanted = dataclasses.replace(self._wanted, name=name)
        self._asked.set()

    async def look_again(self) -> None:
        """Return when the models folder has been looked at once more."""
        looked = self._looked
        self._asked.set()
        await looked.wait()

    def is_settled(self) -> bool:
        """Claim: the models folder has been looked at, and nothing is left to do but to embed. In a thread."""
        with self._store.read() as txn:
            return not self._is_busy and not self._may_swap(txn)

    def _tend(self) -> None:
        """Look at the models folder, and do what follows from it. In a thread."""
        try:
            self._is_busy = self.look()
        except StoreError as error:
            log.warning("models: %s", error)
        except PhotofsdError as error:
            self._is_busy = False
            self._do_without(str(error))
        except Exception as error:
            self._is_busy = False
            log.exception("models")
            self._do_without(f"internal error: {type(error).__name__}: {error}")

    def look(self) -> bool:
        """Look at the models folder, and do what follows from it; True where there is more to do soon.

        Raises StoreError, ModelUnusable.
        """
        folder = self._wanted.folder
        model = None if folder is None else chosen(folder, Purpose.CLIP, self._wanted.name)
        if model is None:
            self._do_without(NO_MODEL)
            return False
        found = self._ids.of(model)
        if found is None:
            self._do_without(f"the model {model.name} is being looked at")
            return True
        self._use(ModelInUse(found, Purpose.CLIP, str(model.folder), model.about))
        self._swap_if_due()
        return self._forget()

    def _do_without(self, why: str) -> None:
        self.in_use.pop(CLIP.name, None)
        self._scheduler.hold(CLIP.name, why)

    def _use(self, model: ModelInUse) -> None:
        """Let photos be embedded with that model."""
        with self._store.read() as txn:
            is_chosen = embeddings.chosen(txn) == model.id
            is_queued = is_chosen and embeddings.is_queued(txn)
        if is_queued and self.in_use.get(CLIP.name) == model:
            return
        self._is_busy = True
        self._do_without(f"the model {model.id} is taken into use")
        if not is_chosen:
            self._writer.run(functools.partial(embeddings.choose, model=model.id))
        if not is_queued:
            self._queue(model.id)
        log.info("stage %s: photos are embedded with %s", CLIP.name, model.id)
        self.in_use[CLIP.name] = model
        self._scheduler.let_go(CLIP.name)

    def _queue(self, model: str) -> None:
        """Queue what the model has not embedded yet, and nothing that it has."""
        with self._store.read() as txn:
            embedded, photos = facets.bitmap(txn, Facet.EMBEDDED, model.encode()), facets.live(txn)
            number = jobs.stage(txn, CLIP.name).number
            queued = BitMap(STAGE_SUBJECT.unpack(key)[1] for key in txn.keys(Tables.JOBS, bytes((number,))))
        self._in_pieces(photos - embedded - queued, self._results_redo)
        self._in_pieces(embedded & queued, _finish)
        self._writer.run(embeddings.set_queued)

    def _results_redo(self, photos: Sequence[int], txn: WriteTransaction) -> None:
        for photo in photos:
            self._results.redo(txn, CLIP, AssetId(photo))

    def _in_pieces(
        self, photos: Iterable[int], piece: Callable[[Sequence[int], WriteTransaction], None], most: int | None = None
    ) -> int:
        """Write in transactions of ROWS photos, `most` of them; how many there were."""
        rest, pieces = iter(photos), 0
        while pieces != most and (some := list(islice(rest, ROWS))):
            self._writer.run(functools.partial(piece, some), rows=len(some))
            pieces += 1
        return pieces

    def _swap_if_due(self) -> None:
        """Let the new model answer as soon as it can do so as well as the former, or the former cannot at all."""
        with self._store.read() as txn:
            answering, model = embeddings.answering(txn), embeddings.chosen(txn)
            is_due = answering not in {"", model} and (self._may_swap(txn) or not self._is_installed(answering))
        if is_due:
            self._writer.run(embeddings.swap)
            log.info("searches are answered by %s from now on", model)

    def _may_swap(self, txn: ReadTransaction) -> bool:
        """Claim: what the answering model has embedded the chosen one has, too, or has failed to."""
        answering, model = embeddings.answering(txn), embeddings.chosen(txn)
        if answering in {"", model} or CLIP.name not in self.in_use:
            return False
        record = jobs.stage(txn, CLIP.name)
        old, new = (facets.bitmap(txn, Facet.EMBEDDED, name.encode()) for name in (answering, model))
        stragglers = old - new
        if len(stragglers) > STRAGGLERS_MAX:
            return False
        waiting = (jobs.get(txn, record, asset) for asset in stragglers)
        return all(job is None or job.attempts for job in waiting)

    def _is_installed(self, model_id: str) -> bool:
        """Claim: that model lies in the models folder, or one that is yet to be read."""
        there = () if self._wanted.folder is None else installed(self._wanted.folder)
        return any(self._ids.of(model) in {None, model_id} for model in there if model.purpose is Purpose.CLIP)

    def _forget(self) -> bool:
        """Forget some of a model that is not needed any more; True where there is more of it."""
        with self._store.read() as txn:
            needed = {embeddings.chosen(txn), embeddings.answering(txn)}
            known = {value.decode() for value in facets.values(txn, Facet.EMBEDDED)} | set(self._folders())
            former = embeddings.former(txn)
        for model in known - needed - set(former):
            if not self._is_installed(model):
                self._writer.run(functools.partial(embeddings.retire, model=model))
                former.append(model)
        for model in former:
            with self._store.read() as txn:
                photos = list(islice(_photos_with(txn, model), ROWS * PIECES))
            if self._in_pieces(photos, functools.partial(_discount, model)) == PIECES:
                return True
            shutil.rmtree(self._vectors / model, ignore_errors=True)
            self._writer.run(functools.partial(embeddings.forgotten, model=model))
            log.info("the vectors of %s are forgotten", model)
        return False

    def _folders(self) -> list[str]:
        try:
            return [path.name for path in self._vectors.iterdir() if path.is_dir()]
        except FileNotFoundError:
            return []


def _photos_with(txn: ReadTransaction, model: str) -> Iterable[int]:
    """Photos, gone ones too, of which a row of `model` counts."""
    for key in txn.keys(Tables.EMBEDDINGS):
        (asset,) = U32.unpack(key)
        record = embeddings.embedding(txn, AssetId(asset))
        if record is not None and model in record.rows:
            yield asset


def _finish(photos: Sequence[int], txn: WriteTransaction) -> None:
    for photo in photos:
        jobs.finish(txn, jobs.stage(txn, CLIP.name), photo)


def _discount(model: str, photos: Sequence[int], txn: WriteTransaction) -> None:
    for photo in photos:
        embeddings.discount(txn, AssetId(photo), model)
