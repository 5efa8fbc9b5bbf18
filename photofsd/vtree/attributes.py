"""What stat() shows of a photo, an original, or a photo as JPEG: the same in every view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.media.rendition import RenderSettings, rendition_bytes
from photofsd.store import assets, paths
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import AssetId
from photofsd.vtree.inodes import PHOTO, original_inode, rendered_inode
from photofsd.vtree.node import Attributes, Node, Original, Photo

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

_new = tuple.__new__  # a named tuple's own way of being made takes twice as long
_figures = ASSET_ROW.unpack_from


def attributes(txn: ReadTransaction, node: Node) -> Attributes | None:
    """The attributes of a photo or original; None when it is gone, and for everything else."""
    if isinstance(node, Photo):
        return attributes_of(txn, node.asset)
    if isinstance(node, Original):
        record = paths.file(txn, node.file)
        if record is not None:
            return Attributes(original_inode(node.file), record.size, record.mtime_ns, record.mtime_ns)
    return None


def attributes_of(txn: ReadTransaction, asset: AssetId) -> Attributes | None:
    """The attributes of a photo; None when it is gone."""
    stored = txn.get(Tables.ROWS, U32.pack(asset))
    return None if stored is None else _new(Attributes, (PHOTO | asset, *_figures(stored)))


def of_rendition(
    txn: ReadTransaction, asset: AssetId, photo: Attributes | None, settings: RenderSettings
) -> Attributes | None:
    """The attributes of a photo as JPEG: those of the `photo` but for inode and size; None when it is gone."""
    metadata = assets.metadata(txn, asset)
    if photo is None or metadata is None:
        return None
    return photo._replace(inode=rendered_inode(asset), size=rendition_bytes(metadata, photo.size, settings))
