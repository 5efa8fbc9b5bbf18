"""Mounts for tests: each in a process of its own, none left behind."""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mount.served import Served

Serve = Callable[..., Served]

LIBC = ctypes.CDLL(None, use_errno=True)
MS_NOSUID_NODEV = 6
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def need_fuse() -> None:
    """Skip where nothing can be mounted."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("/dev/fuse cannot be opened: no FUSE in this environment")
    if shutil.which("fusermount3") is None:
        pytest.skip("fusermount3 is not installed (package fuse3)")


@pytest.fixture
def fuse_controls() -> Iterator[None]:
    """The kernel's controls for FUSE connections; root mounts them for the test where systemd has not.

    One test after another, whichever process runs it: none takes them away from another.
    """
    controls = Path("/sys/fs/fuse/connections")
    with (Path(tempfile.gettempdir()) / f"photofsd-fuse-controls-{os.getuid()}").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        is_ours = not os.path.ismount(controls)
        if is_ours:
            if os.geteuid() != 0:
                pytest.skip(f"nothing is mounted at {controls}, and only root may mount it")
            subprocess.run(["mount", "-t", "fusectl", "none", controls], check=True)
        yield
        if is_ours:
            subprocess.run(["umount", "-l", controls], check=True)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve `serve("gallery", {"library": ...}, search_timeout_s=1)` at tmp_path/mnt, or at `point=`."""
    need_fuse()
    running: list[Served] = []

    def start(
        factory: str, keywords: dict[str, object], *, point: Path = tmp_path / "mnt", **options: object
    ) -> Served:
        log = tmp_path / f"server-{len(running)}.log"
        served = Served(point, log, f"tests.mount.statictree:{factory}", keywords, options)
        running.append(served)
        return served

    yield start
    for served in reversed(running):
        served.clear()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder of files with random bytes: a.jpg (100,000), b.jpg (1 MiB and 3), c.jpg (one), empty.jpg."""
    folder = tmp_path / "library"
    folder.mkdir()
    source = random.Random(7)
    for name, size in (("a.jpg", 100_000), ("b.jpg", (1 << 20) + 3), ("c.jpg", 1), ("empty.jpg", 0)):
        (folder / name).write_bytes(source.randbytes(size))
    return folder


@pytest.fixture
def gallery(serve: Serve, library: Path) -> Served:
    """The tree `gallery` over `library`, mounted: /all/a.jpg and so on."""
    served = serve("gallery", {"library": str(library)})
    assert served.is_mounted
    return served


@pytest.fixture
def unprivileged(serve: Serve, library: Path, tmp_path: Path) -> Served:
    """The same as `gallery`, but root has mounted it and given the descriptor to a server without any capability."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount for others")
    point = tmp_path / "given"
    point.mkdir()
    fuse = os.open("/dev/fuse", os.O_RDWR)
    data = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,default_permissions".encode()
    assert LIBC.mount(b"photofsd", os.fsencode(point), b"fuse.photofsd", MS_NOSUID_NODEV, data) == 0
    try:
        given = {"inherited_fd": fuse, "pass_fds": [fuse], "prefix": WITHOUT_RIGHTS}
        served = serve("gallery", {"library": str(library)}, point=point, **given)
    finally:
        os.close(fuse)
    assert served.is_mounted
    return served
