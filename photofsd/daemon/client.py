"""The control socket's other side: asks the running daemon for something, and waits for the reply."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, cast

from photofsd.daemon.commands import Command, Result
from photofsd.daemon.protocol import SOCKET_NAME, Message, decode_error, encode_request
from photofsd.errors import DaemonNotRunning, PhotofsdError, TooSlow

REPLY_TIMEOUT_S: Final = 30.0
CHUNK_BYTES: Final = 1 << 16


def ask(
    folder: Path,
    command: Command[Result],
    *,
    timeout_s: float | None = REPLY_TIMEOUT_S,
    on_progress: Callable[[Message], None] | None = None,
) -> Result:
    """Send `command` to the daemon whose state (or runtime) folder is `folder`; return its result.

    timeout_s: for everything together; None waits as long as the daemon lives.
    Raises DaemonNotRunning, DaemonBusy, TooSlow, and whatever PhotofsdError the daemon met.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with connect(folder) as connection:
        for line in _exchange(connection, encode_request(command), deadline):
            match json.loads(line):
                case {"progress": report}:
                    if on_progress is not None:
                        on_progress(report)
                case {"result": result}:
                    return cast("Result", result)
                case {"error": facts}:
                    raise decode_error(facts)
    raise DaemonNotRunning("the daemon stopped before it answered")


def connect(folder: Path) -> socket.socket:
    """A connection to the control socket in `folder`, however long the path. Raises DaemonNotRunning."""
    path = folder / SOCKET_NAME
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _connect_through(connection, folder)
    except OSError as error:
        connection.close()
        raise _no_connection(error, path) from error
    return connection


def _no_connection(error: OSError, path: Path) -> PhotofsdError:
    match error:
        case FileNotFoundError() | NotADirectoryError() | ConnectionRefusedError():
            return DaemonNotRunning(f"the daemon isn't running: nobody answers at {path}")
        case PermissionError():
            return PhotofsdError(f"the daemon at {path} belongs to another user: run this as that user")
        case _:
            return PhotofsdError(f"cannot reach the daemon at {path}: {error.strerror}")


def _connect_through(connection: socket.socket, folder: Path) -> None:
    """Connect by a descriptor of the folder: a socket's address holds no more than 108 bytes."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{descriptor}/{SOCKET_NAME}")
    finally:
        os.close(descriptor)


def _exchange(connection: socket.socket, request: bytes, deadline: float | None) -> Iterator[bytes]:
    """Send `request`, then yield the lines that come back until the daemon closes."""
    try:
        connection.settimeout(_seconds_left(deadline))
        with contextlib.suppress(BrokenPipeError):  # refused before it was heard: the reply says why
            connection.sendall(request)
        rest = b""
        while chunk := _receive(connection, deadline):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
    except ConnectionResetError:
        return
    except TimeoutError as error:
        raise TooSlow("the daemon did not answer in time") from error


def _receive(connection: socket.socket, deadline: float | None) -> bytes:
    connection.settimeout(_seconds_left(deadline))
    return connection.recv(CHUNK_BYTES)


def _seconds_left(deadline: float | None) -> float | None:
    """Seconds until `deadline`; a settimeout of 0 would mean "do not block", so it is a little more."""
    return None if deadline is None else max(deadline - time.monotonic(), 0.001)
