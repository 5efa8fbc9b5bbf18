"""Sound files to begin with: a small one of every format that can be drawn, and the test photos, where they are."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401 - registers itself with Pillow
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tests.unit.test_media_video import MADE, RED, film

SIDE = 96
LARGEST = 400_000
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmp:Rating="4" exif:DateTimeOriginal="2013-07-08T09:10:11+02:00">
<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF>
</x:xmpmeta>"""
TAKEOUT = json.dumps(
    {
        "title": "photo.jpg",
        "description": "at the sea",
        "photoTakenTime": {"timestamp": "1370000000"},
        "geoData": {"latitude": 43.5, "longitude": 11.9, "altitude": 200.0},
        "people": [{"name": "Alice"}],
    }
).encode()


def picture(mode: str = "RGB") -> Image.Image:
    """A gradient with a disc, so that every decoder has something to do."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    disc = (x - SIDE / 2) ** 2 + (y - SIDE / 2) ** 2 < (SIDE / 3) ** 2
    pixels = np.stack([x * 2, y * 2, np.where(disc, 250, 20)], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def exif() -> bytes:
    """A block with a little of everything."""
    found = Image.Exif()
    found[271], found[272], found[274] = "Canon", "Canon EOS 7D", 6
    photo, gps = found.get_ifd(0x8769), found.get_ifd(0x8825)
    photo[36867], photo[37521], photo[36881] = "2013:07:08 09:10:11", "25", "+02:00"
    photo[33434], photo[34855], photo[42036] = IFDRational(1, 250), 400, "EF-S15-85mm f/3.5-5.6 IS USM"
    gps[1], gps[2] = "N", (IFDRational(43), IFDRational(30), IFDRational(Fraction("7.5")))
    gps[3], gps[4] = "E", (IFDRational(11), IFDRational(52), IFDRational(0))
    return found.tobytes()


def drawn() -> Mapping[str, bytes]:
    """By file name."""
    pillow_heif.register_heif_opener()
    block = exif()
    return {
        "photo.jpg": _saved("JPEG", exif=block, xmp=XMP),
        "progressive.jpg": _saved("JPEG", progressive=True, exif=block),
        "cmyk.jpg": _saved("JPEG", "CMYK"),
        "photo.png": _saved("PNG", exif=block),
        "palette.png": _saved("PNG", "P"),
        "deep.png": _saved("PNG", "I;16"),
        "photo.webp": _saved("WEBP", exif=block, xmp=XMP),
        "photo.gif": _saved("GIF", "P", save_all=True, append_images=[picture("P")] * 3),
        "photo.bmp": _saved("BMP"),
        "photo.tif": _saved("TIFF", exif=block),
        "pages.tif": _saved("TIFF", compression="tiff_lzw", save_all=True, append_images=[picture()] * 2),
        "photo.jp2": _saved("JPEG2000"),
        "photo.heic": _saved("HEIF", exif=block, xmp=XMP),
        "photo.avif": _saved("AVIF", exif=block),
        "photo.jxl": _saved("JXL", exif=block),
        **{f"film.{name}": film(*made, [RED]) for name, made in MADE.items()},
        "photo.xmp": XMP,
        "photo.jpg.json": TAKEOUT,
    }


def real(folder: Path) -> Mapping[str, bytes]:
    """The small ones of the test photos: broken and crafted ones among them are good beginnings, too."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
    return {f"{number:04d}-{path.name}": path.read_bytes() for number, path in enumerate(files)}


def _saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    file = io.BytesIO()
    picture(mode).save(file, kind, **options)
    return file.getvalue()
