"""The runner: leases work, has children do it, commits what comes home. The pipeline's policy is here and in retry.

Readers are one task and one child each; the fact stages share one more, and so do those that show photos to models. A
child is started when there is work and ends when it has been idle, so an idle daemon is one small process. Nothing here
blocks the loop: the store is read in threads and written by its writer.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import trio

from photofsd.errors import ChildrenBroken, PhotofsdError, StoreError, StoreFull
from photofsd.media.thumbnails import Thumbnails
from photofsd.pipeline.crew import Crew, Shift
from photofsd.pipeline.landing import Landing
from photofsd.pipeline.model_choice import ModelChoice, Wanted
from photofsd.pipeline.model_questions import MODELS, ModelQuestions, ModelSettings
from photofsd.pipeline.outcome import Outcome, Piece
from photofsd.pipeline.questions import Questions
from photofsd.pipeline.rates import Pace
from photofsd.pipeline.results import Results
from photofsd.pipeline.scheduler import Scheduler
from photofsd.pipeline.stage import Home, Stage, Trouble, Work
from photofsd.pipeline.visits import Patience, Visits
from photofsd.store import facets, jobs
from photofsd.types import AssetId, Subject

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

THUMBNAILS = "thumbs"
"""Their folder in the state folder."""

HELD_UP_WAIT_S = 10.0
FREE_MIN_BYTES = 64 << 20
RESET_ROWS = 1000
DISK_FULL = "the disk under the state folder is full: processing waits for room"


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """readers: children that read files. memory_mb: of a child. patience: with one file, then it is given up.

    models: how models are run; wanted: which. shift: how a child is worked, but that of the models.
    """

    readers: int
    memory_mb: int
    patience: Patience
    work: Work = field(default_factory=Work)
    models: ModelSettings = field(default_factory=ModelSettings)
    wanted: Wanted = field(default_factory=Wanted)
    shift: Shift = field(default_factory=Shift)


class Hand(Protocol):
    """Something that works off a part of the queue with one child."""

    def take(self, batch: int) -> Sequence[Any]:
        """Lease the next tasks (in a thread)."""
        ...

    async def do(self, crew: Crew, tasks: Any) -> Outcome:  # noqa: ANN401 - each hand has its own tasks
        """Work them off; what is to be committed."""
        ...


class Runner:
    """Works off the queue. `run` until cancelled; `wake` whenever jobs were queued.

    state: the folder whose disk must not be full; thumbnails lie there, too.
    """

    def __init__(self, store: Store, writer: Writer, graph: Graph, settings: RunnerSettings, state: Path) -> None:
        self._writer = writer
        self._graph = graph
        self._settings = settings
        self._state = state
        self._results = Results(graph)
        self._landing = Landing(store, Thumbnails(state / THUMBNAILS))
        self._work = msgspec.structs.replace(settings.work, thumbnails=os.fspath(state / THUMBNAILS))
        self._work_came = trio.Event()
        self.scheduler = Scheduler(store, graph)
        self.models = ModelChoice(store, writer, graph, scheduler=self.scheduler, wanted=settings.wanted, state=state)
        self.pace = Pace()
        self.alert: str | None = None

    async def run(self) -> None:
        """Serve the queue until cancelled."""
        results, settings, pace = self._results, self._settings, self.pace
        visits = Visits(self.scheduler, results, self._landing, pace, work=self._work, patience=settings.patience)
        timeout_s = 4 * settings.patience.file_s
        questions = Questions(self.scheduler, self._graph, results, pace, work=self._work, timeout_s=timeout_s)
        model_questions = ModelQuestions(
            self.scheduler,
            self._graph,
            results,
            pace,
            work=self._work,
            home=Home(self._state, self._writer),
            settings=settings.models,
            in_use=self.models.in_use,
        )
        async with trio.open_nursery() as nursery:
            for _ in range(settings.readers):
                nursery.start_soon(self._serve, visits, Crew(settings.memory_mb, shift=settings.shift))
            nursery.start_soon(self._serve, questions, Crew(settings.memory_mb, shift=settings.shift))
            models = Crew(settings.models.memory_mb, MODELS, settings.models.shift())
            nursery.start_soon(self._serve, model_questions, models)
            nursery.start_soon(self.models.run, self.wake)

    def wake(self) -> None:
        """Look at the queue now. Call from the loop."""
        self._work_came.set()
        self._work_came = trio.Event()

    async def _serve(self, hand: Hand, crew: Crew) -> None:
        """Take a batch, work it off, again; let the child go when there is nothing.

        While one batch is committed the child has the next: neither the disk nor the reader waits for the other.
        """
        commits = trio.Semaphore(1)
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    woken = self._work_came
                    tasks = await trio.to_thread.run_sync(hand.take, crew.batch) if await self._may_work() else ()
                    if tasks:
                        outcome = await self._work_off(hand, crew, tasks)
                        await commits.acquire()
                        nursery.start_soon(self._bring_home, tasks, outcome, commits)
                    else:
                        await self._rest(crew, woken)
        finally:
            with trio.CancelScope(shield=True):
                await crew.dismiss()

    async def _work_off(self, hand: Hand, crew: Crew, tasks: Sequence[Any]) -> Outcome:
        """Have the crew do the tasks; what came of it."""
        started = trio.current_time()
        try:
            outcome = await hand.do(crew, tasks)
        except (StoreError, ChildrenBroken) as error:
            await self._hold_up(error)
            outcome = Outcome([])
        except Exception as error:  # noqa: BLE001 - a bug of ours must not stop the rest of the library
            outcome = self._broken(tasks, error)
        took_s = trio.current_time() - started if outcome.took_s is None else outcome.took_s
        await crew.rate(len(tasks), took_s)
        return outcome

    async def _bring_home(self, tasks: Sequence[Any], outcome: Outcome, commits: trio.Semaphore) -> None:
        """Commit what came of the tasks, all of it or nothing, and give the tasks back."""
        try:
            try:
                await self._commit(outcome)
            except StoreError as error:
                await self._hold_up(error)
            except Exception as error:  # noqa: BLE001 - as above
                await self._commit(self._broken(tasks, error))
        finally:
            self.scheduler.release(tasks)
            commits.release()
            self.wake()

    async def _hold_up(self, error: PhotofsdError) -> None:
        """What is wrong is wrong for every file: say so, wait, try again."""
        log.warning("%s", error)
        self.alert = DISK_FULL if isinstance(error, StoreFull) else str(error)
        await trio.sleep(HELD_UP_WAIT_S)

    def _broken(self, tasks: Sequence[Any], error: Exception) -> Outcome:
        """All of the batch has failed, by our fault."""
        log.error("stage %s: a batch of %d could not be worked off", tasks[0].stage, len(tasks), exc_info=error)
        trouble = Trouble(PhotofsdError.__name__, f"internal error: {type(error).__name__}: {error}")
        failed = self._results.failed
        return Outcome([functools.partial(failed, name=t.stage, subject=t.subject, trouble=trouble) for t in tasks])

    async def _may_work(self) -> bool:
        """Claim: nothing holds the whole pipeline up."""
        room = (await trio.to_thread.run_sync(shutil.disk_usage, self._state)).free
        self.alert = None if room >= FREE_MIN_BYTES else DISK_FULL
        return self.alert is None

    async def _rest(self, crew: Crew, woken: trio.Event) -> None:
        """Wait until something is due; let an idle child go meanwhile."""
        due_s = await trio.to_thread.run_sync(self.scheduler.next_due_s)
        is_held_up = self.alert is not None or due_s is None
        wait_s = HELD_UP_WAIT_S if is_held_up or due_s is None else min(HELD_UP_WAIT_S, max(0.2, due_s))
        with trio.move_on_after(wait_s):
            await woken.wait()
        await crew.let_go_if_idle()

    async def _commit(self, outcome: Outcome) -> None:
        """Bring to the disk what the pieces speak of, then commit these. Raises StoreFull, StoreError."""
        if outcome.before is not None:
            await trio.to_thread.run_sync(outcome.before)
        if outcome.pieces:
            future = self._writer.submit(functools.partial(_apply, outcome.pieces), rows=len(outcome.pieces))
            await trio.to_thread.run_sync(future.result)


def _apply(pieces: Sequence[Piece], txn: WriteTransaction) -> None:
    for piece in pieces:
        piece(txn)


def register(store: Store, writer: Writer, graph: Graph) -> None:
    """Make the stages known to the store; what one that is new, or back, or of another version has to do is queued."""
    for stage in graph:
        before = writer.run(functools.partial(_register, stage))
        if before is jobs.Registered.OF_ANOTHER_VERSION:
            reset(writer, stage.name)
        if before is not jobs.Registered.SAME and stage.subject is Subject.ASSET:
            _begin(store, writer, graph, stage)
    writer.run(lambda txn: jobs.leave_out_others(txn, {stage.name for stage in graph}))


def reset(writer: Writer, name: str) -> int:
    """Queue all of a stage again, in transactions of RESET_ROWS, however many there are; how many are queued then."""
    after: int | None = 0
    while after is not None:
        after = writer.run(functools.partial(_reset_some, name, after), rows=RESET_ROWS)
    return writer.run(lambda txn: jobs.counts(txn, jobs.stage(txn, name)).queued)


def _begin(store: Store, writer: Writer, graph: Graph, stage: Stage[Any]) -> None:
    """Queue a new stage for the photos that are there already, in transactions of RESET_ROWS."""
    with store.read() as txn:
        photos = facets.live(txn).to_array()
    results = Results(graph)
    for first in range(0, len(photos), RESET_ROWS):
        some = photos[first : first + RESET_ROWS]
        writer.run(functools.partial(_begin_some, results, stage, some), rows=RESET_ROWS)


def _begin_some(results: Results, stage: Stage[Any], photos: Sequence[int], txn: WriteTransaction) -> None:
    for photo in photos:
        results.begin(txn, stage, AssetId(photo))


def _register(stage: Stage[Any], txn: WriteTransaction) -> jobs.Registered:
    return jobs.register(txn, stage.name, stage.version, stage.subject)


def _reset_some(name: str, after: int, txn: WriteTransaction) -> int | None:
    return jobs.reset(txn, jobs.stage(txn, name), after=after, limit=RESET_ROWS)
