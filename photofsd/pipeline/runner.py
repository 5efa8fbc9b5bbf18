"""The runner: leases work, has children do it, commits what comes home. The pipeline's policy is here and in retry.

Readers are one task and one child each; the fact stages share one more. A child is started when there is work and
ends when it has been idle, so an idle daemon is one small process. Nothing here blocks the loop: the store is read
in threads and written by its writer.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import trio

from photofsd.errors import PhotofsdError, ReadersBroken, StoreFull
from photofsd.pipeline.crew import Crew
from photofsd.pipeline.questions import Questions
from photofsd.pipeline.rates import Rates
from photofsd.pipeline.results import Piece, Results
from photofsd.pipeline.scheduler import Scheduler
from photofsd.pipeline.stage import Stage, Trouble, Work
from photofsd.pipeline.visits import Visits
from photofsd.store import facets, jobs
from photofsd.types import AssetId, Subject

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.store.env import Store
    from photofsd.store.transaction import WriteTransaction
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

HELD_UP_WAIT_S = 10.0
FREE_MIN_BYTES = 64 << 20
RESET_ROWS = 1000
DISK_FULL = "the disk under the state folder is full: processing waits for room"


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """readers: children that read files. memory_mb: of a child. file_timeout_s: for one file, then it is given up."""

    readers: int
    memory_mb: int
    file_timeout_s: float
    work: Work = field(default_factory=Work)


class Hand(Protocol):
    """Something that works off a part of the queue with one child."""

    def take(self, batch: int) -> Sequence[Any]:
        """Lease the next tasks (in a thread)."""
        ...

    async def do(self, crew: Crew, tasks: Any) -> Sequence[Piece]:  # noqa: ANN401 - each hand has its own tasks
        """Work them off; what is to be committed."""
        ...


class Runner:
    """Works off the queue. `run` until cancelled; `wake` whenever jobs were queued."""

    def __init__(self, store: Store, writer: Writer, graph: Graph, settings: RunnerSettings, state: Path) -> None:
        self._writer = writer
        self._graph = graph
        self._settings = settings
        self._state = state
        self._results = Results(graph)
        self._work_came = trio.Event()
        self.scheduler = Scheduler(store, graph)
        self.rates = Rates()
        self.alert: str | None = None

    async def run(self) -> None:
        """Serve the queue until cancelled."""
        results, work, timeout_s = self._results, self._settings.work, self._settings.file_timeout_s
        visits = Visits(self.scheduler, results, self.rates, work=work, file_timeout_s=timeout_s)
        questions = Questions(self.scheduler, self._graph, results, self.rates, work=work, timeout_s=4 * timeout_s)
        async with trio.open_nursery() as nursery:
            for _ in range(self._settings.readers):
                nursery.start_soon(self._serve, visits)
            nursery.start_soon(self._serve, questions)

    def wake(self) -> None:
        """Look at the queue now. Call from the loop."""
        self._work_came.set()
        self._work_came = trio.Event()

    async def _serve(self, hand: Hand) -> None:
        """Take a batch, work it off, again; let the child go when there is nothing."""
        crew = Crew(self._settings.memory_mb)
        try:
            while True:
                woken = self._work_came
                tasks = await trio.to_thread.run_sync(hand.take, crew.batch) if await self._may_work() else ()
                if tasks:
                    await self._work_off(hand, crew, tasks)
                else:
                    await self._rest(crew, woken)
        finally:
            with trio.CancelScope(shield=True):
                await crew.dismiss()

    async def _work_off(self, hand: Hand, crew: Crew, tasks: Sequence[Any]) -> None:
        started = trio.current_time()
        try:
            await self._commit(await hand.do(crew, tasks))
        except StoreFull as error:
            await self._hold_up(DISK_FULL, error)
        except ReadersBroken as error:
            await self._hold_up(str(error), error)
        except Exception as error:  # a bug of ours must not stop the rest of the library
            log.exception("stage %s: a batch of %d could not be worked off", tasks[0].stage, len(tasks))
            await self._commit([self._broken(task, error) for task in tasks])
        finally:
            self.scheduler.release(tasks)
        crew.fit(trio.current_time() - started)

    async def _hold_up(self, alert: str, error: PhotofsdError) -> None:
        """What is wrong is wrong for every file: say so, wait, try again."""
        log.warning("%s", error)
        self.alert = alert
        await trio.sleep(HELD_UP_WAIT_S)

    def _broken(self, task: Any, error: Exception) -> Piece:  # noqa: ANN401 - of any hand
        trouble = Trouble(PhotofsdError.__name__, f"internal error: {type(error).__name__}: {error}")
        return lambda txn: self._results.failed(txn, task.stage, task.subject, trouble)

    async def _may_work(self) -> bool:
        """Claim: nothing holds the whole pipeline up."""
        room = await trio.to_thread.run_sync(_free_bytes, self._state)
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

    async def _commit(self, pieces: Sequence[Piece]) -> None:
        """Commit what came home, all of it or nothing. Raises StoreFull."""
        if pieces:
            future = self._writer.submit(functools.partial(_apply, pieces), rows=len(pieces))
            await trio.to_thread.run_sync(future.result)
            self.wake()


def _apply(pieces: Sequence[Piece], txn: WriteTransaction) -> None:
    for piece in pieces:
        piece(txn)


def _free_bytes(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def register(store: Store, writer: Writer, graph: Graph) -> None:
    """Make the stages known to the store; what a new stage, or another version of one, has to do is queued."""
    for stage in graph:
        match writer.run(functools.partial(_register, stage)):
            case jobs.Registered.OF_ANOTHER_VERSION:
                reset(writer, stage.name)
            case jobs.Registered.NEW if stage.subject is Subject.ASSET:
                _begin(store, writer, graph, stage)


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
