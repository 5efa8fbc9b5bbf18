"""The daemon's log, on stderr: with levels that the journal understands there, with times elsewhere."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

PLAIN_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
JOURNAL_FORMAT: Final = "%(name)s: %(message)s"


def start_logging(level: str, environ: Mapping[str, str] | None = None) -> None:
    """Send every record of at least `level` ("debug" .. "error") to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    is_journal = is_the_journal(sys.stderr.fileno(), os.environ if environ is None else environ)
    handler.setFormatter(JournalFormatter(JOURNAL_FORMAT) if is_journal else logging.Formatter(PLAIN_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def is_the_journal(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Claim: what is written to `descriptor` ends up in the journal (sd_journal_stream_fd(3), JOURNAL_STREAM)."""
    stat = os.fstat(descriptor)
    return environ.get("JOURNAL_STREAM", "") == f"{stat.st_dev}:{stat.st_ino}"


class JournalFormatter(logging.Formatter):
    """Puts the level of sd-daemon(3), "<3>", before every line: without it a traceback would be all "info"."""

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{_priority(record.levelno)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


def _priority(level: int) -> int:
    """The priority of syslog(3) for a level of logging."""
    for least, priority in ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6)):
        if level >= least:
            return priority
    return 7
