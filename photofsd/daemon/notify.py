"""What the service manager is told: ready, status, reloading, stopping, still alive.

The protocol of sd_notify(3), with the standard library alone. Outside of systemd every call does nothing; when
systemd cannot be reached, that is logged once and the daemon goes on.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Mapping
from typing import Final

import trio

SEND_TIMEOUT_S: Final = 1.0

_log = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager that `environ` names; each call is one datagram.

    watchdog_s: seconds after which systemd ends a service that was silent; infinite when it doesn't.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(environ)
        self._is_silent = False

    def ready(self, status: str) -> None:
        """The daemon serves: mounted, and the control socket is up. Also ends a reload."""
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(_status(status))

    def reloading(self) -> None:
        """The configuration is being read again; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def still_starting(self, status: str, more_s: float) -> None:
        """The start takes longer: the service manager gives it up after `more_s` from now on, unless told again."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(more_s * 1e6)}", _status(status))

    def stopping(self, status: str) -> None:
        """The daemon is about to end."""
        self._send("STOPPING=1", _status(status))

    def alive(self) -> None:
        """The daemon is not stuck."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
                connection.settimeout(SEND_TIMEOUT_S)
                connection.sendto("\n".join(lines).encode("utf-8", "replace"), address)
        except OSError as error:
            if not self._is_silent:
                _log.warning("the service manager cannot be told anything at %s: %s", self._address, error)
            self._is_silent = True


async def feed_watchdog(notifier: Notifier) -> None:
    """Tell the service manager twice in its interval that the loop still turns; without a watchdog, return."""
    while math.isfinite(notifier.watchdog_s):
        notifier.alive()
        await trio.sleep(notifier.watchdog_s / 2)


def _status(text: str) -> str:
    """A status is one line: a line break would start another variable."""
    return "STATUS=" + " ".join(text.splitlines())


def _watchdog_s(environ: Mapping[str, str]) -> float:
    """The interval that WATCHDOG_USEC sets, if it is meant for this process."""
    interval_us = environ.get("WATCHDOG_USEC", "")
    is_ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(interval_us) / 1e6 if is_ours and interval_us.isdigit() and int(interval_us) > 0 else math.inf
