"""Small photos with everything that views can show, drawn for tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"{rating}>
<dc:subject><rdf:Bag>{tags}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""


@dataclass(frozen=True)
class Shot:
    """What is in a photo's metadata. gps: degrees."""

    date: str | None = None
    offset: str | None = None
    camera: tuple[str, str] | None = None
    lens: str | None = None
    gps: tuple[float, float] | None = None
    rating: int | None = None
    tags: Sequence[str] = ()
    shade: int = 0


def take(path: Path | bytes, shot: Shot) -> None:
    """Write a JPEG."""
    path = Path(os.fsdecode(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (32, 24), (shot.shade * 37 % 256, shot.shade * 91 % 256, 120))
    image.save(path, "JPEG", exif=exif(shot), xmp=xmp(shot), quality=90)


def exif(shot: Shot) -> Image.Exif:
    """The EXIF of a shot."""
    tags = Image.Exif()
    if shot.camera is not None:
        tags[0x010F], tags[0x0110] = shot.camera
    details = tags.get_ifd(0x8769)
    if shot.date is not None:
        details[0x9003] = shot.date
    if shot.offset is not None:
        details[0x9011] = shot.offset
    if shot.lens is not None:
        details[0xA434] = shot.lens
    if shot.gps is not None:
        place = tags.get_ifd(0x8825)
        for tag, value, letters in ((1, shot.gps[0], "NS"), (3, shot.gps[1], "EW")):
            place[tag], place[tag + 1] = letters[value < 0], (abs(value), 0.0, 0.0)
    return tags


def xmp(shot: Shot) -> bytes:
    """The XMP of a shot."""
    rating = "" if shot.rating is None else f' xmp:Rating="{shot.rating}"'
    return XMP.format(rating=rating, tags="".join(f"<rdf:li>{tag}</rdf:li>" for tag in shot.tags)).encode()
