"""Stage `identify`: which content is at that path? One read, one BLAKE3 digest, one asset per content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from photofsd.pipeline.stage import FileStage, Work
from photofsd.types import AssetId, Subject

if TYPE_CHECKING:
    from photofsd.media.source import Source
    from photofsd.store.transaction import WriteTransaction


class Identity(msgspec.Struct, frozen=True):
    """content: blake3 digest, 32 bytes."""

    content: bytes


class Identify(FileStage[Identity]):
    """Digest the content of a path. The runner gives the asset by it, before any other stage commits."""

    name = "identify"
    version = 1
    subject = Subject.FILE
    makes = frozenset({"content"})
    result = Identity

    def run(self, source: Source, work: Work) -> Identity:
        from photofsd.media.hashing import content_digest  # noqa: PLC0415 - the daemon never loads it

        return Identity(content_digest(source))

    def commit(self, txn: WriteTransaction, asset: AssetId, result: Identity | None) -> bool:
        """Nothing to keep: `assets.identify` has done it, as only that gives the asset."""
        return True


STAGE = Identify()
