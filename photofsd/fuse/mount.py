"""Mounts the tree and serves it until cancelled. One mount a process: pyfuse3 keeps its session in a global."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import resource
from pathlib import Path
from typing import Final

import pyfuse3
import trio

from photofsd import mounts
from photofsd.errors import MountFailed, MountLost
from photofsd.fuse import mount_point
from photofsd.fuse.announce import Announcer
from photofsd.fuse.files import Renderer
from photofsd.fuse.guard import Tally
from photofsd.fuse.inode_table import InodeTable
from photofsd.fuse.invalidate import Invalidator
from photofsd.fuse.offloop import Work
from photofsd.fuse.operations import PhotoOperations
from photofsd.fuse.options import MountOptions
from photofsd.fuse.requests import Requests
from photofsd.vtree.node import Tree

STOP_WITHIN_S: Final = 5

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Mount:
    """A tree that is mounted and answers.

    invalidator: to be told of every change behind the kernel's caches.
    tally:       requests and faults so far.
    """

    point: Path
    invalidator: Invalidator
    tally: Tally


async def serve(
    tree: Tree,
    options: MountOptions,
    renderer: Renderer,
    *,
    task_status: trio.TaskStatus[Mount] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Mount `tree` and serve it until cancelled, then unmount. Start it with `nursery.start`, which returns a Mount.

    renderer: must answer whoever waits for it when that happens: an unmount waits for all requests.

    Raises MountFailed; MountLost when somebody unmounts the tree meanwhile.
    """
    point = mount_point.canonical(options.mount_point)
    options = dataclasses.replace(options, mount_point=point)
    if options.inherited_fd is None:
        claim = functools.partial(
            mount_point.claim, point, file_system=f"fuse.{options.subtype}", source=options.fsname
        )
        await trio.to_thread.run_sync(claim)
    allow_many_open_files()
    session = _Session(tree, options, renderer)
    session.open()
    try:
        await session.run(task_status)
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(session.close)
    raise MountLost(f"{point} was unmounted, or its connection cut, by somebody else")


def allow_many_open_files() -> None:
    """Raise the number of files that this process may have open as far as it may: each open photo takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError):  # some containers deny what getrlimit offers
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class _Session:
    """A mount from its making to its end."""

    def __init__(self, tree: Tree, options: MountOptions, renderer: Renderer) -> None:
        self._options = options
        self._table = InodeTable(tree.root)
        self._tally = Tally(tree.refuse)
        self._requests = Requests()
        self._announcer = Announcer(options.mount_point)
        self._invalidator = Invalidator(self._table, self._announcer, self._tally)
        self._work = Work.within(search_s=options.search_timeout_s, library_s=options.library_timeout_s)
        self._operations = PhotoOperations(
            tree, options, table=self._table, tally=self._tally, requests=self._requests, work=self._work,
            invalidator=self._invalidator, renderer=renderer,
        )  # fmt: skip
        self._ended = trio.Event()
        self._is_quiet = True
        self._mounted: mounts.Mount | None = None

    def open(self) -> None:
        """Mount; the kernel's requests wait until `run`."""
        fd = self._options.inherited_fd
        place = str(self._options.mount_point) if fd is None else f"/dev/fd/{fd}"
        try:
            pyfuse3.init(self._operations, place, self._options.kernel_options)
        except RuntimeError as error:
            raise MountFailed(
                f"{place} cannot be mounted ({error}): is fuse3 installed, and for allow_other user_allow_other set "
                "in /etc/fuse.conf?"
            ) from None
        self._mounted = mount_point.mounted_at(self._options.mount_point)
        self._announcer.device = None if self._mounted is None else self._mounted.device_number

    async def run(self, task_status: trio.TaskStatus[Mount]) -> None:
        """Answer requests until cancelled or unmounted."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._answer_requests)
            try:
                await self._operations.started.wait()
                self._widen_reads()
                self._invalidator.start()
                task_status.started(Mount(self._options.mount_point, self._invalidator, self._tally))
                await self._ended.wait()
            finally:
                with trio.CancelScope(shield=True):
                    await self._wind_down()

    def close(self) -> None:
        """Unmount and free everything."""
        if self._is_quiet:
            pyfuse3.close(unmount=self._options.inherited_fd is None)
        if self._options.inherited_fd is None:
            self._remove_what_is_left()
        self._announcer.reap()

    async def _answer_requests(self) -> None:
        """Serve. Cancelling does not reach in here: requests under way are to be answered before the end."""
        try:
            with trio.CancelScope(shield=True):
                await self._requests.serve()
        finally:
            self._ended.set()
            self._operations.started.set()

    async def _wind_down(self) -> None:
        """Answer all that wait, then stop serving. In this order: the invalidator may wait for such an answer."""
        self._work.stop()
        self._is_quiet = await self._invalidator.stop(STOP_WITHIN_S)
        if not self._ended.is_set():
            pyfuse3.terminate()

    def _widen_reads(self) -> None:
        """Let the kernel ask for more at once; it has to be said after its hello, which sets it back."""
        if self._mounted is None or not self._options.read_ahead_kb or os.geteuid() != 0:
            return
        control = Path("/sys/class/bdi", self._mounted.device, "read_ahead_kb")
        try:
            control.write_text(str(self._options.read_ahead_kb))
        except OSError as error:
            _log.info("reads stay at 128 KiB: %s", error)

    def _remove_what_is_left(self) -> None:
        """Unmount where libfuse did not: a connection that was cut leaves its mount, and so does a stuck thread.

        Device numbers are used again: what answers is somebody else's, made since ours went.
        """
        with mount_point.held(self._options.mount_point) as left:
            if left is None or left.mount != self._mounted or left.answers():
                return
            try:
                left.take_away()
            except MountFailed as error:
                _log.warning("%s", error)
