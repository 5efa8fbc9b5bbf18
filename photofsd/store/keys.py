"""Keys and values that must fit into what the store has room for, whatever a file system comes up with."""

from __future__ import annotations

import hashlib

from photofsd.store.schema import U32
from photofsd.types import DirId

LONG_NAME_BYTES = 255
_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1


def root_key(path: bytes) -> bytes:
    """The key of a library folder: its path may be longer than a key."""
    return hashlib.blake2b(path, digest_size=16).digest()


def entry_key(parent: DirId, name: bytes) -> bytes:
    """The key of `name` in the folder `parent`, in `children` and `paths`.

    Names over 255 bytes (85 ideographs fill that, network file systems allow three times as many) would not fit into
    a key: they are cut, and told apart by their digest. Such a key is longer than that of any other name.
    """
    if len(name) > LONG_NAME_BYTES:
        name = name[:LONG_NAME_BYTES] + hashlib.blake2b(name, digest_size=16).digest()
    return U32.pack(parent) + name


def has_long_name(key: bytes) -> bool:
    """Claim: the name in an `entry_key` is cut; the whole one stands in the record."""
    return len(key) > U32.size + LONG_NAME_BYTES


def storable_ns(instant_ns: int) -> int:
    """The instant nearest to `instant_ns` that 64 bits of ns hold (1677 to 2262; file systems allow others)."""
    return max(_SMALLEST, min(instant_ns, _LARGEST))
