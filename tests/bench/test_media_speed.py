"""How long a photo takes from the page cache to its facts: digest and metadata of 3.6 MB JPEGs, on one core."""

from __future__ import annotations

import datetime as dt
import io
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from photofsd.media.hashing import content_digest
from photofsd.media.metadata import read_metadata
from photofsd.media.source import Source

PHOTOS = 50
SIZE = 3_600_000
ROUNDS = 5
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/' "
    b"xmp:Rating='3'>"
    b"<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>beach</rdf:li></rdf:Bag></dc:subject></rdf:Description>"
    b"</rdf:RDF></x:xmpmeta>"
)


def photo(number: int, xmp: bytes) -> bytes:
    """A JPEG with what a camera writes, filled up with noise after its last scan."""
    block = Image.Exif()
    block.update(
        {0x010F: "Canon", 0x0110: "Canon EOS 7D", 0x0112: 1, 0x0132: "2019:06:09 12:57:32", 0x0131: "Ver.1.00"}
    )
    block.get_ifd(0x8769).update({
        0x9003: "2019:06:09 12:57:32", 0x9004: "2019:06:09 12:57:32", 0x9291: "064", 0x9011: "+02:00", 0x829A: 0.004,
        0x829D: 2.8, 0x8827: 400, 0x920A: 35.0, 0xA434: "EF35mm f/1.4L USM", 0x9286: b"ASCII\0\0\0" + bytes(200),
    })  # fmt: skip
    block.get_ifd(0x8825).update({1: "N", 2: (43.0, 28.0, 2.8), 3: "E", 4: (11.0, 53.0, 6.4), 5: b"\0", 6: 12.5})
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "JPEG", exif=block, **({"xmp": xmp} if xmp else {}))
    return file.getvalue() + random.Random(number).randbytes(SIZE - file.tell())


def facts(path: bytes, *, digest: bool, metadata: bool) -> None:
    with Source.open(path) as source:
        if digest:
            content_digest(source)
        if metadata:
            read_metadata(source, folder=b"2019", zone=dt.UTC)


def cpu_ms(work: Callable[[bytes], None], paths: list[bytes]) -> float:
    """CPU time a file, the best of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for path in paths:
            work(path)
        rounds.append((time.process_time() - start) / len(paths) * 1000)
    return min(rounds)


@pytest.mark.parametrize("xmp", [b"", XMP], ids=["exif", "exif-and-xmp"])
def test_digest_and_metadata(tmp_path: Path, xmp: bytes) -> None:
    paths = [os.fsencode(tmp_path / f"{number}.jpg") for number in range(PHOTOS)]
    for number, path in enumerate(paths):
        Path(os.fsdecode(path)).write_bytes(photo(number, xmp))
    figures = {
        "digest": cpu_ms(lambda path: facts(path, digest=True, metadata=False), paths),
        "metadata": cpu_ms(lambda path: facts(path, digest=False, metadata=True), paths),
        "both, read once": cpu_ms(lambda path: facts(path, digest=True, metadata=True), paths),
    }
    for name, milliseconds in figures.items():
        sys.stdout.write(
            f"\n  {name:16} {milliseconds:5.2f} ms a file of {SIZE / 1e6} MB: {60_000 / milliseconds:7,.0f} a minute"
        )
    sys.stdout.write("\n")
