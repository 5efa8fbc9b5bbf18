"""Inodes of the generated tree: stateless for photos and originals, hashed from the path for folders.

1                 the root
PHOTO | asset     a photo, the same in every view and after a remount
ORIGINAL | file   a file of the library that is no photo (yet)
RENDERED | asset  a photo as JPEG
FOLDER | hash     a folder or text file: 60 bits of BLAKE2b over its path in the tree
"""

from __future__ import annotations

import hashlib

from photofsd.types import AssetId, FileId

ROOT = 1
PHOTO = 1 << 32
ORIGINAL = 2 << 32
RENDERED = 4 << 32
"""3 << 32 is taken, see fuse/appearance.py."""

FOLDER = 1 << 62
_LOW = (1 << 32) - 1
_HASHED = (1 << 60) - 1


def photo_inode(asset: AssetId) -> int:
    """The inode of a photo."""
    return PHOTO | asset


def original_inode(file: FileId) -> int:
    """The inode of a file that is no photo."""
    return ORIGINAL | file


def rendered_inode(asset: AssetId) -> int:
    """The inode of a photo as JPEG."""
    return RENDERED | asset


def folder_inode(path: bytes) -> int:
    """The inode of the folder or text file at `path` (b"" is the root, then b"/by-date" ...)."""
    if not path:
        return ROOT
    digest = hashlib.blake2b(path, digest_size=8).digest()
    return FOLDER | (int.from_bytes(digest, "big") & _HASHED)


def asset_of(inode: int) -> AssetId | None:
    """The asset whose photo has that inode."""
    return AssetId(inode & _LOW) if inode & ~_LOW == PHOTO else None


def file_of(inode: int) -> FileId | None:
    """The file whose original has that inode."""
    return FileId(inode & _LOW) if inode & ~_LOW == ORIGINAL else None


def rendered_of(inode: int) -> AssetId | None:
    """The asset whose photo, as JPEG, has that inode."""
    return AssetId(inode & _LOW) if inode & ~_LOW == RENDERED else None
