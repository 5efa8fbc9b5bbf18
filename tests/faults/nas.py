"""The test's end of bad_nas.py: a NAS in a process of its own that hangs, fails or lies when told to."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from photofsd.fuse.mount_point import held

SERVER = Path(__file__).with_name("bad_nas.py")
END_WITHIN_S = 20


class Nas:
    """Shows the folder `disk` at `point`; what a test changes in `disk` others have done on the server."""

    def __init__(self, point: Path, disk: Path, *, folds: bool = False) -> None:
        self.point = point
        self.disk = disk
        point.mkdir(parents=True, exist_ok=True)
        disk.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), str(point), str(disk), *(["fold"] if folds else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._heard() == "mounted"

    def hang(self, *names: str, to: tuple[str, ...] = ()) -> None:
        """Answer nothing any more: to these kinds of request, about what ends in one of `names`; none = all."""
        self._become({"does": "hang"}, names, to)

    def fail(self, number: int, *names: str, to: tuple[str, ...] = ()) -> None:
        """Answer with that errno."""
        self._become({"does": "fail", "errno": number}, names, to)

    def shorten(self, *names: str) -> None:
        """Give half of what is asked for, and say that it is all."""
        self._become({"does": "shorten"}, names, ("read",))

    def recover(self) -> None:
        """Be well again; who hangs is answered."""
        self._say(None)

    def _become(self, fault: dict[str, object], names: tuple[str, ...], to: tuple[str, ...]) -> None:
        self._say({**fault, **({"names": names} if names else {}), **({"to": to} if to else {})})

    def _say(self, fault: dict[str, object] | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(fault) + "\n")
        self._process.stdin.flush()
        assert self._heard() == "done"

    def _heard(self) -> object:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline() or "null")

    def leave(self) -> None:
        """Go away; whoever waits gets an error."""
        with held(self.point) as left:
            if left is not None:
                left.take_away()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=END_WITHIN_S)
        self._process.kill()
        self._process.wait(END_WITHIN_S)


@contextlib.contextmanager
def nas(place: Path, *, folds: bool = False) -> Iterator[Nas]:
    """A NAS at place/nas whose disk is place/disk, as long as the block lasts."""
    one = Nas(place / "nas", place / "disk", folds=folds)
    try:
        yield one
    finally:
        one.leave()
