"""Who asks for a name only to make it: the kernel looks a name up before mkdir, and does not say why it asks.

Where every name exists for the asking (/search/<query>), mkdir would always fail with EEXIST. The asking thread stands
in its system call, and /proc says which that is. Where /proc may not say so (another user's process, a Yama that
allows no tracing), a process called `mkdir` is taken at its name.
"""

from __future__ import annotations

import contextlib
import platform
from pathlib import Path
from typing import Final

_MKDIR_CALLS: Final = {
    "x86_64": frozenset({"83", "258"}),
    "aarch64": frozenset({"34"}),
    "riscv64": frozenset({"34"}),
}
"""Numbers of mkdir(2) and mkdirat(2), by machine (asm/unistd.h)."""

_HERE: Final = _MKDIR_CALLS.get(platform.machine(), frozenset())


def is_making_a_folder(thread: int) -> bool:
    """Claim: that thread is in mkdir(2). Two small reads of /proc, which never block."""
    if thread <= 0:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{thread}/syscall").read_text().partition(" ")[0] in _HERE
    with contextlib.suppress(OSError):
        return Path(f"/proc/{thread}/comm").read_text() == "mkdir\n"
    return False
