"""Stage `metadata`: what a file and its sidecars say about themselves (EXIF, XMP, IPTC, containers, names)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.pipeline.stage import FileStage, Work
from photofsd.records import Metadata
from photofsd.store import assets
from photofsd.types import AssetId

if TYPE_CHECKING:
    from photofsd.media.source import Source
    from photofsd.store.transaction import WriteTransaction


class ReadMetadata(FileStage[Metadata]):
    """Read the metadata of a file. Source: Exif 2.32, XMP parts 1-3, IIM 4.2; see photofsd/media."""

    name = "metadata"
    version = 1
    needs = frozenset({"content"})
    makes = frozenset({"metadata"})
    result = Metadata

    def run(self, source: Source, work: Work) -> Metadata:
        from photofsd.media.metadata import read_metadata  # noqa: PLC0415 - the daemon never loads decoders

        return read_metadata(source, folder=source.folder, zone=work.zone())

    def commit(self, txn: WriteTransaction, asset: AssetId, result: Metadata) -> bool:
        is_news = assets.metadata(txn, asset) != result
        if is_news:
            assets.put_metadata(txn, asset, result)
        return is_news


STAGE = ReadMetadata()
