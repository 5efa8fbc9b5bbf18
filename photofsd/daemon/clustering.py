"""The clusterer as the daemon has it: started when faces have come or changed, asked, and let go when idle.

The child finds who is who, the daemon commits it, in pieces, and rests as long as that took. Whatever ends when: the
log of changes is followed by a watermark that is set when everything before it has been dealt with.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import trio
from pyroaring import BitMap

from photofsd.clustering import file_names, messages, moving
from photofsd.clustering.forming import SMALLEST
from photofsd.clustering.messages import Done, FromClusterer, Look, Moves, Progress, Setup
from photofsd.daemon.commands import Nothing, Regroup
from photofsd.daemon.standstill import Standstill, Weighed
from photofsd.errors import ChildDied, ChildrenBroken, PhotofsdError, StoreError
from photofsd.pipeline.stage import VECTORS
from photofsd.processes.child import Child, Program
from photofsd.store import changes, faces, grouped, people
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, FaceId, Hold

if TYPE_CHECKING:
    from photofsd.config.schema import Settings
    from photofsd.daemon.control import Report
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

PROGRAM: Final = Program("photofsd.clustering.child", "clusterer", "people.memory_mb")
FOLLOWER: Final = "people"

CHANGES_AT_ONCE: Final = 1000
NAMES_AT_ONCE: Final = 100
LOOK_S: Final = 0.2
GATHER_S: Final = 1.0
"""What changes within that time is dealt with together."""

QUIET_S: Final = 5.0
IDLE_S: Final = 60.0
"""The child ends when it has had nothing to do for so long."""

SMALL: Final = 20_000
"""Ids of faces up to which all are grouped as soon as it is quiet: that takes seconds."""

SHARE: Final = 10
"""Grouping all faces may take a tenth of the time, unless it is asked for."""

AGAIN_S: Final = 2.0
AGAIN_MAX_S: Final = 300.0

_answer = msgspec.msgpack.Decoder(FromClusterer).decode
_encode = msgspec.msgpack.Encoder().encode
log = logging.getLogger(__name__)


class _News(NamedTuple):
    """What has changed up to `sequence`.

    photos: all of them; to_look_at: but for those that grouping has changed itself. are_waiting: a face of these is
    nobody's. all_of_them: what happened since is not known any more.
    """

    sequence: int
    photos: tuple[AssetId, ...]
    to_look_at: tuple[AssetId, ...] = ()
    are_waiting: bool = False
    all_of_them: bool = False


class Clustering:
    """Keeps people up with faces. `run` until cancelled; `wake` from any thread.

    alert: what keeps it from its work, one line; None = nothing. doing: what it does now; "" = nothing.
    """

    def __init__(self, store: Store, writer: Writer, settings: Settings) -> None:
        self._store = store
        self._writer = writer
        self._settings = settings
        self._token: trio.lowlevel.TrioToken | None = None
        self._changed = trio.Event()
        self._changed.set()
        self._child: Child | None = None
        self._model = ""
        self._ours = BitMap()
        self._standstill = Standstill()
        self._is_asked = False
        self._rest_until = 0.0
        self._asked_s = 0.0
        self._passes = 0
        self._passed = trio.Event()
        self.alert: str | None = None
        self.doing = ""

    # ---- Told ----

    def wake(self) -> None:
        """Something was committed."""
        if self._token is not None:
            self._token.run_sync_soon(self._set, idempotent=True)

    def _set(self) -> None:
        self._changed.set()

    async def answer(self, command: Regroup, report: Report) -> Nothing:
        """Group all faces anew, as asked over the control socket."""
        failure: PhotofsdError | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._report, report)
            try:
                await self.regroup()
            except PhotofsdError as error:  # as it is, in no group of one
                failure = error
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return Nothing()

    async def _report(self, report: Report) -> None:
        while True:
            await trio.sleep(LOOK_S)
            await report({"doing": self.doing or "waiting for its turn"})

    async def regroup(self) -> None:
        """Group all faces anew now; returns when that is done. Raises PhotofsdError where it cannot be."""
        self._require_comparable()
        self._is_asked = True
        self._set()
        passes = self._passes
        while self._passes == passes:
            await self._passed.wait()
            if self._passes == passes:
                self._require_comparable()
                if self.alert is not None:
                    raise StoreError(self.alert)

    def _require_comparable(self) -> None:
        with self._store.read() as txn:
            if reason := self._standstill.reason(txn):
                raise PhotofsdError(reason)

    def waiting(self, txn: ReadTransaction) -> str | None:
        """What clustering waits for, in words; None = nothing."""
        said = self._standstill.reason(txn) or self.doing
        if said or self._standstill.alert is not None:
            return said or None
        return f"{grown:,} faces are new since all were grouped" if (grown := grouped.grown(txn)) else None

    def is_settled(self) -> bool:
        """Claim: it has dealt with all that has changed, and all faces are grouped."""
        with self._store.read() as txn:
            if changes.behind(txn, FOLLOWER):
                return False
            is_in_trouble = self.alert is not None and not self._standstill.alert
            return is_in_trouble or not self._is_due(txn, is_quiet=True)

    # ---- Running ----

    async def run(self) -> None:
        """Follow until cancelled."""
        self._token = trio.lowlevel.current_trio_token()
        again_s = AGAIN_S
        try:
            while True:
                await self._until_something_to_do()
                try:
                    await self._catch_up()
                    await trio.sleep(GATHER_S)
                except (ChildDied, ChildrenBroken, StoreError, msgspec.DecodeError) as error:
                    self._say(str(error), again_s)
                    await self._end_child()
                    await trio.sleep(again_s)
                    again_s = min(2 * again_s, AGAIN_MAX_S)
                    self._set()
                else:
                    self.alert, again_s = self._standstill.alert, AGAIN_S
        finally:
            self._token = None
            await self._end_child()

    async def _until_something_to_do(self) -> None:
        """Until something has changed, or it has been quiet long enough for all to be grouped."""
        while True:
            with trio.move_on_after(QUIET_S):
                await self._changed.wait()
                return
            if await trio.to_thread.run_sync(self._is_due_now):
                return
            if time.monotonic() - self._asked_s > IDLE_S:
                await self._end_child()

    def _say(self, why: str, again_s: float) -> None:
        alert = f"people are not kept up to date, it is tried again: {why}"
        if alert != self.alert:
            log.warning("%s (in %g s)", alert, again_s)
        self.alert, self.doing, self._is_asked = alert, "", False
        self._announce()

    def _announce(self) -> None:
        self._passed.set()
        self._passed = trio.Event()

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with trio.CancelScope(shield=True):  # a second at most: what it has mapped takes a while to be given back
                await child.ended()

    async def _catch_up(self) -> None:
        """Deal with all that has changed, then group all faces where that is due."""
        is_quiet = not self._changed.is_set()
        self._changed = trio.Event()
        while (news := await trio.to_thread.run_sync(self._news)) is not None:
            await trio.to_thread.run_sync(self._obey_files, news)
            if news.are_waiting or (self._child is not None and news.to_look_at):
                await self._ask(Look(news.to_look_at))
            await trio.to_thread.run_sync(self._passed_over, news)
        await trio.to_thread.run_sync(self._look_at_model)
        if await trio.to_thread.run_sync(functools.partial(self._is_due_now, is_quiet=is_quiet)):
            await self._regroup()

    async def _regroup(self) -> None:
        started = time.monotonic()
        with self._store.read() as txn:
            given = grouped.given(txn)
        is_grouped = await self._ask(messages.Regroup())
        await self._end_child()  # it knows who is new by numbers of its own: the next one reads them
        if is_grouped:
            await trio.to_thread.run_sync(functools.partial(self._grouped, given))
        self._is_asked = False
        now = time.monotonic()
        self._rest_until = now + SHARE * (now - started)
        self._passes += is_grouped
        self.alert = self._standstill.alert
        self._announce()

    def _grouped(self, given: int) -> None:
        def keep(txn: WriteTransaction) -> None:
            people.tidy(txn)
            grouped.note(txn, given)

        self._writer.run(keep)

    def _look_at_model(self) -> None:
        """Note how far another model has come; when it is through, all faces are to be grouped."""
        with self._store.read() as txn:
            self._standstill.look(txn)
            is_through = self._standstill.is_through(txn)
        if is_through and self._writer.run(self._end_change):
            self._rest_until = 0.0

    def _end_change(self, txn: WriteTransaction) -> bool:
        is_ended = self._standstill.end(txn)
        if is_ended:
            _group_again(txn)
        return is_ended

    # ---- What is to be done ----

    def _news(self) -> _News | None:
        """The next changes; None where there are none."""
        with self._store.read() as txn:
            now, mark = changes.sequence(txn), changes.watermark(txn, FOLLOWER)
            if mark == now:
                return None
            if not mark or not changes.is_complete_since(txn, mark):
                return _News(now, tuple(_with_metadata(txn)), all_of_them=True)
            logged = list(changes.since(txn, mark, CHANGES_AT_ONCE))
            photos = tuple(dict.fromkeys(asset for _, asset in logged))
            others = tuple(asset for asset in photos if asset not in self._ours)
            self._ours -= BitMap(photos)
            rows = (row for asset in others for _, row in faces.placed(txn, asset))
            are_waiting = any(not row.cluster and row.hold is Hold.NONE for row in rows)
            return _News(logged[-1][0], photos, others, are_waiting)

    def _obey_files(self, news: _News) -> None:
        """Names of files first: what they say of faces, the machine need not find."""
        for start in range(0, len(news.photos), NAMES_AT_ONCE):
            some = news.photos[start : start + NAMES_AT_ONCE]
            with self._store.read() as txn:
                named = [asset for asset in some if file_names.has_something_to_say(txn, asset)]
            if named:
                self._writer.run(functools.partial(_obey, named), rows=len(named))

    def _passed_over(self, news: _News) -> None:
        def keep(txn: WriteTransaction) -> None:
            changes.set_watermark(txn, FOLLOWER, news.sequence)
            if news.all_of_them:
                _group_again(txn)

        self._writer.run(keep)

    def _is_due_now(self, *, is_quiet: bool = True) -> bool:
        with self._store.read() as txn:
            return self._is_due(txn, is_quiet=is_quiet)

    def _is_due(self, txn: ReadTransaction, *, is_quiet: bool) -> bool:
        """Claim: all faces are to be grouped now."""
        if self._standstill.reason(txn):
            return self._standstill.is_through(txn)
        if self._is_asked:
            return True
        if self._standstill.is_unfit_still(txn):
            return False
        given, grown = grouped.given(txn), grouped.grown(txn)
        if time.monotonic() < self._rest_until or not grown:
            return False
        enough = max(SMALLEST, (given - grown) * self._settings.people.regroup_percent / 100)
        return grown >= enough or (is_quiet and given <= SMALL)

    # ---- The child ----

    async def _ask(self, request: Look | messages.Regroup) -> bool:
        """Ask, and commit the answer as it comes; False where everybody stays where they are.

        Raises ChildDied, ChildrenBroken, StoreError, StoreFull.
        """
        with self._store.read() as txn:
            weighed = Weighed.now(txn)
            is_in_vain = isinstance(request, Look) and self._standstill.is_unfit(txn)
            stays = bool(self._standstill.reason(txn)) or is_in_vain
        if stays:
            await self._end_child()  # it would not hear of what has changed
            return False
        child = await self._ready(weighed.model)
        self._asked_s = time.monotonic()
        met: moving.Newcomers = {}
        await child.send(_encode(request))
        while True:
            message = _answer(await child.receive())
            match message:
                case Moves():
                    started = time.monotonic()
                    work = functools.partial(moving.moved, moves=message.moves, newcomers=met)
                    if isinstance(request, messages.Regroup):
                        self._ours |= await trio.to_thread.run_sync(self._photos_of, message.moves)
                    met = await trio.to_thread.run_sync(
                        functools.partial(self._writer.run, work, rows=len(message.moves))
                    )
                    await trio.sleep(time.monotonic() - started)
                case Progress():
                    self.doing = message.doing
                case Done():
                    self.doing = ""
                    return await self._is_fit(weighed, message.unfit)
                case _:
                    raise StoreError(message.reason)

    async def _is_fit(self, weighed: Weighed, unfit: str) -> bool:
        """Keep what the model was found to be. While it tells nobody apart, all faces are to be grouped."""
        self._standstill.judge(weighed, unfit)
        if unfit:
            await self._end_child()
            await trio.to_thread.run_sync(self._writer.run, _group_again)
        return not unfit

    def _photos_of(self, moves: Sequence[messages.Move]) -> BitMap:
        """The photos of these faces: that they change is no news."""
        with self._store.read() as txn:
            rows = (faces.row(txn, FaceId(move.face)) for move in moves)
            return BitMap(row.asset for row in rows if row is not None)

    async def _ready(self, model: str) -> Child:
        """The child, started where there is none for that model."""
        if self._child is not None and model == self._model:
            return self._child
        await self._end_child()
        chosen = self._settings
        child = await Child.start(PROGRAM, memory_mb=chosen.people.memory_mb)
        self._child, self._model = child, model
        setup = Setup(str(chosen.state / "store"), str(chosen.state / VECTORS), model, chosen.people)
        await child.send(_encode(setup))
        return child


def _obey(assets: Sequence[AssetId], txn: WriteTransaction) -> None:
    for asset in assets:
        file_names.obeyed(txn, asset)


def _with_metadata(txn: ReadTransaction) -> list[AssetId]:
    return [AssetId(U32.unpack(key)[0]) for key in txn.keys(Tables.METADATA)]


def _group_again(txn: WriteTransaction) -> None:
    grouped.note(txn, 0)
