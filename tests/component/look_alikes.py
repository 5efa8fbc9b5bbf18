"""Photos that look like something, without any picture: what tests of /duplicates/similar begin with."""

from __future__ import annotations

import msgspec

from photofsd.records import Look, Metadata
from photofsd.store import assets, changes, paths, similar
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import AssetId, DirId, Kind
from tests.component.store_kit import add_photo

FAR = 0x0F0F_F0F0_3C3C_C3C3
"""A hash whose bits are balanced, as those of pictures are."""

LOOK = Look(4000, 3000, FAR, 50.0, (), 0, 0)


def flipped(phash: int, *bits: int) -> int:
    """`phash` with these bits the other way round."""
    return phash ^ sum(1 << bit for bit in bits)


def show(txn: WriteTransaction, asset: AssetId, phash: int, width: int = 4000, contrast: float = 50.0) -> None:
    """The photo looks like that. width: of 3000 lines; the wider, the better a copy."""
    look = msgspec.structs.replace(LOOK, phash=phash, width=width, contrast=contrast)
    assets.keep(txn, Tables.LOOKS, asset, look)


def add(txn: WriteTransaction, folder: DirId, name: bytes, phash: int, width: int = 4000) -> AssetId:
    """A photo that looks like that."""
    asset = add_photo(txn, folder, name)
    show(txn, asset, phash, width)
    return asset


def make_video(txn: WriteTransaction, asset: AssetId) -> None:
    """It is a video after all."""
    assets.keep(txn, Tables.METADATA, asset, Metadata("mov", Kind.VIDEO, types=("video",)))


def vanish(txn: WriteTransaction, asset: AssetId) -> None:
    """All files of the photo are gone."""
    record = assets.asset(txn, asset)
    for file in record.files if record is not None else ():
        paths.remove_file(txn, file)


def groups(store: Store) -> set[tuple[int, ...]]:
    """The groups, each with its best copy first, then by id."""
    found: dict[int, list[int]] = {}
    with store.read() as txn:
        for asset, known in similar.memberships(txn):
            found.setdefault(known.head, []).append(asset)
    return {(head, *sorted(set(members) - {head})) for head, members in found.items()}


def is_followed(store: Store) -> bool:
    """Claim: the groups are up to date."""
    with store.read() as txn:
        return not changes.behind(txn, similar.FOLLOWER)
