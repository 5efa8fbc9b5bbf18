"""What a scan says: how far it is, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

ALERTS_MAX: Final = 20
"""Lines of trouble that a report holds; a NAS that fails in 10,000 folders says so in one."""


class Progress(NamedTuple):
    """How far a scan is: folders and files looked at, new and changed files found."""

    folders: int
    files: int
    new: int
    changed: int


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan of one library folder found.

    is_online:   the folder could be trusted. Nothing was concluded where it could not; `alerts` says why.
    is_complete: the scan came to its end and was of the whole library folder.
    folders:     looked at; `listed` of them were read because they had changed.
    files:       looked at, with their size and mtime.
    gone:        files that were removed. held: files that seem gone, but are too many at once to be believed.
    unsettled:   absolute paths of folders with files that still change: look there again after `settle_s`.
    alerts:      one line each for what is wrong.
    """

    library: bytes
    is_online: bool = True
    is_complete: bool = False
    folders: int = 0
    listed: int = 0
    files: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    held: int = 0
    unsettled: tuple[bytes, ...] = ()
    alerts: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """The report in the making."""

    folders: int = 0
    listed: int = 0
    files: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    held: int = 0
    unsettled: list[bytes] = field(default_factory=list)
    _alerts: list[str] = field(default_factory=list)
    _alerts_unsaid: int = 0

    def alert(self, line: str) -> None:
        """Say that something is wrong; only the first ALERTS_MAX lines are kept, the others are counted."""
        if len(self._alerts) < ALERTS_MAX:
            self._alerts.append(line)
        else:
            self._alerts_unsaid += 1

    def progress(self) -> Progress:
        """How far the scan is."""
        return Progress(self.folders, self.files, self.new, self.changed)

    def report(self, library: bytes, *, is_online: bool = True, is_complete: bool = False) -> ScanReport:
        """What has been found so far, for good."""
        unsaid = (f"... and {self._alerts_unsaid:,} more like these",) if self._alerts_unsaid else ()
        return ScanReport(
            library,
            is_online=is_online,
            is_complete=is_complete,
            folders=self.folders,
            listed=self.listed,
            files=self.files,
            new=self.new,
            changed=self.changed,
            moved=self.moved,
            gone=self.gone,
            held=self.held,
            unsettled=tuple(self.unsettled),
            alerts=(*self._alerts, *unsaid),
        )
