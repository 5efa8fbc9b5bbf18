"""What an XMP packet says, embedded or as a sidecar.

A keyword hierarchy (Lightroom's Animals|Dogs|Poodle, digiKam's Animals/Dogs/Poodle) becomes one tag a level: Animals,
Dogs, Poodle. That is what Lightroom itself writes into the flat list, it is found by any of the three words, and a
tag never holds the separator of paths.

Source: XMP specification part 1 (ISO 16684-1) and 2; Lightroom's, digiKam's, Microsoft's and Google's own schemas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from photofsd.errors import FileUndecodable
from photofsd.media.camera import lens_name
from photofsd.media.dates import instant, written_iso
from photofsd.media.facts import Facts
from photofsd.media.geo import Position, position, xmp_angle
from photofsd.media.orientation import ORIENTATIONS
from photofsd.media.regions import marked_faces
from photofsd.media.wording import clean, clean_caption, clean_tags, clean_title
from photofsd.records import Taken
from photofsd.types import DateSource

LARGEST_PACKET: Final = 1 << 20
"""Bytes. Larger ones hold embedded pictures and edit histories, never what we look for."""

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_ALT: Final = f"{_RDF}Alt"
_LISTS: Final = (f"{_RDF}Bag", f"{_RDF}Seq", _ALT)

_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_XMP: Final = "{http://ns.adobe.com/xap/1.0/}"
_EXIF: Final = "{http://ns.adobe.com/exif/1.0/}"
_EXIF_EX: Final = "{http://cipa.jp/exif/1.0/}"
_AUX: Final = "{http://ns.adobe.com/exif/1.0/aux/}"
_TIFF: Final = "{http://ns.adobe.com/tiff/1.0/}"
_PHOTOSHOP: Final = "{http://ns.adobe.com/photoshop/1.0/}"
_LIGHTROOM: Final = "{http://ns.adobe.com/lightroom/1.0/}"
_DIGIKAM: Final = "{http://www.digikam.org/ns/1.0/}"
_MICROSOFT: Final = "{http://ns.microsoft.com/photo/1.0/}"
_PANORAMA: Final = "{http://ns.google.com/photos/1.0/panorama/}"
_CAMERA: Final = "{http://ns.google.com/photos/1.0/camera/}"

_CONTAINER: Final = "{http://ns.google.com/photos/1.0/container/}"
_CONTAINER_ITEM: Final = "{http://ns.google.com/photos/1.0/container/item/}"

_DATES: Final = (
    f"{_EXIF}DateTimeOriginal",
    f"{_PHOTOSHOP}DateCreated",
    f"{_XMP}CreateDate",
    f"{_EXIF}DateTimeDigitized",
)
_FLAT_TAGS: Final = f"{_DC}subject"
_TAG_PATHS: Final = (
    (f"{_LIGHTROOM}hierarchicalSubject", "|"),
    (f"{_DIGIKAM}TagsList", "/"),
    (f"{_MICROSOFT}LastKeywordXMP", "/"),
)
_DIGIKAM_INTERNAL: Final = "_Digikam_"
_RATINGS: Final = range(-1, 6)
_MOST: Final = 1e7  # of any measure: more is rubbish
_STARS_OF_PERCENT: Final = ((0, 0), (1, 1), (25, 2), (50, 3), (75, 4), (99, 5))


def read_xmp(packet: bytes, zone: dt.tzinfo | None, source: DateSource = DateSource.XMP) -> Facts:
    """All that a packet says; dates come from `source`.

    zone: where the GPS receiver's UTC time is brought to; None = this machine's own.
    Raises FileUndecodable where it is too large, no XML, or XML that declares entities.
    """
    return _Packet(packet).facts(zone, source)


class _Packet:
    """The top-level properties of a packet: each a list of texts, the default language first."""

    def __init__(self, packet: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        self._root = _parsed(packet)
        for description in _descriptions(self._root):
            for name, text in description.items():
                self._values.setdefault(name, []).append(text)
            for child in description:
                self._values.setdefault(child.tag, []).extend(_texts(child))

    def facts(self, zone: dt.tzinfo | None, source: DateSource) -> Facts:
        dates = [written_iso(self._text(name), source) for name in _DATES]
        dates.append(self._gps_time(zone))
        return Facts(
            dates=tuple(date for date in dates if date is not None),
            make=clean(self._text(f"{_TIFF}Make")),
            model=clean(self._text(f"{_TIFF}Model")),
            lens=lens_name(clean(self._text(f"{_EXIF_EX}LensModel") or self._text(f"{_AUX}Lens"))),
            position=self._position(),
            orientation=self._orientation(),
            tags=clean_tags(self._tags()),
            rating=self._rating(),
            title=clean_title(self._text(f"{_DC}title")),
            caption=clean_caption(self._text(f"{_DC}description")),
            software=clean(self._text(f"{_XMP}CreatorTool")),
            iso=self._iso(),
            f_number=self._positive(f"{_EXIF}FNumber"),
            exposure_s=self._positive(f"{_EXIF}ExposureTime"),
            focal_mm=self._positive(f"{_EXIF}FocalLength"),
            is_screenshot=self._text(f"{_EXIF}UserComment") == "Screenshot" or None,
            is_panorama=bool(self._text(f"{_PANORAMA}ProjectionType")) or None,
            is_live=self._has_film() or None,
            burst_id=clean(self._text(f"{_CAMERA}BurstID")),
            faces=marked_faces(self._root) or None,
        )

    def _has_film(self) -> bool:
        """Claim: a film lies behind the picture: Google's mark of today, the one before, or the list of what does."""
        marks = (self._text(f"{_CAMERA}{name}") for name in ("MotionPhoto", "MicroVideo"))
        items = self._root.iter(f"{_CONTAINER}Item")
        return "1" in marks or any(item.get(f"{_CONTAINER_ITEM}Semantic") == "MotionPhoto" for item in items)

    def _text(self, name: str) -> str:
        return next(iter(self._values.get(name, ())), "").strip()

    def _number(self, name: str) -> float | None:
        """A number or a fraction, as XMP writes EXIF's rationals."""
        over, _, under = self._text(name).partition("/")
        try:
            return float(over) / float(under or 1)
        except (ValueError, ZeroDivisionError):
            return None

    def _positive(self, name: str) -> float | None:
        value = self._number(name)
        return value if value is not None and 0 < value <= _MOST else None

    def _iso(self) -> int | None:
        value = self._positive(f"{_EXIF}ISOSpeedRatings") or self._positive(f"{_EXIF_EX}PhotographicSensitivity")
        return int(value) if value else None

    def _orientation(self) -> int | None:
        value = self._number(f"{_TIFF}Orientation")
        return int(value) if value is not None and value in ORIENTATIONS else None

    def _rating(self) -> int | None:
        stars = self._number(f"{_XMP}Rating")
        if stars is not None and stars in _RATINGS:
            return int(stars)
        percent = self._number(f"{_MICROSOFT}Rating")
        return None if percent is None else next((star for at, star in _STARS_OF_PERCENT if at == percent), None)

    def _tags(self) -> Iterator[str]:
        yield from self._values.get(_FLAT_TAGS, ())
        for name, separator in _TAG_PATHS:
            for path in self._values.get(name, ()):
                if not path.startswith(_DIGIKAM_INTERNAL):
                    yield from path.split(separator)

    def _position(self) -> Position | None:
        altitude = self._number(f"{_EXIF}GPSAltitude")
        if altitude is not None and self._text(f"{_EXIF}GPSAltitudeRef") == "1":
            altitude = -altitude
        return position(
            xmp_angle(self._text(f"{_EXIF}GPSLatitude"), self._text(f"{_EXIF}GPSLatitudeRef")),
            xmp_angle(self._text(f"{_EXIF}GPSLongitude"), self._text(f"{_EXIF}GPSLongitudeRef")),
            altitude,
        )

    def _gps_time(self, zone: dt.tzinfo | None) -> Taken | None:
        stamp = written_iso(self._text(f"{_EXIF}GPSTimeStamp"), DateSource.GPS)
        if stamp is None:
            return None
        return instant(stamp.local_ns - (stamp.offset_min or 0) * 60 * 10**9, DateSource.GPS, zone)


def _parsed(packet: bytes) -> Element:
    if len(packet) > LARGEST_PACKET:
        raise FileUndecodable(f"the XMP packet is too large ({len(packet)} bytes)")
    try:
        root: Element = fromstring(packet.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:  # the latter two: odd encodings
        raise FileUndecodable(f"the XMP packet is broken: {error}") from error
    return root


def _descriptions(root: Element) -> Iterator[Element]:
    for rdf in root.iter(f"{_RDF}RDF"):
        yield from rdf.findall(f"{_RDF}Description")


def _texts(element: Element) -> list[str]:
    """The values of a property: its text, or its list's, the default language before others."""
    for child in element:
        if child.tag in _LISTS:
            items = sorted(child, key=lambda item: item.get(_XML_LANG) != "x-default") if child.tag == _ALT else child
            return [item.text for item in items if item.text]
    return [element.text] if element.text else []
