"""What stat() shows of a photo or an original: read from one row, the same in every view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.store import paths
from photofsd.store.schema import ASSET_ROW, U32, Tables
from photofsd.types import AssetId
from photofsd.vtree.inodes import original_inode, photo_inode
from photofsd.vtree.node import Attributes, Node, Original, Photo

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


def attributes(txn: ReadTransaction, node: Node) -> Attributes | None:
    """The attributes of a photo or original; None when it is gone, and for everything else."""
    if isinstance(node, Photo):
        stored = txn.get(Tables.ROWS, U32.pack(node.asset))
        return None if stored is None else of_row(node.asset, stored)
    if isinstance(node, Original):
        record = paths.file(txn, node.file)
        if record is not None:
            return Attributes(original_inode(node.file), record.size, record.mtime_ns, record.mtime_ns)
    return None


def of_row(asset: AssetId, row: bytes) -> Attributes:
    """The attributes in an asset's row."""
    return Attributes(photo_inode(asset), *ASSET_ROW.unpack_from(row))
