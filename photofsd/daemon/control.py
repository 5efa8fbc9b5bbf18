"""The control socket's server: reads a request, runs its handler, sends reports and the reply.

See protocol.py for what is said and commands.py for what can be asked. A client can neither stall nor end the
daemon: requests have a size and a time limit, clients are counted, and whatever a handler raises becomes a reply.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from photofsd.daemon.client import connect
from photofsd.daemon.commands import COMMANDS, Command
from photofsd.daemon.protocol import MAX_REQUEST_BYTES, SOCKET_NAME, Message, encode, encode_error
from photofsd.errors import DaemonBusy, DaemonNotRunning, PhotofsdError, UsageError

REQUEST_TIMEOUT_S: Final = 10.0
SEND_TIMEOUT_S: Final = 5.0
BACKLOG: Final = 1024
CLIENTS_MAX: Final = 250
"""At once: each takes one of the daemon's open files (as few as 1,024), and those are for the photos that are read."""

Report = Callable[[Message], Awaitable[None]]
"""Sends a progress report to the client; a client that is gone cancels the handler here."""

Handler = Callable[[Any, Report], Awaitable[Message]]
"""Does what a Command asks, and returns its result. May raise PhotofsdError."""

Handlers = Mapping[type[Command[Any]], Handler]

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def control_socket(runtime: Path, state: Path) -> Iterator[trio.SocketListener]:
    """Listen at `runtime`/control.sock, for this user alone; `state`/control.sock leads there too.

    So a command that knows the state folder finds the daemon. Paths may be longer than the 108 bytes that fit into
    a socket's address. Raises PhotofsdError when another daemon listens there.
    """
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_company(runtime)
    paths = {folder / SOCKET_NAME for folder in (runtime, state)}
    with _listening(runtime) as listener:
        if runtime != state:
            _replace_link(runtime / SOCKET_NAME, state / SOCKET_NAME)
        try:
            yield trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        finally:
            for path in paths:
                path.unlink(missing_ok=True)


async def serve(listener: trio.SocketListener, handlers: Handlers) -> None:
    """Answer clients, CLIENTS_MAX at once, until cancelled; tell others at once that there are too many."""
    await trio.serve_listeners(functools.partial(_admit, trio.Semaphore(CLIENTS_MAX), handlers), [listener])


async def _admit(places: trio.Semaphore, handlers: Handlers, stream: trio.abc.Stream) -> None:
    """Serve a client if there is a place for it."""
    try:
        places.acquire_nowait()
    except trio.WouldBlock:
        await _refuse(stream)
        return
    try:
        await serve_client(handlers, stream)
    finally:
        places.release()


async def _refuse(stream: trio.abc.Stream) -> None:
    busy = DaemonBusy(f"the daemon serves {CLIENTS_MAX} commands already: end some of them, or try again later")
    async with stream:
        with trio.move_on_after(SEND_TIMEOUT_S), contextlib.suppress(trio.BrokenResourceError):
            await stream.send_all(encode_error(busy))


async def serve_client(handlers: Handlers, stream: trio.abc.Stream) -> None:
    """Answer the one request of a connection and close it."""
    async with stream:
        line = await _read_line(stream)
        if line is None:
            return
        async with trio.open_nursery() as nursery:
            client = _Client(stream, nursery.cancel_scope)
            nursery.start_soon(client.watch)
            reply = await _answer(handlers, line, client.report)
            with trio.CancelScope(shield=True):  # whoever asks the daemon to end wants to hear that it does
                await client.send(reply)
            nursery.cancel_scope.cancel()


class _Client:
    """Somebody who waits for a reply; `scope` is cancelled when they are gone."""

    def __init__(self, stream: trio.abc.Stream, scope: trio.CancelScope) -> None:
        self._stream = stream
        self._scope = scope
        self._turn = trio.Lock()

    async def watch(self) -> None:
        """Return, and cancel the work, when the client closes the connection or says more than it may."""
        with contextlib.suppress(trio.BrokenResourceError):
            await self._stream.receive_some(1)
        self._scope.cancel()

    async def report(self, message: Message) -> None:
        await self.send(encode({"progress": message}))

    async def send(self, line: bytes) -> None:
        """Send `line`; when the client is gone, or has read nothing for long, give the client up."""
        async with self._turn:
            try:
                with trio.fail_after(SEND_TIMEOUT_S):
                    await self._stream.send_all(line)
            except (trio.BrokenResourceError, trio.TooSlowError):
                self._scope.cancel()
        await trio.lowlevel.checkpoint_if_cancelled()


async def _answer(handlers: Handlers, line: bytes, report: Report) -> bytes:
    """Run what `line` asks for; the reply, whatever happens."""
    try:
        command = decode_request(line)
        return encode({"result": await _handler(handlers, command)(command, report)})
    except PhotofsdError as error:
        return encode_error(error)
    except Exception as error:  # noqa: BLE001 - a fault in one handler must not end the daemon
        _log.exception("control request failed: %.200r", line)
        return encode_error(PhotofsdError(f"the daemon met {type(error).__name__}: {error}; its log says more"))


def _handler(handlers: Handlers, command: Command[Any]) -> Handler:
    if type(command) not in handlers:
        raise UsageError(f"this daemon does not take the command {command.name!r}")
    return handlers[type(command)]


def decode_request(line: bytes) -> Command[Any]:
    """The command that a client sent. Raises UsageError."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"a request is one line of JSON: {error}") from error
    match message:
        case {"command": str(name), **rest} if rest.keys() <= {"args"}:
            return _command(name, rest.get("args", {}))
    raise UsageError('a request reads {"command": "...", "args": {...}}')


def _command(name: str, args: object) -> Command[Any]:
    kind = COMMANDS.get(name)
    if kind is None:
        raise UsageError(f"there is no command {name!r}")
    try:
        command: Command[Any] = msgspec.convert(args, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}: {error}") from error
    return command


async def _read_line(stream: trio.abc.Stream) -> bytes | None:
    """The first line, without its end.

    None when none came in time, or it was longer than any client of ours sends, or somebody only looked in.
    """
    received = bytearray()
    with trio.move_on_after(REQUEST_TIMEOUT_S), contextlib.suppress(trio.BrokenResourceError):
        while len(received) < MAX_REQUEST_BYTES:
            chunk = await stream.receive_some()
            received += chunk
            if b"\n" in chunk:
                return bytes(received.partition(b"\n")[0])
            if not chunk:
                return None
    return None


def _refuse_company(runtime: Path) -> None:
    with contextlib.suppress(DaemonNotRunning):
        connect(runtime).close()
        raise PhotofsdError(f"another daemon listens at {runtime / SOCKET_NAME}")


@contextlib.contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    """A listening socket that appears in `folder` at once and ready, with mode 0600.

    It is made under another name and renamed. The address goes through a descriptor of the folder, so it is short.
    """
    name = f".{SOCKET_NAME}.{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        os.fchmod(listener.fileno(), 0o600)
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            listener.bind(f"/proc/self/fd/{descriptor}/{name}")
        finally:
            os.close(descriptor)
        listener.listen(BACKLOG)
        (folder / name).rename(folder / SOCKET_NAME)
        yield listener


def _replace_link(target: Path, link: Path) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.symlink_to(target)
    temporary.replace(link)
