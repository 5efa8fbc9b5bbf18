"""`photofsd unmount`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Stop
from photofsd.display import shown
from photofsd.errors import DaemonBusy, DaemonNotRunning, TooSlow, UsageError
from photofsd.fuse.mount_point import held
from photofsd.mounts import OUR_FILE_SYSTEM, Mount, detach, mount_at, mounts, real_point

ANSWER_TIMEOUT_S: Final = 10.0
END_TIMEOUT_S: Final = 30.0
LOOK_S: Final = 0.1


@click.command("unmount")
@common_options
def command(invocation: Invocation) -> None:
    """End the daemon and remove the tree, whatever state it is in.

    A daemon that runs is asked to end. A mount that a killed or stuck daemon left behind is taken away, and programs
    that wait for it get an error.
    """
    settings = invocation.settings
    point = real_point(settings.mount.point)
    if _mounted(point) is None:
        say(f"nothing is mounted at {point}")
        return
    if _is_stopped(settings.state):
        _await_unmount(point)
    with held(point) as left:
        if left is not None:
            _require_ours(left.mount)
            if not left.answers():
                left.cut()
            detach(point)
    say(f"unmounted {point}")


def _is_stopped(state: Path) -> bool:
    """Ask the daemon to end. Claim: there is one, and it will."""
    try:
        ask(state, Stop(), timeout_s=ANSWER_TIMEOUT_S)
    except (DaemonNotRunning, DaemonBusy, TooSlow):
        return False
    return True


def _mounted(point: Path) -> Mount | None:
    """Our tree at `point`, if it is there. Raises UsageError when something else is."""
    mount = mount_at(os.fsencode(point), mounts())
    if mount is not None:
        _require_ours(mount)
    return mount


def _require_ours(mount: Mount) -> None:
    if mount.file_system != OUR_FILE_SYSTEM:
        raise UsageError(f"what is mounted at {shown(mount.point)} is not ours but {mount.file_system}")


def _await_unmount(point: Path) -> None:
    deadline = time.monotonic() + END_TIMEOUT_S
    while _mounted(point) is not None and time.monotonic() < deadline:
        time.sleep(LOOK_S)
