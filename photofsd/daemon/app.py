"""The daemon, put together: the only place that knows every floor.

`run` takes the settings, holds the state folder, opens the store, and starts what runs side by side: the mount, the
scans, the runner, the control socket, those who follow the change log (for the kernel's caches, for the indexes). Any
of them ending ends all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

import trio

from photofsd import views
from photofsd.config import profiles
from photofsd.config.schema import SETTINGS, Settings, value_of
from photofsd.daemon import control, lock
from photofsd.daemon.clustering import Clustering
from photofsd.daemon.commands import Regroup, ReloadResult, Search, SearchResult
from photofsd.daemon.follower import Follower
from photofsd.daemon.handlers import Control
from photofsd.daemon.health import Doctor
from photofsd.daemon.indexer import Indexer
from photofsd.daemon.last_resort import LastResort
from photofsd.daemon.likeness import Likeness
from photofsd.daemon.notify import Notifier, feed_watchdog
from photofsd.daemon.report import health_lines
from photofsd.daemon.sayings import Sayings
from photofsd.daemon.scans import Scans
from photofsd.daemon.searching import Searching
from photofsd.errors import PhotofsdError
from photofsd.fuse import mount, mount_point
from photofsd.fuse.options import MountOptions
from photofsd.library import removal
from photofsd.library.roots import by_name
from photofsd.media.rendition import RenderSettings
from photofsd.media.thumbnails import Thumbnails
from photofsd.pipeline import graph, runner
from photofsd.pipeline.model_choice import Wanted
from photofsd.pipeline.model_questions import ModelSettings
from photofsd.pipeline.renderer import Renderer
from photofsd.pipeline.rendition_cache import RenditionCache
from photofsd.pipeline.stage import VECTORS, Work
from photofsd.pipeline.upkeep import Upkeep
from photofsd.pipeline.vector_upkeep import VectorUpkeep
from photofsd.pipeline.visits import Patience
from photofsd.query.listed import listed
from photofsd.query.search import search
from photofsd.query.searches import Searches
from photofsd.store import paths, rederive
from photofsd.store.env import Store
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.verbs import VERBS
from photofsd.store.writer import Writer
from photofsd.types import DirId
from photofsd.vtree.scope import Library, Told
from photofsd.vtree.tree import LibraryTree

log = logging.getLogger(__name__)

STATUS_S: Final = 5.0
DERIVING_CHUNK_S: Final = 120.0
RENDERERS_MAX: Final = 4
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
APPLIED_LIVE: Final = frozenset(
    {"log_level", "stacks", "library.scan_interval_s", "library.full_scan_interval_s", "models.clip", "models.faces"}
)


def run(settings: Settings, reread: Callable[[], Settings]) -> int:
    """Run the daemon until SIGTERM or SIGINT; returns the exit code.

    reread: reads the configuration again, for a reload.
    Raises StoreBusy, StoreError, MountFailed, MountLost and whatever else keeps it from its work.
    """
    cut_loose = functools.partial(mount_point.cut_off, settings.mount.point)
    with lock.exclusive(settings.state, cut_loose), _store(settings) as (store, writer):
        last_resort = LastResort(settings.mount.point, writer)
        try:
            trio.run(_serve, settings, reread, store, writer, last_resort.arm)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            last_resort.disarm()
    return 0


@contextlib.contextmanager
def _store(settings: Settings) -> Iterator[tuple[Store, Writer]]:
    store = Store.open(settings.state / "store", timezone=settings.zone)
    writer = Writer(store, commit_max=settings.store.commit_max)
    try:
        yield store, writer
    finally:
        writer.close()
        store.close()


async def _serve(
    settings: Settings, reread: Callable[[], Settings], store: Store, writer: Writer, on_end: Callable[[], None]
) -> None:
    await _Daemon(settings, reread, store, writer, on_end).main()


class _Daemon:
    """Everything that lives as long as the daemon."""

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        store: Store,
        writer: Writer,
        on_end: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._reread = reread
        self._store = store
        self._writer = writer
        self._on_end = on_end
        self._notifier = Notifier()
        self._last_error = ""
        self._graph = graph.discover()
        self._derive_anew()
        runner.register(store, writer, self._graph)
        self._runner = runner.Runner(store, writer, self._graph, _runner_settings(settings), settings.state)
        thumbnails = Thumbnails(settings.state / runner.THUMBNAILS)
        thumbnails.clear_unfinished()
        self._upkeep = Upkeep(store, writer, thumbnails)
        self._vector_upkeep = VectorUpkeep(store, writer, self._graph, settings.state)
        self._scans = Scans(store, writer, settings.library, on_work=self._runner.wake)
        self._renderer = _renderer(settings, store)
        point = os.fspath(settings.mount.point)
        self._indexer = Indexer(store, writer)
        self._searching = Searching(store, writer, settings)
        self._clustering = Clustering(store, writer, settings)
        self._doctor = Doctor(
            store, self._graph, self._runner, self._searching, self._clustering, mount=point, alerts=self._alerts
        )
        self._shared = self._library()
        self._tree = LibraryTree(self._shared, self._refuse)

    def _derive_anew(self) -> None:
        """Bring facets and rows up to date, where an older program or another time zone has made them."""

        def tell(done: int, chunks: int) -> None:
            status = f"bringing the views up to date: part {done + 1} of {chunks}"
            log.info("%s", status)
            self._notifier.still_starting(status, DERIVING_CHUNK_S)

        changed = rederive.refresh(self._store, self._writer, tell)
        if changed:
            log.info("the views of %d photos were brought up to date", changed)

    def _library(self) -> Library:
        settings = self._settings
        facts = UserFacts(Journal(settings.state / "journal"), self._writer, VERBS)
        missed = facts.catch_up()
        if missed:
            log.info("%d entries of the journal were applied", missed)
        return Library(
            store=self._store,
            searches=Searches(
                self._store,
                self._writer,
                self._today,
                limit=settings.search.default_limit,
                remembered=settings.search.recent,
                meaning=self._searching,
            ),
            facts=facts,
            told=Told(self._status_text, lambda: self._last_error, self._doctor.model_notes),
            views=views.discover(),
            roots=self._roots(),
            today=self._today,
            recent_photos=settings.recent.photos,
            rendering=_rendering(settings),
            covers_only=lambda: self._settings.stacks == "cover",
            people_min_photos=settings.people.min_photos,
            likeness=Likeness(self._store, settings.state / VECTORS),
        )

    def _roots(self) -> dict[bytes, DirId]:
        """The library folders by their names in the tree; those that are no longer configured leave it."""
        removal.forget_others(self._store, self._writer, {os.fsencode(path) for path in self._settings.library.folders})
        roots: dict[bytes, DirId] = {}
        for name, folder in by_name(self._settings.library.folders).items():
            roots[name] = self._writer.run(functools.partial(paths.add_library, path=os.fsencode(folder))).dir
        return roots

    def _alerts(self) -> list[str]:
        others = (self._renderer.alert, self._indexer.alert, self._searching.alert, self._clustering.alert)
        return [*self._scans.alerts(), *(alert for alert in others if alert)]

    def _today(self) -> dt.date:
        return dt.datetime.now(self._settings.zone).date()

    def _refuse(self, message: str) -> None:
        self._last_error = message + "\n"

    def _status_text(self) -> str:
        """The daemon's health, and why some folders are empty."""
        empty = [view.empty for view in self._tree.views if view.empty]
        return "\n".join([*health_lines(self._doctor.health()), "", *self._scans.unwatched(), *empty]) + "\n"

    async def main(self) -> None:
        """Start everything, say that it is ready, run until told to end."""
        settings = self._settings
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(control.control_socket(settings.runtime, settings.state))
            for number in SIGNALS:  # what the receiver puts back when it goes: the store is yet to be closed then
                signal.signal(number, signal.SIG_IGN)
            signals = stack.enter_context(trio.open_signal_receiver(*SIGNALS))
            async with trio.open_nursery() as nursery:
                stop = nursery.cancel_scope.cancel
                nursery.start_soon(self._obey, signals, stop)
                nursery.start_soon(self._notice_the_end)
                follower = Follower(self._store, self._writer, self._tree, self._runner.wake)
                self._writer.listen(follower.wake)
                self._writer.listen(lambda _: self._indexer.wake())
                self._writer.listen(lambda _: self._searching.wake())
                self._writer.listen(lambda _: self._clustering.wake())
                nursery.start_soon(self._searching.run)
                nursery.start_soon(self._clustering.run)
                nursery.start_soon(self._renderer.run)
                mounted = await nursery.start(mount.serve, self._tree, _mount_options(settings), self._renderer)
                nursery.start_soon(follower.run, mounted.invalidator)
                nursery.start_soon(self._indexer.run)
                nursery.start_soon(self._scans.run)
                nursery.start_soon(self._runner.run)
                nursery.start_soon(self._upkeep.run)
                nursery.start_soon(self._vector_upkeep.run)
                handlers = {**self._control(stop).handlers(), Regroup: self._clustering.answer}
                nursery.start_soon(control.serve, listener, handlers)
                self._doctor.phase = "running"
                self._notifier.ready(f"the tree is at {settings.mount.point}")
                log.info("ready: the tree is at %s", settings.mount.point)
                nursery.start_soon(feed_watchdog, self._notifier)
                nursery.start_soon(self._tell_status)

    def _control(self, stop: Callable[[], None]) -> Control:
        def end() -> None:
            self._say_stopping()
            stop()

        return Control(
            doctor=self._doctor,
            writer=self._writer,
            runner=self._runner,
            scans=self._scans,
            search=self._search,
            sayings=Sayings(self._shared, self._tree.root, self._settings.mount.point),
            stop=end,
            reload=self._reload,
        )

    def _search(self, command: Search) -> SearchResult:
        """Answer a query, as the tree does."""
        with self._store.read() as txn:
            answer = search(
                txn,
                command.query,
                today=self._today(),
                limit=command.limit or self._settings.search.default_limit,
                covers_only=self._settings.stacks == "cover",
                meaning=self._searching if self._searching.is_there else None,
            )
            photos = listed(txn, answer, command.query, at_most=command.limit, with_why=command.explain)
            notes = [*answer.notes, *(self._doctor.model_notes() if command.explain else ())]
            return SearchResult(photos=list(photos), notes=notes, total=answer.total)

    async def _obey(self, signals: AsyncIterator[int], stop: Callable[[], None]) -> None:
        """Obey signals, until told to end; those that come later change nothing."""
        async for number in signals:
            if number == signal.SIGHUP:
                await self._reload_loudly()
            else:
                self._say_stopping()
                stop()

    async def _notice_the_end(self) -> None:
        """Whatever it is that ends the daemon."""
        try:
            await trio.sleep_forever()
        finally:
            self._on_end()

    def _say_stopping(self) -> None:
        self._on_end()
        self._doctor.phase = "stopping"
        self._notifier.stopping("unmounting")

    async def _reload_loudly(self) -> None:
        try:
            await self._reload()
        except PhotofsdError as error:
            log.error("the configuration was not read again: %s", error)  # noqa: TRY400 - the message says it all

    async def _reload(self) -> ReloadResult:
        """Read the configuration again and apply what can be. Raises BadConfig; then nothing has changed."""
        self._notifier.reloading()
        try:
            fresh = await trio.to_thread.run_sync(self._reread)
            changed = [key for key in SETTINGS if value_of(fresh, key) != value_of(self._settings, key)]
            logging.getLogger().setLevel(fresh.log_level.upper())
            intervals = fresh.library.scan_interval_s, fresh.library.full_scan_interval_s
            self._scans.set_intervals(*intervals)
            library = dataclasses.replace(
                self._settings.library, scan_interval_s=intervals[0], full_scan_interval_s=intervals[1]
            )
            models = dataclasses.replace(self._settings.models, clip=fresh.models.clip, faces=fresh.models.faces)
            self._settings = dataclasses.replace(
                self._settings, log_level=fresh.log_level, stacks=fresh.stacks, library=library, models=models
            )
            self._runner.models.want(clip=models.clip, faces=models.faces)
            self._tree.has_changed()
        finally:
            self._notifier.ready(f"the tree is at {self._settings.mount.point}")
        return ReloadResult(
            applied=[key for key in changed if key in APPLIED_LIVE],
            needs_restart=[key for key in changed if key not in APPLIED_LIVE],
        )

    async def _tell_status(self) -> None:
        """One line for `systemctl status`, kept up to date; and the store's pages, kept few."""
        while True:
            health = await trio.to_thread.run_sync(self._doctor.health)
            await trio.to_thread.run_sync(self._store.give_pages_back)
            queued = sum(stage["queued"] for stage in health["stages"].values())
            alert = f"; {health['alerts'][0]}" if health["alerts"] else ""
            self._notifier.status(f"{health['state']}: {health['photos']:,} photos, {queued:,} jobs queued{alert}")
            await trio.sleep(STATUS_S)


def _runner_settings(settings: Settings) -> runner.RunnerSettings:
    chosen, machine, models = settings.readers, profiles.measure_machine(), settings.models
    return runner.RunnerSettings(
        readers=chosen.processes or profiles.readers(machine, chosen.memory_mb),
        memory_mb=chosen.memory_mb,
        patience=Patience(chosen.file_timeout_s),
        work=Work(settings.timezone or None, settings.places.max_distance_km, chosen.file_max_mb),
        models=ModelSettings(
            memory_mb=models.memory_mb or machine.memory_mb // 2,
            threads=profiles.threads(models.threads),
            batch_max=models.batch_max,
        ),
        wanted=Wanted(models.folder, models.clip, models.faces),
    )


def _rendering(settings: Settings) -> RenderSettings:
    return RenderSettings(quality=settings.jpeg.quality, max_px=settings.jpeg.max_px)


def _renderer(settings: Settings, store: Store) -> Renderer:
    return Renderer(
        store,
        RenditionCache(settings.state / "jpeg", settings.jpeg.cache_mb * 1_000_000),
        _rendering(settings),
        children=min(RENDERERS_MAX, profiles.readers(profiles.measure_machine(), settings.readers.memory_mb)),
        memory_mb=settings.readers.memory_mb,
        patience=Patience(settings.readers.file_timeout_s),
    )


def _mount_options(settings: Settings) -> MountOptions:
    chosen = settings.mount
    return MountOptions(
        mount_point=chosen.point,
        allow_other=chosen.allow_other,
        xattrs=chosen.xattrs,
        links=chosen.links,
        entry_timeout_s=chosen.entry_timeout_s,
        search_timeout_s=chosen.search_timeout_s,
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended the daemon; others that came with it are its consequences."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
