"""The searcher as the daemon has it: started, asked, watched, and started again whatever becomes of it.

It is there while some model's vectors answer searches. Whoever asks while it is not ready is told so: words alone
answer then, and nothing waits for it for longer than `search.timeout_s`.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from photofsd.config import profiles
from photofsd.daemon.commands import SearcherHealth
from photofsd.errors import ChildDied, ChildrenBroken, MeaningAway
from photofsd.processes.child import Child, Program
from photofsd.query.meaning import Meant, Wish
from photofsd.searcher.messages import (
    Answered,
    Ask,
    Cancel,
    Failed,
    FromSearcher,
    Setup,
    Standing,
    Unusable,
    WireWish,
)
from photofsd.store import embeddings, text_vectors

if TYPE_CHECKING:
    from photofsd.config.schema import Settings
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer

PROGRAM: Final = Program("photofsd.searcher.child", "searcher", "the machine's memory")
STARTING_WAIT_S: Final = 2.0
"""A search waits so long for a searcher that is starting."""

OUTBOX_MAX: Final = 200
MISSED_MAX: Final = 3
"""Answers in a row that did not come in time: it hangs."""

AGAIN_S: Final = 1.0
AGAIN_MAX_S: Final = 60.0
STEADY_S: Final = 60.0
"""A searcher that has lived so long was no failure: the next one starts at once, as after the first that ends early."""

GAINED: Final = (
    "no image-text model answers yet: with one (`photofsd models install`), free words also find what pictures show,"
    " /similar and like: find photos that look alike"
)
ENDING: Final = "the daemon is ending"

_answer = msgspec.msgpack.Decoder(FromSearcher).decode
_encode = msgspec.msgpack.Encoder().encode
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Question:
    """Somebody who waits for an answer."""

    done: trio.Event = field(default_factory=trio.Event)
    answer: Answered | None = None
    failure: str = "the searcher gave no answer"

    def end(self, *, answer: Answered | None = None, failure: str = "") -> None:
        self.answer, self.failure = answer, failure
        self.done.set()


class Searching:
    """Implements Meaning. `run` until cancelled; `rank` from threads; `wake` from any thread.

    alert: what keeps meaning from being searched although there is a model, one line; None = nothing.
    """

    def __init__(self, store: Store, writer: Writer, settings: Settings) -> None:
        self._store = store
        self._writer = writer
        self._settings = settings
        self._numbers = itertools.count(1)
        self._token: trio.lowlevel.TrioToken | None = None
        self._changed = trio.Event()
        self._ready = trio.Event()
        self._waiting: dict[int, _Question] = {}
        self._child: Child | None = None
        self._lost: list[Child] = []
        self._outbox, _ = trio.open_memory_channel[bytes](OUTBOX_MAX)
        self._missed = 0
        self._standing: Standing | None = None
        self._model = ""
        self._why = "the searcher is starting"
        self.generation = 0
        self.alert: str | None = None

    # ---- Asked ----

    @property
    def is_there(self) -> bool:
        """Claim: some model's vectors answer searches, now or as soon as the searcher is ready."""
        return bool(self._model)

    def rank(self, wishes: Sequence[Wish], count: int) -> Meant:
        """The answer of the searcher. Raises MeaningAway. Blocks: not for the loop, which is refused."""
        if self._token is None or trio.lowlevel.in_trio_run():
            raise MeaningAway("this cannot wait for the searcher")
        wire = tuple(map(WireWish.of, wishes))
        try:
            return trio.from_thread.run(self._ask, wire, count, trio_token=self._token)
        except (trio.RunFinishedError, trio.Cancelled) as error:
            raise MeaningAway(ENDING) from error

    async def _ask(self, wishes: tuple[WireWish, ...], count: int) -> Meant:
        number, question = next(self._numbers), _Question()
        limit_s = self._settings.search.timeout_s
        deadline_s = trio.current_time() + limit_s
        with trio.move_on_after(min(limit_s, STARTING_WAIT_S)):
            await self._ready.wait()
        if not self._ready.is_set() or self._child is None:
            raise MeaningAway(self._why)
        with trio.move_on_at(deadline_s):
            self._waiting[number] = question
            try:
                self._tell(Ask(number, wishes, count))
                await question.done.wait()
            finally:
                del self._waiting[number]
            if question.answer is None:
                raise MeaningAway(question.failure)
            return Meant([ranking.ranking() for ranking in question.answer.rankings], question.answer.sequence)
        self._missed += 1
        if self._missed >= MISSED_MAX and self._child is not None:
            self._child.kill()
        self._tell(Cancel(number))
        raise MeaningAway(f"the searcher took longer than search.timeout_s, {limit_s:g} s")

    def _tell(self, message: Ask | Cancel) -> None:
        """Send it when its turn comes."""
        try:
            self._outbox.send_nowait(_encode(message))
        except trio.WouldBlock:
            raise MeaningAway(f"{OUTBOX_MAX} searches wait already") from None

    # ---- Running ----

    def wake(self) -> None:
        """Something was committed: another model may answer now."""
        if self._token is not None:
            self._token.run_sync_soon(self._set, idempotent=True)

    def _set(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Keep a searcher for the model that answers, until cancelled."""
        self._token = trio.lowlevel.current_trio_token()
        try:
            await self._keep_one()
        finally:
            with trio.CancelScope(shield=True):
                for lost in self._lost:
                    await lost.ended()

    async def _keep_one(self) -> None:
        again_s = 0.0
        while True:
            self._model = self._answering()
            if not self._model:
                self._say(GAINED, alert=None)
                await self._until_another()
                continue
            started = time.monotonic()
            try:
                why = await self._lead(self._model)
            except ChildrenBroken as error:
                why = str(error)
            if why is None:
                continue
            if time.monotonic() - started > STEADY_S:
                again_s = 0.0
            text = f"searching by words only: {why}"
            log.warning("%s; the searcher is started again in %g s", text, again_s)
            self._say(why, alert=text)
            with trio.move_on_after(again_s):
                await self._until_another()
            again_s = min(max(AGAIN_S, 2 * again_s), AGAIN_MAX_S)

    def _answering(self) -> str:
        with self._store.read() as txn:
            return embeddings.answering(txn)

    async def _until_another(self) -> None:
        """Return when the model that answers is not the one that did."""
        while self._answering() == self._model:
            await self._changed.wait()
            self._changed = trio.Event()

    def _say(self, why: str, *, alert: str | None) -> None:
        self._why, self.alert = why, alert
        self.generation += 1

    async def _lead(self, model: str) -> str | None:
        """Start a searcher and hear it out; why it ended, None where another model answers now."""
        self._say("the searcher is starting", alert=self.alert)
        self._outbox, frames = trio.open_memory_channel[bytes](OUTBOX_MAX)
        self._missed = 0
        self._lost = [lost for lost in self._lost if not lost.is_reaped()]
        child, why = await Child.start(PROGRAM, memory_mb=0), None
        try:
            self._child = child
            self._outbox.send_nowait(_encode(self._setup(model)))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_send, child, frames)
                nursery.start_soon(self._cancel_when_another, nursery.cancel_scope)
                why = await self._hear(child)
                nursery.cancel_scope.cancel()
        finally:
            self._child, self._standing = None, None
            self._let_wait()
            self.generation += 1
            for question in self._waiting.values():
                question.end(failure=why or "another model answers from now on")
            child.kill()
            self._lost.append(child)
        return why

    async def _cancel_when_another(self, scope: trio.CancelScope) -> None:
        await self._until_another()
        scope.cancel()

    def _setup(self, model: str) -> Setup:
        chosen = self._settings
        return Setup(
            state=str(chosen.state),
            models=str(chosen.models.folder),
            model=model,
            threads=profiles.threads(chosen.models.threads),
            floor=chosen.search.floor,
            index=chosen.index,
        )

    async def _hear(self, child: Child) -> str:
        """Take what it says until it has nothing more to say; why that is."""
        while True:
            try:
                message = _answer(await child.receive())
            except (ChildDied, msgspec.DecodeError) as error:
                return str(error)
            if isinstance(message, Unusable):
                return message.reason
            if isinstance(message, Standing):
                self._stands(message)
            else:
                self._answered(message)

    def _answered(self, message: Answered | Failed) -> None:
        self._missed = 0
        if isinstance(message, Answered):
            self._keep(message)
        question = self._waiting.get(message.number)
        if question is None:
            return
        if isinstance(message, Failed):
            question.end(failure=message.reason)
        else:
            question.end(answer=message)

    def _stands(self, standing: Standing) -> None:
        self._standing = standing
        self.alert = f"the index of pictures is out of date: {standing.trouble}" if standing.trouble else None
        if standing.is_complete and not self._ready.is_set():
            self._ready.set()
            self.generation += 1
        elif not standing.is_complete:
            self._let_wait()
            self._why = f"the index of pictures is being built ({standing.vectors:,} photos so far)"

    def _let_wait(self) -> None:
        """Whoever asks from now on waits until it is ready; who waits already goes on with that."""
        if self._ready.is_set():
            self._ready = trio.Event()

    def _keep(self, answer: Answered) -> None:
        learned, model = answer.learned, self._model
        if learned:
            now_s = int(time.time())
            self._writer.submit(lambda txn: text_vectors.keep(txn, model, learned, now_s=now_s), rows=len(learned))

    # ---- Told ----

    def health(self) -> SearcherHealth:
        """How it stands."""
        child, standing = self._child, self._standing
        return SearcherHealth(
            state="ready" if self._ready.is_set() else "starting" if self._model else "off",
            waiting=None if self._ready.is_set() else self._why,
            model=self._model or None,
            floor=None if standing is None else standing.floor,
            memory_mb=0 if child is None else round(child.memory_bytes() / 1e6),
            mapped_mb=0 if child is None else round(child.mapped_bytes() / 1e6),
            vectors=0 if standing is None else standing.vectors,
            annoy_generation=None if standing is None else standing.annoy_generation,
            tail=0 if standing is None else standing.tail,
        )


async def _send(child: Child, frames: trio.MemoryReceiveChannel[bytes]) -> None:
    """Send what is put in; that the child dies is noticed where it is heard."""
    with contextlib.suppress(ChildDied):
        async for frame in frames:
            await child.send(frame)
