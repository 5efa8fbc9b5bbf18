"""The searcher: a process that keeps the text encoder warm and the vectors mapped, and answers the daemon's questions.

Run as `python -m photofsd.searcher.child FD MEMORY_MB`. It says READY, is sent a Setup, says how it stands, and answers
every Ask as soon as it is done, in whatever order; a text that is being encoded holds up none that is known. It reads
the store, follows the change log, and alone writes below `index/`. It parses nothing that comes from a photo.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import sys
import threading
import time
import warnings
from typing import Final

import msgspec

from photofsd.errors import PhotofsdError
from photofsd.processes.frames import READY, receive_frame, send_frame
from photofsd.processes.lowered import lower_and_limit
from photofsd.searcher.engine import Learned
from photofsd.searcher.messages import (
    Answered,
    Ask,
    Cancel,
    Failed,
    FromSearcher,
    Setup,
    Standing,
    ToSearcher,
    Unusable,
    WireRanking,
)
from photofsd.searcher.warm import Warm

NICE: Final = 1
"""Somebody waits for what it does; the mount goes before it all the same."""

THREADS: Final = 3
FOLLOW_EVERY_S: Final = 1.0
AGAIN_S: Final = 10.0
"""After a failure to follow: the disk is full, say."""

log = logging.getLogger(__name__)


def main() -> None:
    """Answer until the parent closes the connection."""
    lower_and_limit(int(sys.argv[2]), nice=NICE, may_write=True)
    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.WARNING, format="searcher: %(message)s")
    connection = socket.socket(fileno=int(sys.argv[1]))
    send_frame(connection, READY)
    frame = receive_frame(connection)
    if frame is not None:
        _serve(connection, msgspec.msgpack.decode(frame, type=Setup))


def _serve(connection: socket.socket, setup: Setup) -> None:
    daemon = _Daemon(connection)
    try:
        warm = Warm.open(setup)
    except PhotofsdError as error:
        daemon.say(Unusable(str(error)))
        return
    except Exception as error:  # noqa: BLE001 - of a model or an index that is not as it should be
        daemon.say(Unusable(f"internal error: {type(error).__name__}: {error}"))
        return
    threading.Thread(target=_listen, args=(daemon,), daemon=True).start()
    for _ in range(THREADS):
        threading.Thread(target=_answer, args=(warm, daemon), daemon=True).start()
    _follow(warm, daemon)


class _Daemon:
    """The daemon at the other end: its questions, and who may still be told."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._wanted: set[int] = set()
        self.asked: queue.SimpleQueue[Ask] = queue.SimpleQueue()

    def listen(self) -> None:
        """Take questions until the connection closes."""
        decode = msgspec.msgpack.Decoder(ToSearcher).decode
        while (frame := receive_frame(self._connection)) is not None:
            message = decode(frame)
            if isinstance(message, Ask):
                self._wanted.add(message.number)
                self.asked.put(message)
            elif isinstance(message, Cancel):
                self._wanted.discard(message.number)

    def wants(self, ask: Ask) -> bool:
        """Claim: somebody waits for the answer."""
        try:
            self._wanted.remove(ask.number)
        except KeyError:
            return False
        return True

    def say(self, message: FromSearcher) -> None:
        """Send it. A daemon that is gone is told nothing: this process dies with it."""
        with self._sending, contextlib.suppress(OSError):
            send_frame(self._connection, msgspec.msgpack.encode(message))


def _listen(daemon: _Daemon) -> None:
    """Without the daemon this process is of no use."""
    daemon.listen()
    os._exit(0)


def _answer(warm: Warm, daemon: _Daemon) -> None:
    """Answer one question after the other, for ever."""
    while True:
        ask = daemon.asked.get()
        if not daemon.wants(ask):
            continue
        try:
            daemon.say(_answered(warm, ask))
        except PhotofsdError as error:
            daemon.say(Failed(ask.number, str(error)))
        except Exception as error:  # one question's bug must not cost the others their answers
            log.exception("a question could not be answered")
            daemon.say(Failed(ask.number, f"internal error: {type(error).__name__}: {error}"))


def _answered(warm: Warm, ask: Ask) -> Answered:
    learned = Learned()
    sequence = warm.sequence
    rankings = [warm.rank(asked.wish(), ask.count, learned) for asked in ask.wishes]
    return Answered(ask.number, tuple(map(WireRanking.of, rankings)), sequence, tuple(learned.texts.items()))


def _follow(warm: Warm, daemon: _Daemon) -> None:
    """Keep the index up with the store, and the daemon with how it stands, for ever. In the main thread."""
    said: Standing | None = None
    said_s = -FOLLOW_EVERY_S

    def tell(trouble: str = "", *, at_last: bool = False) -> None:
        nonlocal said, said_s
        if not at_last and time.monotonic() - said_s < FOLLOW_EVERY_S:
            return
        standing = warm.standing(trouble)
        if standing != said:
            daemon.say(standing)
        said, said_s = standing, time.monotonic()

    while True:
        trouble = ""
        try:
            warm.follow(tell)
        except PhotofsdError as error:
            trouble = str(error)
        except Exception as error:
            log.exception("the index could not be brought up to date")
            trouble = f"internal error: {type(error).__name__}: {error}"
        tell(trouble, at_last=True)
        time.sleep(AGAIN_S if trouble else FOLLOW_EVERY_S)


if __name__ == "__main__":
    main()
