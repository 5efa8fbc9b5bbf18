"""A child as its parent has it: started with exec, spoken to in frames over a socket pair, dying with its parent.

A child is never forked from the daemon's image (a forked child would keep the FUSE connection alive after the
daemon's death). It is started from the main thread: the kernel's parent-death signal follows the thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import trio

from photofsd.errors import ChildDied, ChildrenBroken
from photofsd.processes.command import command_of
from photofsd.processes.frames import FRAME_MAX_BYTES, HEADER

RECEIVE_BYTES = 1 << 18
GRACE_S = 1.0
REAP_S = 0.1
START_TIMEOUT_S = 60.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LOOKS = 20
LOOK_EVERY_S = 0.025
BUSY_SHARE = 0.1
"""A child that was seen at work less often than this was waiting."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs: `python -m MODULE FD MEMORY_MB *arguments`.

    It lowers and limits itself (lowered.py), says READY on the socket FD once it can work, and ends when that closes.
    noun: what people call such a child. memory_key: the setting that limits its memory.
    """

    module: str
    noun: str
    memory_key: str
    arguments: tuple[str, ...] = ()


class Child:
    """A child process that runs a program, and the stream to it."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes], stream: trio.SocketStream) -> None:
        self._noun = program.noun
        self._process = process
        self._stream = stream
        self._buffer = bytearray()

    @classmethod
    async def start(cls, program: Program, *, memory_mb: int) -> Child:
        """Start one and wait until it is ready to work: its start must not count as the first file's time.

        memory_mb: of address space, beyond which its allocations fail. Raises ChildrenBroken: that is no file's fault.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220 - from the main thread, see above; a few milliseconds
                command_of(program.module, str(theirs.fileno()), str(memory_mb), *program.arguments),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            )
        ours.setblocking(False)  # noqa: FBT003 - the library's signature
        child = cls(program, process, trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        try:
            with trio.fail_after(START_TIMEOUT_S):
                await child.receive()
        except (trio.TooSlowError, ChildDied) as error:
            child.kill()
            why = str(error) or f"it was not ready after {START_TIMEOUT_S:g} s"
            raise ChildrenBroken(
                f"no {program.noun} can be started ({why}): is {program.memory_key} large enough?"
            ) from error
        except BaseException:
            child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def send(self, message: bytes) -> None:
        """Send a frame. Raises ChildDied."""
        try:
            await self._stream.send_all(HEADER.pack(len(message)) + message)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ChildDied(await self.obituary()) from error

    async def receive(self) -> bytes:
        """Receive a frame. Raises ChildDied."""
        size = HEADER.unpack(await self._exactly(HEADER.size))[0]
        if size > FRAME_MAX_BYTES:
            raise ChildDied(f"child {self.pid} sent a frame of {size} bytes")
        return await self._exactly(size)

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                more = await self._stream.receive_some(RECEIVE_BYTES)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                more = b""
            if not more:
                raise ChildDied(await self.obituary())
            self._buffer += more
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        return frame

    async def obituary(self) -> str:
        """How it ended, for people; it is killed where it still runs."""
        code = await self.ended()
        self.kill()
        if code is None:
            return f"the {self._noun} closed its connection"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"the {self._noun} was killed by {signal.Signals(-code).name}"
        return f"the {self._noun} exited with status {code}"

    def kill(self) -> None:
        """End it now. One that hangs in the kernel (a dead NAS) goes when the kernel lets it, and is seen off then."""
        self._stream.socket.close()
        self._process.kill()
        try:
            self._process.wait(timeout=REAP_S)
        except subprocess.TimeoutExpired:
            threading.Thread(target=self._process.wait, name=f"reaping {self.pid}", daemon=True).start()

    async def is_computing(self) -> bool:
        """Claim: it is at work, not waiting for a file. Looks at it for half a second."""
        running = 0
        for _ in range(LOOKS):
            running += self._wants_processor()
            await trio.sleep(LOOK_EVERY_S)
        return running > BUSY_SHARE * LOOKS

    def _wants_processor(self) -> bool:
        """Claim: it runs or would like to; however busy the machine is, that tells it from one that waits."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"
        except OSError:
            return False

    def address_space_bytes(self) -> int:
        """What it has taken of its `memory_mb` now; 0 where it is gone."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[0]) * PAGE_BYTES
        except (OSError, IndexError):
            return 0

    def memory_bytes(self) -> int:
        """What it holds of the machine's memory for itself now, files apart; 0 where it is gone."""
        return self._resident("RssAnon")

    def mapped_bytes(self) -> int:
        """What of files is in memory because it has them mapped; 0 where it is gone."""
        return self._resident("RssFile")

    def _resident(self, kind: str) -> int:
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) << 10 for line in lines if line.startswith(kind)), 0)

    def is_reaped(self) -> bool:
        """Claim: nothing of it is left."""
        return self._process.poll() is not None

    async def close(self) -> None:
        """Let it end by itself (its socket closes), or kill it after a second."""
        await self._stream.aclose()
        is_stubborn = await self.ended() is None
        self.kill()
        if is_stubborn:
            await self.ended()

    async def ended(self) -> int | None:
        """Its exit status, None when it still runs after GRACE_S."""
        try:
            return await trio.to_thread.run_sync(self._process.wait, GRACE_S)
        except subprocess.TimeoutExpired:
            return None
