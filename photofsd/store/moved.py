"""Folders that are moved: a row of the tree changes at once; what their photos are found by follows in pieces.

A photo is found by the words of its folders, and a folder may hold a million photos. So a move remembers what the
folder was called before; from then on the photos in it are told, PIECE a transaction, folder by folder and photo by
photo in the order of their ids. To those that have not been told, the folder is called what it was: what is stored is
what follows from the records at every moment, and a daemon that is killed goes on where it was.
"""

from __future__ import annotations

import functools
import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from photofsd.records import MovedFolder
from photofsd.store import facets, paths
from photofsd.store.schema import U32, Tables
from photofsd.types import AssetId, DirId, Facet

if TYPE_CHECKING:
    from photofsd.store.env import Store
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

PIECE: Final = 500


class Former(NamedTuple):
    """What a folder was called, from below the library folder, and how far the photos have been told."""

    names: tuple[bytes, ...]
    move: MovedFolder

    def is_known_to(self, asset: AssetId, folder: DirId) -> bool:
        """Claim: to that photo, by its file in that folder, the folder is still called so."""
        return folder <= self.move.last and (folder, asset) > (self.move.folder, self.move.asset)


def former(txn: ReadTransaction, folder: DirId) -> Former | None:
    """What a folder was called, where it lies in one that has been moved and not all photos have been told."""
    if not txn.count(Tables.MOVED):
        return None
    for top in paths.lineage(txn, folder):
        move = txn.record(Tables.MOVED, U32.pack(top), MovedFolder)
        if move is not None:
            depth = len(paths.names_below_root(txn, top))
            return Former((*move.names, *paths.names_below_root(txn, folder)[depth:]), move)
    return None


def move_folder(txn: WriteTransaction, folder: DirId, parent: DirId, name: bytes) -> bool:
    """A folder has been renamed or moved with everything in it: its files keep their ids, its photos everything.

    What was known at the new place has been replaced by it, and is forgotten. The first PIECE photos are told at once;
    for the others call `tell` (what an earlier move has left to tell is told here: photos know one former name alone).
    False, and nothing is changed, where that cannot be: see `paths.relink_folder`.
    """
    names = tuple(paths.names_below_root(txn, folder))
    for top, below in untold(txn):
        while tell_some(txn, top, below):
            pass
    last = DirId(txn.number(Tables.META, b"next_dir") - 1)
    if not paths.relink_folder(txn, folder, parent, name):
        return False
    txn.put_record(Tables.MOVED, U32.pack(folder), MovedFolder(names, last))
    txn.folder_words.clear()
    tell_some(txn, folder, sorted(paths.folders_below(txn, folder)))
    return True


def tell(store: Store, writer: Writer, on_piece: Callable[[], None]) -> None:
    """Tell all photos that have not heard of it what their folders are called. Raises StoreError, StoreFull.

    on_piece: called after every transaction. What it raises ends this; the next call goes on from there.
    """
    with store.read() as txn:
        waiting = untold(txn)
    for top, below in waiting:
        while writer.run(functools.partial(tell_some, top=top, below=below), rows=PIECE):
            on_piece()


def untold(txn: ReadTransaction) -> list[tuple[DirId, list[DirId]]]:
    """Folders that have been moved and photos of which have not been told; each with all below it, by id."""
    tops = [DirId(U32.unpack(key)[0]) for key in txn.keys(Tables.MOVED)]
    return [(top, sorted(paths.folders_below(txn, top))) for top in tops]


def tell_some(txn: WriteTransaction, top: DirId, below: Sequence[DirId]) -> bool:
    """Tell the next PIECE photos in the folder; False where all have been told."""
    key = U32.pack(top)
    move = txn.record(Tables.MOVED, key, MovedFolder)
    if move is None:
        return False
    told = _touch_some(txn, move, below)
    if told is None:
        txn.delete(Tables.MOVED, key)
    else:
        txn.put_record(Tables.MOVED, key, told)
    txn.folder_words.clear()
    return told is not None


def _touch_some(txn: WriteTransaction, move: MovedFolder, below: Sequence[DirId]) -> MovedFolder | None:
    """Touch the next PIECE photos; how far that is, None where these were the last."""
    left = PIECE
    for folder in below[bisect_left(below, move.folder) :]:
        after = move.asset + 1 if folder == move.folder else 0
        photos = facets.bitmap(txn, Facet.DIR, b"%d" % folder).iter_equal_or_larger(after)
        for asset in itertools.islice(photos, left):
            txn.touch(AssetId(asset))
            left -= 1
            if not left:
                return msgspec.structs.replace(move, folder=folder, asset=AssetId(asset))
    return None
