"""A daemon of which something hangs when it is to end. Run as a process: HOW, then what `photofsd` is given.

HOW: "thread" = a worker thread waits for ever, and what was submitted to the store before the end takes its time;
"interpreter" = somebody waits for ever in C and keeps the interpreter's lock.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from typing import TYPE_CHECKING

import trio

from photofsd.cli.main import main
from photofsd.daemon import last_resort
from photofsd.pipeline.upkeep import Upkeep

if TYPE_CHECKING:
    from photofsd.store.transaction import WriteTransaction

END_WITHIN_S = 1.0
COMMIT_S = 4.0
COUNTER = b"committed in the end"


def commit_slowly(txn: WriteTransaction) -> None:
    time.sleep(COMMIT_S)
    txn.count_by(COUNTER, 1)


def wait_for_ever() -> None:
    threading.Event().wait()


async def hang_a_thread(upkeep: Upkeep) -> None:
    upkeep._writer.submit(commit_slowly)
    await trio.to_thread.run_sync(wait_for_ever)


async def hang_the_interpreter(_: Upkeep) -> None:
    try:
        await trio.sleep_forever()
    finally:
        ctypes.PyDLL(None).sleep(1000)


def run() -> None:
    how = sys.argv.pop(1)
    Upkeep.run = hang_a_thread if how == "thread" else hang_the_interpreter  # type: ignore[method-assign]
    last_resort.END_WITHIN_S, last_resort.GRACE_S = END_WITHIN_S, 1.0  # type: ignore[misc]
    main()


if __name__ == "__main__":
    run()
