"""A trial run in the foreground: the daemon on a library, what to try once it is mounted, a clean end by Ctrl-C.

The daemon gets the terminal to itself, so that Ctrl-C reaches it alone: `make` above us then ends with the daemon's
own exit code instead of its "Interrupt".
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

from contrib.demo_model.laid_out import lay_out
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Ping
from photofsd.errors import PhotofsdError

POLL_S = 0.2
HINTS = """
The photos are at {mount}. In a file manager, or in another terminal:

  ls {mount} {mount}/by-date
  ls {mount}/search/beach
  cat {mount}/.photofsd/status
  {program} status --state {state}
  {program} doctor --state {state} --library {library} --mount {mount}{models}
{demo}
Ctrl-C ends it. The photos in {library} are never changed.
"""
DEMO_HINTS = """
The pictures are drawn. A DEMO MODEL, which knows nothing but such drawings, looks at them; when it has seen them all:

  {program} wait --stage clip --state {state}
  ls -U {mount}/search/'beach sunset'

For photos there are others: {program} models install
"""


def main() -> int:
    """Run the daemon until it ends and return its exit code."""
    arguments = _arguments()
    _refuse_without_fuse()
    program = Path(sys.executable).with_name("photofsd")
    command = [program, "run", "--library", arguments.library, "--mount", arguments.mount, "--state", arguments.state]
    models = ["--models", str(arguments.state / "models")] if arguments.demo else []
    if arguments.demo:
        lay_out(arguments.state / "models")
    daemon = subprocess.Popen([*command, *models], process_group=0)
    _pass_on_signals(daemon)
    paths = {"program": os.path.relpath(program), **vars(arguments)}
    names = {name: shlex.quote(str(path)) for name, path in paths.items()}
    names["demo"] = DEMO_HINTS.format_map(names) if arguments.demo else ""
    hints = HINTS.format_map(names | {"models": "".join(f" {shlex.quote(word)}" for word in models)})
    threading.Thread(target=_say_when_ready, args=(daemon, arguments.state, hints), daemon=True).start()
    with _Terminal(daemon.pid):
        code = _exit_code(daemon.wait())
    if not code:
        print(f"\nphotofsd: ended; nothing is mounted at {arguments.mount} any more", flush=True)
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("library", "mount", "state"):
        parser.add_argument(f"--{name}", type=lambda text: Path(text).expanduser(), required=True)
    parser.add_argument("--demo", action="store_true", help="with the demo model: for the sample library alone")
    arguments = parser.parse_args()
    if not arguments.library.is_dir():
        parser.exit(1, f"photofsd: {arguments.library} is no folder: give one with PHOTOS=DIR\n")
    return arguments


def _refuse_without_fuse() -> None:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        sys.exit(
            "photofsd: /dev/fuse is missing or closed to this user: load the fuse module, or give the container it"
        )


def _pass_on_signals(daemon: subprocess.Popen[bytes]) -> None:
    """End the daemon when we are told to end, or when the terminal goes (its own SIGHUP means reload)."""

    def end(_number: int, _frame: FrameType | None) -> None:
        daemon.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _say_when_ready(daemon: subprocess.Popen[bytes], state: Path, hints: str) -> None:
    pause = threading.Event()
    while daemon.poll() is None:
        if _is_ready(daemon.pid, state):
            print(hints, flush=True)
            return
        pause.wait(POLL_S)


def _is_ready(pid: int, state: Path) -> bool:
    """Claim: that daemon, and not another one that was there before, has mounted the tree."""
    try:
        pong = ask(state, Ping())
    except PhotofsdError:
        return False
    return (pong["pid"], pong["state"]) == (pid, "running")


def _exit_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned


class _Terminal:
    """Lends the terminal, where there is one and it is ours, to another process group."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._is_ours = sys.stdin.isatty() and os.tcgetpgrp(0) == os.getpgrp()

    def __enter__(self) -> None:
        self._give(self._group)

    def __exit__(self, *_: object) -> None:
        self._give(os.getpgrp())

    def _give(self, group: int) -> None:
        if not self._is_ours:
            return
        # A background group that touches the terminal is stopped by SIGTTOU.
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            os.tcsetpgrp(0, group)
        except ProcessLookupError:
            pass  # the daemon ended before it could be given anything
        finally:
            signal.signal(signal.SIGTTOU, before)


if __name__ == "__main__":
    sys.exit(main())
