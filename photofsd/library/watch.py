"""Watching: what the kernel tells of changes, as hints where to scan. Scanning is the truth (see scan.py).

For the daemon
--------------
    watcher = Watcher({folder: rules, ...}, quiet_s=settle_s)
    send, receive = trio.open_memory_channel[Hint](0)
    nursery.start_soon(watcher.run, send)
    async for hint in receive:
        ... scanner_of[hint.library].scan(folders=hint.folders)       # in a thread; folders=None is a full scan

`watcher.unwatched`        why a library folder is not watched, for the status; scanning alone finds its changes.
`await watcher.renew()`    after every full scan: watches again what was offline, or has been mounted anew.

A hint comes when it has been quiet for `quiet_s`, or after `patience_s` of commotion. With `quiet_s` = `settle_s` the
files of a hint have settled when they are looked at. While nobody receives, hints are gathered: many dirty folders
become one hint for everything. After a queue overflow, and after watches have been set, there is a hint for everything.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

import trio
from watchdog.observers.inotify_c import InotifyFD

from photofsd.display import shown
from photofsd.library.hints import Dirt, Hint
from photofsd.library.inotify import Watches
from photofsd.library.rules import Rules
from photofsd.mounts import MOUNTINFO, Mount, mount_of, mounts, mounts_below

log = logging.getLogger(__name__)

_LIMITS: Final = {
    errno.ENOSPC: "the kernel has no more watches to give: raise fs.inotify.max_user_watches",
    errno.EMFILE: "too many programs watch files: raise fs.inotify.max_user_instances",
}


class _Offline(Exception):
    """A library folder that cannot be watched now; renewing may help."""


class _NotWatched(Exception):
    """A library folder that cannot be watched at all; the message says why."""


@dataclass(slots=True)
class _Library:
    """One library folder. seen: what was there when its watches were set: (device, inode) and mounts below."""

    path: bytes
    watches: Watches
    dirt: Dirt
    seen: tuple[int, int, frozenset[Mount]] | None = None
    has_given_up: bool = False


class Watcher:
    """Watches library folders and tells where something has happened. One `run` at a time.

    libraries: absolute paths and their rules.
    """

    def __init__(
        self,
        libraries: Mapping[bytes, Rules],
        *,
        quiet_s: float = 2.0,
        patience_s: float = 5.0,
        mountinfo: Path = MOUNTINFO,
    ) -> None:
        self._rules = dict(libraries)
        self._quiet_s = quiet_s
        self._patience_s = patience_s
        self._mountinfo = mountinfo
        self._libraries: list[_Library] = []
        self._renewing = trio.Lock()
        self._woken = trio.Event()
        self._unwatched: dict[bytes, str] = {}

    @property
    def unwatched(self) -> Mapping[bytes, str]:
        """Library folders that are not watched, and why."""
        return dict(self._unwatched)

    async def run(self, hints: trio.MemorySendChannel[Hint]) -> None:
        """Watch until cancelled. `hints` is closed then."""
        async with hints:
            try:
                inotify = InotifyFD()
            except OSError as error:
                for path in self._rules:
                    self._give_up(path, _reason(error))
                await trio.sleep_forever()
            inotify.start()
            try:
                await self._serve(inotify, hints)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(self._end, inotify)

    async def _serve(self, inotify: InotifyFD, hints: trio.MemorySendChannel[Hint]) -> None:
        token = trio.lowlevel.current_trio_token()

        def wake() -> None:
            token.run_sync_soon(self._wake, idempotent=True)

        for path, rules in self._rules.items():
            dirt = Dirt(path, wake, time.monotonic)
            self._libraries.append(_Library(path, Watches(path, rules, inotify, dirt), dirt))
        await self.renew()
        while True:
            await self._woken.wait()
            self._woken = trio.Event()
            await self._until_quiet()
            await self.renew()
            for library in self._libraries:
                hint = library.dirt.take()
                if hint is not None:
                    await hints.send(hint)

    def _wake(self) -> None:
        self._woken.set()

    async def _until_quiet(self) -> None:
        until = time.monotonic() + self._patience_s
        while True:
            last = max(library.dirt.last for library in self._libraries)
            pause_s = min(last + self._quiet_s, until) - time.monotonic()
            if pause_s <= 0:
                return
            await trio.sleep(pause_s)

    def _end(self, inotify: InotifyFD) -> None:
        for library in self._libraries:
            library.watches.drop()
        self._libraries.clear()
        inotify.stop()
        inotify.join()

    async def renew(self) -> None:
        """Set the watches again where they have gone stale; returns soon where all is well."""
        async with self._renewing:
            for library in self._libraries:
                if library.has_given_up:
                    continue
                try:
                    await trio.to_thread.run_sync(self._renew, library, abandon_on_cancel=True)
                    self._unwatched.pop(library.path, None)
                except _Offline as error:
                    self._unwatched[library.path] = str(error)
                except _NotWatched as error:
                    self._give_up(library.path, str(error))
                    library.has_given_up = True

    def _renew(self, library: _Library) -> None:
        known = mounts(self._mountinfo)
        _refuse_remote(library, mount_of(library.path, known))  # before anything is touched there: it may hang
        try:
            real = os.path.realpath(library.path, strict=True)
            status = os.stat(real)
        except OSError as error:
            library.watches.drop()
            library.seen = None
            raise _Offline(f"it cannot be looked at: {error.strerror}") from error
        _refuse_remote(library, mount_of(real, known))
        seen = (status.st_dev, status.st_ino, mounts_below(real, known))
        if seen != library.seen or library.watches.is_stale:
            _build(library, real, seen)
        if library.watches.trouble is not None:
            _refuse_for(library, library.watches.trouble)

    def _give_up(self, path: bytes, why: str) -> None:
        self._unwatched[path] = why
        log.warning("%s is not watched, only scanned: %s", shown(path), why)


def _build(library: _Library, real: bytes, seen: tuple[int, int, frozenset[Mount]]) -> None:
    """Set the watches anew. Mounts that others change unseen are left out."""
    skipped = frozenset(library.path + mount.point[len(real) :] for mount in seen[2] if mount.is_remote)
    try:
        library.watches.build(skipped)
    except OSError as error:
        _refuse_for(library, error)
    library.seen = seen


def _refuse_remote(library: _Library, mount: Mount | None) -> None:
    if mount is None or not mount.is_remote:
        return
    library.watches.drop()
    raise _NotWatched(f"it lies on {mount.file_system}, and what others change there is not told")


def _refuse_for(library: _Library, error: OSError) -> NoReturn:
    library.watches.drop()
    raise _NotWatched(_reason(error)) from error


def _reason(error: OSError) -> str:
    return _LIMITS.get(error.errno or 0) or str(error.strerror)
