"""Stage `metadata`: what a file and its sidecars say about themselves (EXIF, XMP, IPTC, containers, names)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photofsd.pipeline.stage import FileStage, Work
from photofsd.records import Metadata
from photofsd.store.schema import Tables

if TYPE_CHECKING:
    from photofsd.media.source import Source


class ReadMetadata(FileStage[Metadata]):
    """Read the metadata of a file. Source: Exif 2.32, XMP parts 1-3, IIM 4.2; see photofsd/media."""

    name = "metadata"
    version = 2
    needs = frozenset({"content"})
    makes = frozenset({"metadata"})
    result = Metadata
    table = Tables.METADATA

    def run(self, source: Source, work: Work) -> Metadata:
        from photofsd.media.metadata import read_metadata  # noqa: PLC0415 - the daemon never loads decoders

        return read_metadata(source, folder=source.folder, zone=work.zone())


STAGE = ReadMetadata()
