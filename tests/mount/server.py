"""Serves a tree in a process of its own, as the daemon would; never mount in the process of the tests.

Usage: server.py MOUNT_POINT MODULE:FUNCTION KEYWORDS OPTIONS, the last two in JSON. Prints one JSON line when mounted,
then answers JSON lines: ["tree", method, arguments], ["invalidator", method, keywords], ["tally", name], ["known"] (how
many folders and texts the kernel knows). SIGTERM and the end of its input end it. Exit code 3 when the mount was lost,
4 when it could not be made.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

import trio

from photofsd.errors import MountFailed, MountLost, NotRendered
from photofsd.fuse.mount import Mount, serve
from photofsd.fuse.options import MountOptions
from photofsd.types import AssetId

LOST, FAILED = 3, 4


class NothingRendered:
    """The renderer of trees without renditions."""

    async def open(self, asset: AssetId) -> int:
        raise NotRendered(f"nothing renders {asset}")


def as_bytes(value: Any) -> Any:  # noqa: ANN401 - JSON
    """JSON has no bytes: names travel as text with surrogates."""
    return os.fsencode(value) if isinstance(value, str) else value


def answer(tree: Any, mount: Mount, line: str) -> Any:  # noqa: ANN401 - JSON
    match json.loads(line):
        case ["tree", method, arguments]:
            return getattr(tree, method)(*arguments)
        case ["invalidator", method, keywords]:
            plain = {key: [as_bytes(item) for item in value] for key, value in keywords.items()}
            return getattr(mount.invalidator, method)(**plain)
        case ["known"]:
            return len(mount.invalidator._table)
        case ["tally", name]:
            return dict(getattr(mount.tally, name))


async def end_on_signal(scope: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


async def main(tree: Any, options: MountOptions) -> None:  # noqa: ANN401 - any Tree with any methods
    async with trio.open_nursery() as nursery:
        nursery.start_soon(end_on_signal, nursery.cancel_scope)
        mount = await nursery.start(serve, tree, options, NothingRendered())
        print(json.dumps("mounted"), flush=True)  # noqa: T201 - the protocol
        async with trio.lowlevel.FdStream(os.dup(0)) as commands:
            buffer = b""
            async for piece in commands:
                *lines, buffer = (buffer + piece).split(b"\n")
                for line in lines:
                    print(json.dumps(answer(tree, mount, line.decode())), flush=True)  # noqa: T201 - the protocol
        nursery.cancel_scope.cancel()


def run() -> int:
    point, factory, keywords, chosen = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    sys.path.insert(0, str(Path(__file__).parents[2]))
    given = json.loads(chosen)
    if "open_files" in given:
        resource.setrlimit(resource.RLIMIT_NOFILE, given.pop("open_files"))
    module, _, function = factory.partition(":")
    tree = getattr(importlib.import_module(module), function)(**json.loads(keywords))
    code = 0
    try:
        trio.run(main, tree, MountOptions(mount_point=Path(point), **given))
    except* MountLost as lost:
        print(lost.exceptions[0], file=sys.stderr)  # noqa: T201 - for the test to read
        code = LOST
    except* MountFailed as failed:
        print(failed.exceptions[0], file=sys.stderr)  # noqa: T201 - for the test to read
        code = FAILED
    return code


if __name__ == "__main__":
    sys.exit(run())
