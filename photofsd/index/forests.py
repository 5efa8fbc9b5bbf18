"""The forest in use, and the child that grows the next one.

A forest is asked only when all of its files have been read and their digests found right, which takes a while after a
start: a few pieces at a time, while the exact scan answers.
"""

from __future__ import annotations

import logging
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from photofsd.durable import unwritable
from photofsd.errors import StoreError, StoreFull
from photofsd.index.exact_rows import Crcs
from photofsd.index.forest import FILES, PHOTOS, VERSION, Forest, Order, build_of, is_possible
from photofsd.index.generations import Generation, Generations, Origin
from photofsd.index.rows import Ids
from photofsd.processes.command import command_of

WANTED_ROWS: Final = 10_000
WANTED_SHARE: Final = 0.1
"""A forest is grown when more photos than both of these are not in the one that there is, or no longer."""

AGAIN_S: Final = 600.0
"""After a failure."""

_ROOM: Final = 1.6
"""The file of a forest while it is built, in sizes of its vectors: it grows by leaps."""

_ITEM_BYTES: Final = 16

log = logging.getLogger(__name__)


class Forests:
    """The forests of one model in `folder`. One thread uses it.

    forest: the one in use. alert: why there is none, or an old one; one line, None = nothing is wrong.
    """

    def __init__(self, folder: Path, model: str, dimension: int, vectors: Path, *, trees: int) -> None:
        self._generations = Generations(folder, Origin(model, dimension, VERSION, build_of()))
        self._vectors = vectors
        self._dimension = dimension
        self._trees = trees
        self._child: subprocess.Popen[bytes] | None = None
        self._not_before_s = 0.0
        self._found = self._generations.current() if is_possible() else None
        self._checking: Iterator[None] | None = None if self._found is None else self._found.checked()
        self.forest: Forest | None = None
        self.alert: str | None = None

    def check(self) -> bool:
        """Check a piece of the forest that was found at the start. Claim: there was something to check."""
        if self._checking is None or self._found is None:
            return False
        try:
            next(self._checking)
        except StopIteration:
            self._checking = None
            self._use(self._found)
        except StoreError as error:
            self._checking = None
            self._generations.refuse(str(error))
        return True

    def is_wanted(self, outdated: int) -> bool:
        """Claim: another forest should be grown. outdated: photos that the one in use has not, or wrongly."""
        if self._child is not None or self._checking is not None or not is_possible():
            return False
        size = 0 if self.forest is None else self.forest.count
        return outdated > max(WANTED_ROWS, WANTED_SHARE * size) and time.monotonic() >= self._not_before_s

    def start(self, ids: Ids, crcs: Crcs) -> None:
        """Let a child grow a forest of the photos ids[n], ascending, from their rows with crcs[n].

        From the main thread: the child dies with it. Raises StoreFull, StoreError.
        """
        self._not_before_s = time.monotonic() + AGAIN_S
        folder = self._generations.begin()
        needed = int(_ROOM * (int(ids[-1]) + 1) * (4 * self._dimension + _ITEM_BYTES))
        if shutil.disk_usage(folder).free < needed:
            raise StoreFull(f"the disk is full: an Annoy index in {folder.parent} needs {needed >> 20} MB")
        try:
            np.column_stack((ids, crcs)).astype("<u4").tofile(folder / PHOTOS)
        except OSError as error:
            raise unwritable(f"an Annoy index in {folder.parent}", error) from error
        order = Order(str(folder), str(self._vectors), self._dimension, self._trees)
        command = command_of("photofsd.index.build", msgspec.json.encode(order).decode())
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def collect(self) -> None:
        """Take a forest that has been grown into use. What went wrong becomes the alert, and is tried again later."""
        if self._child is None or self._child.poll() is None:
            return
        child, self._child = self._child, None
        said, _ = child.communicate()
        if child.returncode:
            self._say(_obituary(child.returncode))
            return
        try:
            self._use(self._generations.seal(FILES, msgspec.json.decode(said, type=dict[str, str])))
        except (StoreError, msgspec.DecodeError) as error:
            self._say(str(error))

    def failed(self, error: StoreError) -> None:
        """A forest could not be begun."""
        self._say(str(error))

    def is_growing(self) -> bool:
        """Claim: a child is at work."""
        return self._child is not None

    def close(self) -> None:
        """End the child, let go of the files."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None
        if self.forest is not None:
            self.forest.close()
            self.forest = None

    def _use(self, generation: Generation) -> None:
        try:
            forest = Forest(generation.folder, self._dimension)
        except StoreError as error:
            self._generations.refuse(str(error))
            return
        if self.forest is not None:
            self.forest.close()
        self.forest, self.alert, self._not_before_s = forest, None, 0.0

    def _say(self, why: str) -> None:
        """Alert, and log that once."""
        alert = f"no Annoy index can be built, all photos are looked at instead: {why}"
        if alert != self.alert:
            log.warning("%s", alert)
        self.alert = alert


def _obituary(status: int) -> str:
    """How the child ended."""
    if status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name
    return f"its process was killed by {name}" + (": is the disk full?" if -status == signal.SIGBUS else "")
