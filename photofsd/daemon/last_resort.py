"""The last resort: a daemon that has been told to end and does not is ended all the same.

Work in threads is waited for, and what it waits for may never come: a disk that has died, a NAS. What was submitted to
the store is still committed; where everything hangs (somebody holds the interpreter's lock for ever), the end is that
of a kill: nothing that was committed is lost, the rest is done again. Either way the log says where every thread was.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from photofsd.errors import MountFailed
from photofsd.fuse import mount_point

if TYPE_CHECKING:
    from photofsd.mounts import Mount
    from photofsd.store.writer import Writer

END_WITHIN_S: Final = 20.0
"""Children get a second or two, the mount's own thread five, a look at the mount five."""

GRACE_S: Final = 5.0
"""For what needs the interpreter once that time is over; systemd kills after 30 s."""

log = logging.getLogger(__name__)


class LastResort:
    """Ends the process END_WITHIN_S after `arm`, with exit code 1, unless there is a `disarm` before."""

    def __init__(self, point: Path, writer: Writer) -> None:
        self._point = point
        self._writer = writer
        self._mounted: Mount | None = None
        self._timer: threading.Timer | None = None

    def arm(self) -> None:
        """The daemon begins to end. May be called twice."""
        if self._timer is None:
            point = mount_point.canonical(self._point)
            self._mounted = mount_point.mounted_at(point)
            faulthandler.dump_traceback_later(END_WITHIN_S + GRACE_S, exit=True)  # needs no lock of the interpreter
            self._timer = threading.Timer(END_WITHIN_S, self._end, [point])
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        """The tree is unmounted and all threads are done but the writer's, which is waited for as long as it takes."""
        if self._timer is not None:
            self._timer.cancel()
            faulthandler.cancel_dump_traceback_later()

    def _end(self, point: Path) -> None:
        log.error("the daemon does not end: something has hung for %g s, see the stacks below", END_WITHIN_S)
        faulthandler.dump_traceback()
        faulthandler.cancel_dump_traceback_later()
        self._writer.close()
        faulthandler.dump_traceback_later(GRACE_S, exit=True)
        self._take_away(point)
        os._exit(1)

    def _take_away(self, point: Path) -> None:
        """Unmount: a thread that waits for our own mount would outlive the process."""
        with mount_point.held(point) as left:
            if left is None or left.mount != self._mounted:
                return
            try:
                left.take_away()
            except MountFailed as error:
                log.warning("%s", error)
