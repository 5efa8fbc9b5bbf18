"""Asking a fact stage: a batch of questions to a child; a batch that fails is halved until the guilty one is alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from photofsd.errors import ChildDied
from photofsd.pipeline.outcome import Outcome
from photofsd.pipeline.stage import FactStage, Trouble, Work
from photofsd.pipeline.worker import Answers, Request

if TYPE_CHECKING:
    from photofsd.pipeline.crew import Crew
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.outcome import Piece
    from photofsd.pipeline.rates import Pace
    from photofsd.pipeline.results import Results
    from photofsd.pipeline.scheduler import FactTask, Scheduler

log = logging.getLogger(__name__)


class Questions:
    """The work of all fact stages. timeout_s: for a batch, then its child is killed."""

    def __init__(
        self, scheduler: Scheduler, graph: Graph, results: Results, pace: Pace, *, work: Work, timeout_s: float
    ) -> None:
        self._scheduler = scheduler
        self._graph = graph
        self._results = results
        self._pace = pace
        self._work = work
        self._timeout_s = timeout_s

    def take(self, batch: int) -> Sequence[FactTask]:
        """The next questions, all to one stage, in batches of the stage's own size."""
        return self._scheduler.fact_tasks()

    async def do(self, crew: Crew, tasks: Sequence[FactTask]) -> Outcome:
        """Ask them; what came of it, to be committed."""
        stage = self._graph[tasks[0].stage]
        if not isinstance(stage, FactStage):
            raise TypeError(f"{stage.name} asks no questions")
        self._pace.retried.count(stage.name, sum(task.attempts > 0 for task in tasks))
        pieces = [self._answered(stage, task, None) for task in tasks if task.question is None]
        asked = await self._ask(crew, stage, [task for task in tasks if task.question is not None])
        return Outcome([*pieces, *asked])

    async def _ask(self, crew: Crew, stage: FactStage[Any, Any], tasks: Sequence[FactTask]) -> Sequence[Piece]:
        if not tasks:
            return []
        answers = await self._answers(crew, stage, tasks)
        if answers.trouble is None:
            results = msgspec.msgpack.decode(answers.answers, type=list[stage.result])  # type: ignore[name-defined]
            self._pace.done.count(stage.name, len(results))
            return [self._answered(stage, task, result) for task, result in zip(tasks, results, strict=True)]
        if len(tasks) == 1:
            return [self._failed(tasks[0], answers.trouble)]
        middle = len(tasks) // 2
        return [*await self._ask(crew, stage, tasks[:middle]), *await self._ask(crew, stage, tasks[middle:])]

    async def _answers(self, crew: Crew, stage: FactStage[Any, Any], tasks: Sequence[FactTask]) -> Answers:
        """What the child says; its death is trouble, too."""
        questions = msgspec.Raw(msgspec.msgpack.encode([task.question for task in tasks]))
        child = await crew.child()
        try:
            await child.send(msgspec.msgpack.encode(Request(self._work, stage=stage.name, questions=questions)))
            with trio.fail_after(self._timeout_s):
                return msgspec.msgpack.decode(await child.receive(), type=Answers)
        except ChildDied as error:
            why = str(error)
        except trio.TooSlowError:
            why = f"{len(tasks)} questions took longer than {self._timeout_s:g} s"
        crew.lose()
        log.warning("stage %s: %s", stage.name, why)
        return Answers(trouble=Trouble(ChildDied.__name__, why))

    def _answered(self, stage: FactStage[Any, Any], task: FactTask, result: msgspec.Struct | None) -> Piece:
        return lambda txn: self._results.of_facts(txn, stage, task, result)

    def _failed(self, task: FactTask, trouble: Trouble) -> Piece:
        return lambda txn: self._results.failed(txn, task.stage, task.subject, trouble)
