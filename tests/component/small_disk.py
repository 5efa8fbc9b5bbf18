"""Small disks that fill up: a file system of a few megabytes, where the tests may mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, kind: str, megabytes: int) -> Iterator[Path]:
    """A file system of that size (tmpfs, or ext4 in a file); skips where it cannot be mounted."""
    mount_point = folder / "disk"
    mount_point.mkdir()
    if kind == "tmpfs":
        source = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"]
    else:
        image = folder / "disk.img"
        image.write_bytes(b"")
        with image.open("r+b") as opened:
            opened.truncate(megabytes << 20)
        _run_or_skip(["mkfs.ext4", "-q", "-m", "0", str(image)])
        source = ["-o", "loop", str(image)]
    _run_or_skip(["mount", *source, str(mount_point)])
    try:
        yield mount_point
    finally:
        subprocess.run(["umount", "--lazy", str(mount_point)], check=True)  # lazily: a failed test may use it still


def _run_or_skip(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no small disk: {error}")
    if done.returncode:
        pytest.skip(f"no small disk: {' '.join(command)} says {done.stderr.strip()!r}")
