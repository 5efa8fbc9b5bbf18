"""A mount in a process of its own, seen from a test: server.py's other end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from photofsd.fuse.mount_point import held
from photofsd.mounts import Mount, mounts

SERVER = Path(__file__).with_name("server.py")
END_WITHIN_S = 20


class Served:
    """A running server. `call` asks it for something; `log` is what it wrote so far.

    options: of the mount; `prefix` is a command to start the server with, `pass_fds` are descriptors for it.
    """

    def __init__(
        self, point: Path, log: Path, factory: str, keywords: Mapping[str, object], options: Mapping[str, Any]
    ) -> None:
        own = {key: value for key, value in options.items() if key not in {"prefix", "pass_fds"}}
        self.point = point
        self._log = log
        command = [sys.executable, str(SERVER), str(point), factory, json.dumps(keywords), json.dumps(own)]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [*options.get("prefix", ()), *command],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                pass_fds=options.get("pass_fds", ()),
            )  # fmt: skip
        assert self.process.stdout is not None
        self.is_mounted = json.loads(self.process.stdout.readline() or "null") == "mounted"

    @property
    def log(self) -> str:
        return self._log.read_text()

    def call(self, *request: Any) -> Any:  # noqa: ANN401 - JSON
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def tree(self, method: str, *arguments: Any) -> Any:  # noqa: ANN401 - JSON
        """Call a method of the tree."""
        return self.call("tree", method, arguments)

    def requests(self, kind: str) -> int:
        """How many requests of that kind the mount has handled."""
        return int(self.call("tally", "requests").get(kind, 0))

    def end(self, with_signal: int = signal.SIGTERM) -> int:
        """End the server and return its exit code."""
        self.process.send_signal(with_signal)
        return self.ended()

    def ended(self) -> int:
        """The exit code, once the server has ended by itself."""
        code = self.process.wait(END_WITHIN_S)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        return code

    def clear(self) -> None:
        """End the server whatever it does, and leave nothing mounted."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.send_signal(signal.SIGCONT)
        while layers(self.point):
            with held(self.point) as left:
                assert left is not None
                left.cut()
                subprocess.run(["umount", "-l", self.point], check=True)
        self.ended()


def layers(point: Path) -> list[Mount]:
    """What is mounted there, layer by layer; asks no file system."""
    return [mount for mount in mounts() if mount.point == os.fsencode(point)]


def is_mounted(point: Path) -> bool:
    return bool(layers(point))


def names_of(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))
