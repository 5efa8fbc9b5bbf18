"""The whole tree of a library, as the mount sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from photofsd.store import assets, paths
from photofsd.store.probes import INDEXERS_KEEP_OUT
from photofsd.vtree import attributes, inodes
from photofsd.vtree.folders import FixedFolder
from photofsd.vtree.node import Attributes, Directory, Original, Photo, Picture, Rendered, TextFile
from photofsd.vtree.scope import Library, Scope, View

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import FileId


class LibraryTree:
    """Implements node.Tree over a library. Every call is one short read of the store."""

    def __init__(self, library: Library, refuse: Callable[[str], None]) -> None:
        self._library = library
        self._refuse = refuse
        self._changed_ns = time.time_ns()
        scope = Scope(library)
        below = {name: view.root(scope) for name, view in library.views.items()}
        self._root = FixedFolder({**below, INDEXERS_KEEP_OUT: TextFile(bytes)})

    @property
    def root(self) -> Directory:
        """The folder at the mount point: every view, and the file that keeps indexers out."""
        return self._root

    @property
    def views(self) -> Iterable[View]:
        """The views in the root folder."""
        return self._library.views.values()

    def attributes(self, node: Picture) -> Attributes | None:
        """What stat() shows of `node`; None when it is gone."""
        with self._library.store.read() as txn:
            if not isinstance(node, Rendered):
                return attributes.attributes(txn, node)
            photo = attributes.attributes(txn, Photo(node.asset))
            return attributes.of_rendition(txn, node.asset, photo, self._library.rendering)

    def node_of(self, inode: int) -> Picture | None:
        """The picture with that inode."""
        asset = inodes.asset_of(inode)
        if asset is not None:
            return Photo(asset)
        rendered = inodes.rendered_of(inode)
        if rendered is not None:
            return Rendered(rendered)
        file = inodes.file_of(inode)
        return None if file is None else Original(file)

    def paths(self, node: Photo | Original) -> Sequence[bytes]:
        """Absolute paths where the content lies."""
        with self._library.store.read() as txn:
            found = (_path(txn, file) for file in _files(txn, node))
            return [path for path in found if path is not None]

    def changed_ns(self) -> int:
        """When anything in the tree last changed."""
        return self._changed_ns

    def has_changed(self) -> None:
        """Something has changed just now."""
        self._changed_ns = time.time_ns()

    def refuse(self, message: str) -> None:
        """Remember why something was refused, for /.photofsd/last-error."""
        self._refuse(message)

    def xattrs(self, node: Picture) -> Mapping[bytes, bytes]:
        """What is known of a photo, as the desktop's extended attributes (xdg, baloo) and our own.

        A photo is one file in every folder, so its score is that in the last search that found it, and says which.
        """
        if isinstance(node, Original):
            return {}
        with self._library.store.read() as txn:
            metadata = assets.metadata(txn, node.asset)
        if metadata is None:
            return {}
        found = self._library.searches.score(node.asset)
        known = {
            b"user.xdg.tags": ",".join(metadata.tags),
            b"user.xdg.comment": metadata.caption or metadata.title or "",
            b"user.baloo.rating": "" if metadata.rating is None else str(max(0, metadata.rating) * 2),
            b"user.photofsd.camera": metadata.camera or "",
            b"user.photofsd.lens": metadata.lens or "",
            b"user.photofsd.score": "" if found is None else f"{found[1]:.4f} {found[0]}",
        }
        return {name: value.encode("utf-8", "replace") for name, value in known.items() if value}


def _files(txn: ReadTransaction, node: Photo | Original) -> Sequence[FileId]:
    if isinstance(node, Original):
        return (node.file,)
    record = assets.asset(txn, node.asset)
    return () if record is None else record.files


def _path(txn: ReadTransaction, file: FileId) -> bytes | None:
    record = paths.file(txn, file)
    return None if record is None else paths.file_path(txn, record)
