"""One watch a folder, by watchdog's InotifyFD; pruned folders are neither watched nor listed.

watchdog's own recursive observer is not used: it walks into folders that are to be left alone, keeps silent when the
kernel has no watches left for a sub-folder, and tells nobody that the queue has overflowed.

Locks: `Watches` has one; it is held while InotifyFD takes its own, never the other way round (InotifyFD calls back
without its lock). Everything here may block on the disk: call it from a thread that may.
"""

from __future__ import annotations

import errno
import itertools
import logging
import os
import threading
from collections.abc import Iterator
from typing import Final

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from photofsd.library.hints import Dirt
from photofsd.library.rules import Names, Rules

log = logging.getLogger(__name__)

MASK: Final = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
)
"""No opens, reads, writes and attributes: our own reading would fill the queue with them."""

_NO_MORE: Final = frozenset({errno.ENOSPC, errno.ENOMEM, errno.EMFILE})


class _Folder:
    """A watched folder; what InotifyFD calls back. A number of its own keeps apart two that are one for the kernel.

    Nothing may be raised here: it would end the thread that reads the events.
    """

    __slots__ = ("names", "number", "watches", "wd")

    def __init__(self, watches: Watches, names: Names, number: int) -> None:
        self.watches = watches
        self.names = names
        self.number = CallbackId(number)
        self.wd = WatchDescriptor(-1)

    def on_event(self, event: InotifyEvent) -> None:
        try:
            self.watches.happened(self, event)
        except Exception:
            log.exception("an event of the file system could not be dealt with: scanning makes up for it")

    def on_watch_deleted(self, _: WatchDescriptor) -> None:
        self.watches.lost(self)

    def on_queue_overflow(self) -> None:
        self.watches.overflowed()


class Watches:
    """The watches of one library folder.

    library:  absolute path. skipped: paths of folders in it that are not worth watching (remote mounts).
    Events go to `dirt` as folders. `trouble` is set when no more watches could be had; `is_stale` when the kernel has
    lost events or the library folder itself: `build` again.
    """

    def __init__(self, library: bytes, rules: Rules, inotify: InotifyFD, dirt: Dirt) -> None:
        self._library = library
        self._rules = rules
        self._inotify = inotify
        self._dirt = dirt
        self._lock = threading.RLock()
        self._folders: dict[Names, _Folder] = {}
        self._numbers = itertools.count(1)
        self._skipped: frozenset[bytes] = frozenset()
        self._is_open = False
        self.is_stale = False
        self.trouble: OSError | None = None

    def __len__(self) -> int:
        return len(self._folders)

    def build(self, skipped: frozenset[bytes]) -> None:
        """Watch the folder and everything in it, anew. Raises OSError where the folder itself cannot be watched."""
        with self._lock:
            self.drop()
            self._skipped = skipped
            self._is_open = True
            self.is_stale = False
            self._watch((), must=True)
            self._watch_below(())
        self._dirt.note_everything()

    def drop(self) -> None:
        """Watch nothing."""
        with self._lock:
            self._is_open = False
            folders, self._folders = self._folders, {}
        self._inotify.remove_callbacks([(folder.wd, folder.number) for folder in folders.values()])

    def happened(self, folder: _Folder, event: InotifyEvent) -> None:
        """Called back for every event."""
        with self._lock:
            if not self._is_open or self._folders.get(folder.names) is not folder:
                return
            if not event.name:
                self._note(folder.names)
            elif event.is_directory:
                self._folder_happened(folder, event)
            elif self._rules.kind_of(folder.names, event.name) is not None:
                self._note(folder.names)

    def _folder_happened(self, parent: _Folder, event: InotifyEvent) -> None:
        names = (*parent.names, event.name)
        if not self._rules.enters(names):
            return
        if event.is_create or event.is_moved_to:
            self._watch(names)
            self._note(names)  # what came into it before its watch did, a scan may have missed
            self._watch_below(names)
        else:
            self._forget_below(names)
        self._note(parent.names)

    def lost(self, folder: _Folder) -> None:
        """Called back when the kernel has dropped a watch: the folder is gone, or its file system unmounted."""
        with self._lock:
            if not self._is_open or self._folders.get(folder.names) is not folder:
                return
            del self._folders[folder.names]
            if not folder.names:
                self.is_stale = True
        self._note(folder.names)

    def overflowed(self) -> None:
        """Called back, for every folder, when events were lost: folders may have come that nobody watches."""
        if not self.is_stale:
            self.is_stale = True
            self._dirt.note_everything()

    def _note(self, names: Names) -> None:
        self._dirt.note(self._path(names))

    def _path(self, names: Names) -> bytes:
        return os.path.join(self._library, *names)

    def _watch_below(self, top: Names) -> None:
        """Watch what is in a watched folder. A watch comes before the listing, so that nothing falls in between."""
        waiting = [top]
        while waiting and self.trouble is None:
            names = waiting.pop()
            if names not in self._folders:
                continue
            for below in self._sub_folders(names):
                if below not in self._folders:
                    self._watch(below)
                    self._note(below)
                waiting.append(below)

    def _sub_folders(self, names: Names) -> Iterator[Names]:
        try:
            with os.scandir(self._path(names)) as entries:
                found = [(*names, entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # gone by now, or not for us to read: the scan says so
            return
        yield from (below for below in found if self._rules.enters(below) and self._path(below) not in self._skipped)

    def _watch(self, names: Names, *, must: bool = False) -> None:
        folder = _Folder(self, names, next(self._numbers))
        try:
            folder.wd = self._inotify.add_callback(self._path(names), MASK, folder, folder.number)
        except OSError as error:
            if must:
                raise
            if error.errno in _NO_MORE and self.trouble is None:
                self.trouble = error
                self._dirt.note_everything()
            return
        if folder.wd != -1:  # InotifyFD keeps silent over EACCES
            self._folders[names] = folder

    def _forget_below(self, top: Names) -> None:
        gone = [names for names in self._folders if names[: len(top)] == top]
        folders = [self._folders.pop(names) for names in gone]
        self._inotify.remove_callbacks([(folder.wd, folder.number) for folder in folders])
