"""The daemon's log, on stderr: with levels that the journal understands there, with times elsewhere."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from photofsd.display import shown

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
"""What sys.exc_info() gives."""

PLAIN_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
INDENT: Final = "    "
JOURNAL_FORMAT: Final = "%(name)s: %(message)s"


def start_logging(level: str, environ: Mapping[str, str] | None = None) -> None:
    """Send every record of at least `level` ("debug" .. "error") to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    is_journal = is_the_journal(sys.stderr.fileno(), os.environ if environ is None else environ)
    handler.setFormatter(JournalFormatter(JOURNAL_FORMAT) if is_journal else LineFormatter(PLAIN_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def is_the_journal(descriptor: int, environ: Mapping[str, str]) -> bool:
    """Claim: what is written to `descriptor` ends up in the journal (sd_journal_stream_fd(3), JOURNAL_STREAM)."""
    stat = os.fstat(descriptor)
    return environ.get("JOURNAL_STREAM", "") == f"{stat.st_dev}:{stat.st_ino}"


class LineFormatter(logging.Formatter):
    """Makes one line of a record, whatever names are in it, and indents the traceback below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return shown(super().formatMessage(record))

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging's name
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's name
        return _indented(super().formatStack(stack_info))


class JournalFormatter(LineFormatter):
    """Puts the level of sd-daemon(3), "<3>", before every line: without it a traceback would be all "info"."""

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{_priority(record.levelno)}>"
        return "\n".join(prefix + line for line in super().format(record).split("\n"))


def _indented(trace: str) -> str:
    return "\n".join(INDENT + shown(line) for line in trace.split("\n"))


def _priority(level: int) -> int:
    """The priority of syslog(3) for a level of logging."""
    for least, priority in ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6)):
        if level >= least:
            return priority
    return 7
