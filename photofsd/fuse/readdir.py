"""The hot path: the entries of an open folder, names and attributes together (READDIRPLUS)."""

from __future__ import annotations

import logging
from typing import Final

import pyfuse3
from pyfuse3 import EntryAttributes, ReaddirToken

from photofsd.fuse.appearance import NAME_MAX_BYTES, Appearance, show
from photofsd.fuse.handles import OpenFolder
from photofsd.fuse.inode_table import InodeTable
from photofsd.vtree.node import Attributes, Directory, Node, Original, Photo, TextFile

REPLY_MAX_ENTRIES: Final = 1000
"""A client may bring a buffer for 7,000 entries; filling that would hold the loop for 50 ms."""

COMPLAINTS_MAX: Final = 100
DOTS: Final = 2

_SLASH: Final = ord("/")  # a number is found in bytes ten times faster than bytes are
_NUL: Final = 0

_log = logging.getLogger(__name__)


class FolderReader:
    """Sends listings to the kernel.

    The offset after an entry is its position in the snapshot plus one, counted after `.` and `..`, so a listing that
    is taken up again goes on exactly where it was.
    """

    def __init__(self, table: InodeTable, appearance: Appearance, *, links: bool) -> None:
        self._table = table
        self._appearance = appearance
        self._links = links
        self._photo = appearance.blank_photo()
        self._rendered = appearance.blank_file()
        self._complaints: set[bytes] = set()

    def send(self, folder: OpenFolder, start: int, token: ReaddirToken) -> None:
        """Send entries from offset `start` on until the client's buffer is full or the folder ends."""
        if start < DOTS and not self._send_dots(folder, start, token):
            return
        reply, entry = pyfuse3.readdir_reply, self._photo
        entry.entry_timeout = self._rendered.entry_timeout = self._appearance.remembered_s(folder.known.node)
        first = max(start - DOTS, 0)
        enough = first + REPLY_MAX_ENTRIES
        sent = start < DOTS
        for position, (name, node, attributes) in folder.listing.rows(first):
            if position >= enough and sent:  # a reply without entries would mean the end
                return
            if not is_sendable(name):
                self._complain(folder.known.path, name)
                continue
            offset = position + DOTS + 1
            if attributes is not None:
                if self._links:
                    entry, attributes = self._linked(node, attributes)  # noqa: PLW2901 - what is shown instead
                show(entry, attributes)
                if not reply(token, name, entry, offset):
                    return
            elif isinstance(node, Directory | TextFile):
                if not self._send_generated(folder.known.path + b"/" + name, node, offset, token):
                    return
            else:
                continue  # a photo that has just gone
            sent = True

    def _send_dots(self, folder: OpenFolder, start: int, token: ReaddirToken) -> bool:
        """Send `.` and `..`; the kernel counts no lookup for them."""
        entry = self._appearance.folder(folder.known.inode, folder.known.node)
        for offset, (name, inode) in enumerate(((b".", folder.known.inode), (b"..", folder.parent)), start=1):
            entry.st_ino = inode
            if offset > start and not pyfuse3.readdir_reply(token, name, entry, offset):
                return False
        return True

    def _send_generated(self, path: bytes, node: Directory | TextFile, offset: int, token: ReaddirToken) -> bool:
        """Send the folder or text file at `path`, and note it as told when it fitted in."""
        inode = self._table.inode(path)
        entry = self._appearance.generated(inode, node)
        is_sent = pyfuse3.readdir_reply(token, path.rpartition(b"/")[2], entry, offset)
        if is_sent:
            self._table.told(path, node)
        return is_sent

    def _linked(self, node: Node, attributes: Attributes) -> tuple[EntryAttributes, Attributes]:
        """The entry and the attributes of a picture where photos are symbolic links."""
        if isinstance(node, Photo | Original):
            return self._photo, self._appearance.linked(node, attributes)
        return self._rendered, attributes

    def _complain(self, path: bytes, name: bytes) -> None:
        """Log a name that cannot be sent, once."""
        if name not in self._complaints and len(self._complaints) < COMPLAINTS_MAX:
            self._complaints.add(name)
            _log.warning("left out of %r: %r cannot be the name of a file", path or b"/", name)


def is_sendable(name: bytes) -> bool:
    """Claim: the kernel takes `name`. A single one that it does not take would fail the whole listing."""
    return 0 < len(name) <= NAME_MAX_BYTES and _SLASH not in name and _NUL not in name and name not in {b".", b".."}
