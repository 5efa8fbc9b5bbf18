"""Showing photos to models: a batch to the child that has the model; what is wrong with all photos holds their stage.

A batch that needs more memory than there is, or over which the child dies, is halved. A single photo that still does
not fit waits, with its stage: what is missing is memory, not the photo's fault. A single photo over which the child
dies is tried once more and given up, as a file is; but where nothing has worked since the last such death, the stage
rests, too: then photos are not what is wrong.
"""

from __future__ import annotations

import functools
import logging
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio

from photofsd.errors import ChildDied, FileUnreadable, ModelUnusable, OutOfModelMemory
from photofsd.pipeline.crew import Shift
from photofsd.pipeline.model_order import Ask, Reply
from photofsd.pipeline.outcome import Outcome
from photofsd.pipeline.stage import Home, ModelInUse, ModelStage, Trouble, Work
from photofsd.processes.child import Program
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.pipeline.crew import Crew
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.outcome import Piece
    from photofsd.pipeline.rates import Pace
    from photofsd.pipeline.results import Results
    from photofsd.pipeline.scheduler import FactTask, Scheduler
    from photofsd.store.transaction import WriteTransaction

log = logging.getLogger(__name__)

MODELS: Final = Program("photofsd.pipeline.model_child", "models process", "models.memory_mb")
BATCH_S: Final = 1.0
BATCH_FIRST: Final = 4
TASKS_MAX: Final = 100_000
"""Loading a model takes seconds: its child is replaced once an hour or so."""
REST_S: Final = 300.0
"""A stage that lacks memory, or whose model cannot be used, tries again after that; so does a batch that was halved."""
PATIENCE_S: Final = 600.0
"""A batch that takes longer, with the loading of its model, is given up."""

_Stage = ModelStage[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """memory_mb: of the models' child, see lowered.py. threads: of a model. batch_max: photos at once."""

    memory_mb: int = 4096
    threads: int = 1
    batch_max: int = 128

    def shift(self) -> Shift:
        """How the child is worked. Its address space says nothing: models and devices are mapped."""
        first = min(BATCH_FIRST, self.batch_max)
        return Shift(BATCH_S, first, self.batch_max, tasks_max=TASKS_MAX, worn_share=math.inf)


class ModelQuestions:
    """The work of all model stages. in_use: which model each of them has now, by the stage's name."""

    def __init__(
        self,
        scheduler: Scheduler,
        graph: Graph,
        results: Results,
        pace: Pace,
        *,
        work: Work,
        home: Home,
        settings: ModelSettings,
        in_use: Mapping[str, ModelInUse],
    ) -> None:
        self._scheduler = scheduler
        self._graph = graph
        self._results = results
        self._pace = pace
        self._work = work
        self._home = home
        self._settings = settings
        self._in_use = in_use
        self._fitting = settings.batch_max
        self._fitting_until = 0.0
        self._has_worked = False
        self._lately = ""

    def take(self, batch: int) -> Sequence[FactTask]:
        """The next questions, all to one stage, the same as before where it has more: the child has its model.

        No more at once than there lately was memory for.
        """
        is_tight = time.monotonic() < self._fitting_until
        limit = min(batch, self._fitting) if is_tight else batch
        tasks = self._scheduler.model_tasks(limit, first=self._lately)
        self._lately = tasks[0].stage if tasks else self._lately
        return tasks

    async def do(self, crew: Crew, tasks: Sequence[FactTask]) -> Outcome:
        """Ask them; what came of it, to be committed. What is not asked after all is simply due again."""
        stage = self._graph[tasks[0].stage]
        if not isinstance(stage, ModelStage):
            raise TypeError(f"{stage.name} asks no model")
        self._pace.retried.count(stage.name, sum(task.attempts > 0 for task in tasks))
        pieces: list[Piece] = [
            functools.partial(self._answered, stage, task, {}) for task in tasks if task.question is None
        ]
        model = self._in_use.get(stage.name)
        asked = [task for task in tasks if model is not None and _model_of(task) == model.id]
        if model is None or not asked:
            return Outcome(pieces, took_s=BATCH_S)
        batch = _Batch(stage, model)
        await self._ask(crew, batch, asked)
        self._pace.done.count(stage.name, len(batch.found))
        pieces += [functools.partial(self._failed, task, trouble) for task, trouble in batch.failed]
        pieces += [functools.partial(self._answered, stage, task, batch.kept) for task, _ in batch.found]
        return Outcome(pieces, functools.partial(batch.land, self._home), batch.took_s or BATCH_S)

    async def _ask(self, crew: Crew, batch: _Batch, tasks: Sequence[FactTask]) -> None:
        """Ask them all, in halves where that is too much at once."""
        waiting = deque([tasks])
        while waiting:
            some = waiting.popleft()
            reply = await self._reply(crew, batch, some)
            if reply.trouble is None:
                self._has_worked = True
                batch.add(some, reply)
                continue
            if reply.trouble.kind == OutOfModelMemory.__name__:
                await crew.replace()
                self._fitting, self._fitting_until = max(1, len(some) // 2), time.monotonic() + REST_S
            if reply.trouble.kind == ModelUnusable.__name__:
                self._rest(batch.stage, reply.trouble.message)
                return
            if len(some) > 1:
                middle = len(some) // 2
                waiting.extendleft((some[middle:], some[:middle]))
            elif not self._is_guilty(batch, some[0], reply.trouble):
                return

    def _is_guilty(self, batch: _Batch, task: FactTask, trouble: Trouble) -> bool:
        """Claim: it is for the photo's own sake that it could not be answered; else the stage is held."""
        if trouble.kind == OutOfModelMemory.__name__:
            self._rest(batch.stage, f"{trouble.message}: make room for it, or raise models.memory_mb")
            return False
        batch.failed.append((task, trouble))
        if trouble.kind != ChildDied.__name__:
            return True
        if not self._has_worked:
            self._rest(batch.stage, f"{trouble.message}, and nothing has worked since it last did so")
            return False
        self._has_worked = False
        return True

    def _rest(self, stage: _Stage, why: str) -> None:
        log.warning("stage %s waits: %s", stage.name, why)
        self._scheduler.hold(stage.name, why, REST_S)

    async def _reply(self, crew: Crew, batch: _Batch, tasks: Sequence[FactTask]) -> Reply:
        """What the child says; its death is trouble, too."""
        questions = msgspec.Raw(msgspec.msgpack.encode([task.question for task in tasks]))
        ask = Ask(self._work, batch.stage.name, batch.model, self._settings.threads, questions)
        child = await crew.child()
        try:
            await child.send(msgspec.msgpack.encode(ask))
            with trio.fail_after(PATIENCE_S):
                return msgspec.msgpack.decode(await child.receive(), type=Reply)
        except ChildDied as error:
            why = str(error)
        except trio.TooSlowError:
            why = f"{len(tasks)} photos took longer than {PATIENCE_S:g} s"
        crew.lose()
        log.warning("stage %s: %s", batch.stage.name, why)
        return Reply(trouble=Trouble(ChildDied.__name__, why))

    def _answered(self, stage: _Stage, task: FactTask, kept: Mapping[int, Any], txn: WriteTransaction) -> None:
        self._results.of_facts(txn, stage, task, kept.get(task.subject))

    def _failed(self, task: FactTask, trouble: Trouble, txn: WriteTransaction) -> None:
        """The photo failed; where what it was to be looked at by is torn, that is made again."""
        self._results.failed(txn, task.stage, task.subject, trouble)
        if trouble.kind == FileUnreadable.__name__:
            for name in self._graph.needed_by(task.stage):
                self._results.redo(txn, self._graph[name], AssetId(task.subject))


@dataclass
class _Batch:
    """What comes of a batch. found: answers, on their way to the disk; kept: what the store is to hold of them.

    took_s: what the model was at work, without loading.
    """

    stage: _Stage
    model: ModelInUse
    found: list[tuple[FactTask, Any]] = field(default_factory=list)
    failed: list[tuple[FactTask, Trouble]] = field(default_factory=list)
    kept: dict[int, Any] = field(default_factory=dict)
    took_s: float = 0.0

    def add(self, tasks: Sequence[FactTask], reply: Reply) -> None:
        """Take in the reply to some of the tasks."""
        answers = iter(msgspec.msgpack.decode(reply.answers, type=list[self.stage.result]))  # type: ignore[name-defined]
        self.took_s += reply.took_s
        for place, task in enumerate(tasks):
            if place in reply.troubles:
                self.failed.append((task, reply.troubles[place]))
            else:
                self.found.append((task, next(answers)))

    def land(self, home: Home) -> None:
        """Bring the answers to the disk. In a thread. Raises StoreFull, StoreError."""
        if self.found:
            found = [(AssetId(task.subject), answer) for task, answer in self.found]
            kept = self.stage.land(found, self.model, home)
            self.kept.update({asset: one for (asset, _), one in zip(found, kept, strict=True)})


def _model_of(task: FactTask) -> str | None:
    return getattr(task.question, "model", None)
