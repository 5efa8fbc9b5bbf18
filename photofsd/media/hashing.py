"""The digest that tells a content from every other: BLAKE3, 32 bytes."""

from __future__ import annotations

from blake3 import blake3

from photofsd.media.source import Source


def content_digest(source: Source) -> bytes:
    """Digest the whole content of `source`, which then lies in memory for the parsers if it is small enough.

    returns: 32 bytes.
    Raises FileUnreadable, FileChanged (it was written to meanwhile: the digest would be of no content at all).
    """
    hasher = blake3()
    for block in source.blocks():
        hasher.update(block)
    source.verify_unchanged()
    return hasher.digest()
