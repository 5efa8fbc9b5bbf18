"""The renderer: opens the rendition of a photo, from the cache or made by a child while the one who asks waits.

Its children are apart from the readers: somebody waits for a rendition, nobody for the backlog. Several who ask for the
same one wait for the same work. A file that cannot be decoded is not tried again while the daemon runs, unless it or
what is known of it changes.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

import msgspec
import trio

from photofsd.display import shown
from photofsd.errors import ChildDied, ChildrenBroken, FileUndecodable, FileUnreadable, NotRendered, StoreError
from photofsd.media.rendition import RenderSettings, facts_shown, rendition_bytes
from photofsd.pipeline.crew import Crew
from photofsd.pipeline.render_order import Order, Outcome
from photofsd.pipeline.visits import Patience
from photofsd.processes.child import Program
from photofsd.store import assets, paths

if TYPE_CHECKING:
    from photofsd.pipeline.rendition_cache import RenditionCache
    from photofsd.processes.child import Child
    from photofsd.store.env import Store
    from photofsd.types import AssetId

log = logging.getLogger(__name__)
_A = TypeVarTuple("_A")
_T = TypeVar("_T")

PROGRAM: Final = Program("photofsd.pipeline.render_child", "reader", "readers.memory_mb")
VERSION: Final = 1
"""Raise it when renditions would look different: the old ones are not used again."""

WAITING_MAX: Final = 250
"""Renditions that are made or wait for it. The mount serves 1,000 requests at once."""

TRIES: Final = 2
"""A child may have died for another's sake."""

FAILED_MAX: Final = 10_000
IDLE_LOOK_S: Final = 10.0
CACHE_THREADS: Final = 8
ENDING: Final = "the daemon is ending"
NO_FILE: Final = "the library holds no file of this photo at the moment"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rendition is made of. key: the same for the same result. orders: one a file of the photo, best first."""

    key: str
    size: int
    orders: Sequence[Order]


@dataclass(slots=True)
class _Making:
    """A rendition being made; then its descriptor, or why there is none."""

    plan: Plan
    done: trio.Event = field(default_factory=trio.Event)
    content: _Content | None = None
    failure: str = ""

    def end(self, *, content: _Content | None = None, failure: str = "") -> None:
        self.content, self.failure = content, failure
        self.done.set()


class _Content:
    """A descriptor that several wait for; closed with the last of them."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


class Renderer:
    """Opens renditions. `run` until cancelled; `open` from any task.

    children: at work at once. memory_mb: of each. patience: for one photo.
    alert:    what keeps everything from being rendered, for the daemon's health.
    """

    def __init__(
        self,
        store: Store,
        cache: RenditionCache,
        settings: RenderSettings,
        *,
        children: int,
        memory_mb: int,
        patience: Patience,
    ) -> None:
        self._store = store
        self._cache = cache
        self._settings = settings
        self._children = children
        self._memory_mb = memory_mb
        self._patience = patience
        self._queue, self._orders = trio.open_memory_channel[_Making](math.inf)
        self._making: dict[str, _Making] = {}
        self._failed: OrderedDict[str, str] = OrderedDict()
        self._threads = trio.CapacityLimiter(CACHE_THREADS)  # the library's may all wait for a NAS
        self._has_ended = False
        self.alert: str | None = None

    async def run(self) -> None:
        """Make renditions until cancelled; whoever waits then is told."""
        try:
            await self._load()
            async with trio.open_nursery() as nursery:
                for _ in range(self._children):
                    nursery.start_soon(self._serve)
        finally:
            self._has_ended = True
            for making in self._making.values():
                making.end(failure=ENDING)

    async def _load(self) -> None:
        try:
            await self._in_thread(self._cache.load)
        except StoreError as error:
            log.warning("%s", error)
            self.alert = str(error)

    async def open(self, asset: AssetId) -> int:
        """A descriptor of the rendition of a photo. Raises NotRendered.

        The caller closes it, and reads at offsets: others may share its position.
        """
        plan = self.plan(asset)
        if plan is None:
            raise NotRendered(NO_FILE)
        fd = await self._in_thread(self._cache.open, plan.key, plan.size)
        return fd if fd is not None else await self._made(plan)

    def plan(self, asset: AssetId) -> Plan | None:
        """How the rendition of a photo is made; None where it has no file or nothing is known of it."""
        with self._store.read() as txn:
            record, metadata = assets.asset(txn, asset), assets.metadata(txn, asset)
            if record is None or metadata is None:
                return None
            files = [paths.file(txn, file) for file in record.files]
            places = [(file, paths.file_path(txn, file)) for file in files if file is not None]
        size, facts = rendition_bytes(metadata, record.size, self._settings), facts_shown(metadata)
        orders = tuple(Order(path, file.size, file.mtime_ns, facts, self._settings, size) for file, path in places)
        return Plan(_key(record.content, msgspec.msgpack.encode((facts, self._settings))), size, orders)

    async def _made(self, plan: Plan) -> int:
        """Wait for the rendition to be made; a descriptor of it."""
        if self._has_ended:
            raise NotRendered(ENDING)
        if (known := self._failed.get(plan.key)) is not None:
            raise NotRendered(known)
        making = self._making.get(plan.key)
        if making is None:
            if len(self._making) >= WAITING_MAX:
                raise NotRendered(f"{WAITING_MAX} photos wait to be rendered already")
            making = self._making[plan.key] = _Making(plan)
            self._queue.send_nowait(making)
        await making.done.wait()
        if making.content is None:
            raise NotRendered(making.failure)
        return os.dup(making.content.fd)

    async def _in_thread(self, call: Callable[[*_A], _T], *args: *_A) -> _T:
        return await trio.to_thread.run_sync(call, *args, limiter=self._threads)

    async def _serve(self) -> None:
        """Make one rendition after the other; let the child go when there is nothing."""
        crew = Crew(self._memory_mb, PROGRAM)
        try:
            while True:
                making = None
                with trio.move_on_after(IDLE_LOOK_S):
                    making = await self._orders.receive()
                if making is None:
                    await crew.let_go_if_idle()
                    if await self._in_thread(self._cache.make_way):
                        self.alert = None  # the next one who opens a photo will see
                else:
                    await self._work_off(crew, making)
        finally:
            with trio.CancelScope(shield=True):
                await crew.dismiss()

    async def _work_off(self, crew: Crew, making: _Making) -> None:
        """Make one rendition. Whatever goes wrong is told to those who wait, and ends nothing."""
        plan = making.plan
        try:
            started = trio.current_time()
            making.end(content=await self._content(crew, plan))
            self.alert = None
            await crew.rate(1, trio.current_time() - started)
        except (FileUndecodable, ChildDied) as error:
            self._remember_failure(plan.key, str(error))
            making.end(failure=str(error))
        except FileUnreadable as error:
            making.end(failure=str(error))
        except (ChildrenBroken, StoreError) as error:
            self.alert = str(error)
            making.end(failure=str(error))
        except Exception as error:  # a bug of ours must not end the daemon
            log.exception("a photo could not be rendered")
            making.end(failure=f"internal error: {type(error).__name__}: {error}")
        finally:
            if not making.done.is_set():
                making.end(failure=ENDING)
            del self._making[plan.key]
            if making.failure:
                log.warning("not rendered: %s", making.failure)

    async def _content(self, crew: Crew, plan: Plan) -> _Content:
        """Render the first of the photo's files that can be read. Raises what is wrong with the last otherwise."""
        kept = await self._in_thread(self._cache.open, plan.key, plan.size)
        if kept is not None:  # made since it was asked for
            return _Content(kept)
        trouble = FileUnreadable(NO_FILE)
        for order in plan.orders:
            try:
                pieces = await self._pieces(crew, order)
            except FileUnreadable as error:
                trouble = error
            else:
                return _Content(await self._in_thread(self._cache.keep, plan.key, pieces, plan.size))
        raise trouble

    async def _pieces(self, crew: Crew, order: Order) -> Sequence[bytes]:
        """Have a child render one file, a second one where the first dies over it."""
        tries = TRIES
        while True:
            tries -= 1
            try:
                return await self._asked(crew, await crew.child(), order)
            except ChildDied as error:
                crew.lose()
                if not tries:
                    raise ChildDied(f"{shown(order.path)} cannot be rendered: {error}") from error

    async def _asked(self, crew: Crew, child: Child, order: Order) -> Sequence[bytes]:
        limit_s = self._patience.for_file(order.size)
        with trio.move_on_after(limit_s):
            await child.send(msgspec.msgpack.encode(order))
            outcome = msgspec.msgpack.decode(await child.receive(), type=Outcome)
            pieces: list[bytes] = []
            missing = min(outcome.size, order.room)
            while missing > 0:
                pieces.append(await child.receive())
                missing -= len(pieces[-1])
            return _checked(outcome, pieces, order)
        took_long = f"{shown(order.path)} took longer than {limit_s:.0f} s to render"
        is_guilty = await child.is_computing()
        crew.lose()
        raise FileUndecodable(took_long) if is_guilty else FileUnreadable(f"{took_long}: the library does not answer")

    def _remember_failure(self, key: str, reason: str) -> None:
        self._failed[key] = reason
        if len(self._failed) > FAILED_MAX:
            self._failed.popitem(last=False)


def _checked(outcome: Outcome, pieces: Sequence[bytes], order: Order) -> Sequence[bytes]:
    """What came of an order. Raises what the child says, and ChildDied for what it must not say."""
    trouble = outcome.trouble
    if trouble is not None:
        raise (
            FileUndecodable(trouble.message)
            if trouble.kind == FileUndecodable.__name__
            else FileUnreadable(trouble.message)
        )
    if not 0 < outcome.size == sum(map(len, pieces)) <= order.room:
        raise ChildDied(f"its child answered with {outcome.size} bytes where {order.room} are the most")
    return pieces


def _key(*parts: bytes) -> str:
    digest = hashlib.blake2b(b"%d" % VERSION, digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
