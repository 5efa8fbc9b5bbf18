"""EXIF, XMP and IPTC of a shot, as bytes."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterable
from fractions import Fraction
from xml.sax.saxutils import escape, quoteattr

from PIL import ExifTags, Image, TiffImagePlugin

from contrib.sample_library.places import Place
from contrib.sample_library.shot import Exposure, Shot, Words

Base, Ifd, Gps = ExifTags.Base, ExifTags.IFD, ExifTags.GPS
Rational = TiffImagePlugin.IFDRational

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"{attributes}>{elements}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def exif_of(shot: Shot) -> Image.Exif:
    """The EXIF of a shot; empty where no camera and no date is known."""
    exif = Image.Exif()
    if shot.orientation != 1 or shot.camera:
        exif[Base.Orientation] = shot.orientation
    if shot.camera:
        exif[Base.Make], exif[Base.Model] = shot.camera.make, shot.camera.model
        if shot.camera.software:
            exif[Base.Software] = shot.camera.software
    details = exif.get_ifd(Ifd.Exif)
    if shot.taken:
        exif[Base.DateTime] = f"{shot.taken:%Y:%m:%d %H:%M:%S}"
        details.update(_time(shot, shot.taken))
    if shot.exposure:
        details.update(_exposure(shot.exposure))
    if details:
        details[Base.ExifVersion] = b"0232"
    if shot.place and shot.taken:
        exif.get_ifd(Ifd.GPSInfo).update(_position(shot.place, shot.taken))
    return exif


def _time(shot: Shot, taken: dt.datetime) -> dict[int, object]:
    moment = f"{taken:%Y:%m:%d %H:%M:%S}"
    tags: dict[int, object] = {Base.DateTimeOriginal: moment, Base.DateTimeDigitized: moment}
    if taken.microsecond:
        tags[Base.SubsecTimeOriginal] = tags[Base.SubsecTimeDigitized] = f"{taken.microsecond // 1000:03}"
    if shot.place and shot.has_offset:
        minutes = shot.place.offset_at(taken)
        sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
        tags[Base.OffsetTimeOriginal] = tags[Base.OffsetTime] = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return tags


def _exposure(exposure: Exposure) -> dict[int, object]:
    tags: dict[int, object] = {
        Base.ExposureTime: _rational(exposure.seconds),
        Base.FNumber: _rational(exposure.f_number),
        Base.ISOSpeedRatings: exposure.iso,
        Base.FocalLength: _rational(exposure.focal_mm),
    }
    if exposure.lens:
        tags[Base.LensModel] = exposure.lens.name
    return tags


def _rational(value: float) -> TiffImagePlugin.IFDRational:
    fraction = Fraction(value).limit_denominator(8000)
    return Rational(fraction.numerator, fraction.denominator)


def _position(place: Place, taken: dt.datetime) -> dict[int, object]:
    at_utc = taken - dt.timedelta(minutes=place.offset_at(taken))
    return {
        Gps.GPSVersionID: b"\x02\x03\x00\x00",
        Gps.GPSLatitudeRef: "N" if place.latitude >= 0 else "S",
        Gps.GPSLatitude: _degrees(place.latitude),
        Gps.GPSLongitudeRef: "E" if place.longitude >= 0 else "W",
        Gps.GPSLongitude: _degrees(place.longitude),
        Gps.GPSAltitudeRef: b"\x00",
        Gps.GPSAltitude: _rational(place.altitude_m),
        Gps.GPSTimeStamp: tuple(Rational(part) for part in (at_utc.hour, at_utc.minute, at_utc.second)),
        Gps.GPSDateStamp: f"{at_utc:%Y:%m:%d}",
    }


def _degrees(value: float) -> tuple[TiffImagePlugin.IFDRational, ...]:
    seconds_100 = round(abs(value) * 360_000)
    degrees, rest = divmod(seconds_100, 360_000)
    minutes, rest = divmod(rest, 6_000)
    return Rational(degrees), Rational(minutes), Rational(rest, 100)


def xmp_of(words: Words) -> bytes:
    """An XMP packet with the rating, the keywords and the caption."""
    attributes = "" if words.rating is None else f"\n    xmp:Rating={quoteattr(str(words.rating))}"
    elements = ""
    if words.keywords:
        items = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in words.keywords)
        elements += f"\n   <dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>"
    if words.caption:
        caption = f'<rdf:li xml:lang="x-default">{escape(words.caption)}</rdf:li>'
        elements += f"\n   <dc:description><rdf:Alt>{caption}</rdf:Alt></dc:description>"
    return XMP.format(attributes=attributes, elements=elements).encode()


def iptc_of(words: Words, taken: dt.datetime | None) -> bytes:
    """A Photoshop block (APP13) with the keywords, the caption and the day, in UTF-8."""
    records = [(1, 90, b"\x1b%G"), *((2, 25, word.encode()) for word in words.keywords)]
    if words.caption:
        records.append((2, 120, words.caption.encode()))
    if taken:
        records += [(2, 55, f"{taken:%Y%m%d}".encode()), (2, 60, f"{taken:%H%M%S}".encode())]
    data = b"".join(_iptc_records(records))
    padded = data + b"\0" * (len(data) % 2)
    return b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + padded


def _iptc_records(records: Iterable[tuple[int, int, bytes]]) -> Iterable[bytes]:
    for record, number, value in records:
        yield struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def with_iptc(jpeg: bytes, block: bytes) -> bytes:
    """The JPEG with an APP13 segment after its first segments (SOI, then APP0 or APP1)."""
    at = 2
    while jpeg[at : at + 1] == b"\xff" and jpeg[at + 1] in {0xE0, 0xE1}:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return jpeg[:at] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + jpeg[at:]
