"""Faces that an XMP packet marks in the picture, and where these are once the picture is upright.

    MWG        centre and size of an area, as fractions of the picture or in pixels (digiKam, Lightroom, Apple, Picasa)
    Microsoft  left, top, width, height as fractions (Windows Photo Gallery; digiKam writes both)

MWG counts where both are there: programs that turn a picture set right the one and forget the other. Both speak of the
picture as it is stored, before EXIF's orientation (MWG guidelines 2.0, 5.9; so do Lightroom, digiKam, exiftool and
Immich); but some programs mark what they see, and say so without knowing: the dimensions that their areas apply to
are those of the upright picture. Then these count.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0; Microsoft, People Tagging Overview.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from photofsd.media.orientation import is_quarter_turn, seen_at, undone
from photofsd.media.wording import clean
from photofsd.records import Region

MOST_REGIONS: Final = 500
_DIGITS: Final = 6

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_MWG: Final = "{http://www.metadataworkinggroup.com/schemas/regions/}"
_AREA: Final = "{http://ns.adobe.com/xmp/sType/Area#}"
_DIMENSIONS: Final = "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}"
_MP_LIST: Final = "{http://ns.microsoft.com/photo/1.2/t/RegionInfo#}Regions"
_MP: Final = "{http://ns.microsoft.com/photo/1.2/t/Region#}"


class Marked(NamedTuple):
    """An area as it is written: fractions of the picture that the writer meant.

    x, y: of the centre. of: width and height of the picture that they apply to, where that is said.
    """

    x: float
    y: float
    width: float
    height: float
    name: str | None
    of: tuple[float, float] | None = None


def marked_faces(root: Element) -> tuple[Marked, ...]:
    """The faces that a packet marks, in its order; MOST_REGIONS at most."""
    for faces in (_mwg_faces(root), _microsoft_faces(root)):
        if found := tuple(face for face, _ in zip(faces, range(MOST_REGIONS), strict=False)):
            return found
    return ()


def upright(faces: Sequence[Marked], width: int | None, height: int | None, orientation: int) -> tuple[Region, ...]:
    """Where the faces are in the upright picture; those that lie beside it are left out.

    width, height: of the picture as it is stored. orientation: EXIF's, 1..8.
    """
    regions = (_upright(face, 1 if _is_of_upright(face, width, height, orientation) else orientation) for face in faces)
    return tuple(region for region in regions if region is not None)


def as_stored(region: Region, width: int, height: int, orientation: int) -> Marked:
    """What `upright` makes that region of: the area as it is marked in the picture before EXIF's orientation.

    width, height: of the picture as it is stored.
    """
    back = undone(orientation)
    ends = [
        seen_at(back, region.left + share * region.width, region.top + share * region.height) for share in (0.0, 1.0)
    ]
    (left, right), (top, bottom) = (sorted(along) for along in zip(*ends, strict=True))
    of = float(width), float(height)
    return Marked((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, region.name, of)


def _is_of_upright(face: Marked, width: int | None, height: int | None, orientation: int) -> bool:
    """Claim: the writer has marked the picture as it is seen: it is as wide as the stored one is high."""
    if not is_quarter_turn(orientation) or face.of is None or not width or not height or width == height:
        return False
    return face.of[0] != face.of[1] and (face.of[0] > face.of[1]) != (width > height)


def _upright(face: Marked, orientation: int) -> Region | None:
    ends = [seen_at(orientation, face.x + to * face.width / 2, face.y + to * face.height / 2) for to in (-1, 1)]
    left, right = sorted(_within(x) for x, _ in ends)
    top, bottom = sorted(_within(y) for _, y in ends)
    width, height = round(right - left, _DIGITS), round(bottom - top, _DIGITS)
    return Region(round(left, _DIGITS), round(top, _DIGITS), width, height, face.name) if width and height else None


def _within(fraction: float) -> float:
    return min(max(fraction, 0.0), 1.0)


def _mwg_faces(root: Element) -> Iterator[Marked]:
    for regions in root.iter(f"{_MWG}Regions"):
        dimensions = _size(_Struct.of(regions.find(f".//{_MWG}AppliedToDimensions")))
        for item in _items(regions, f"{_MWG}RegionList"):
            region = _Struct.of(item)
            if region.text(f"{_MWG}Type").casefold() in {"face", ""}:
                face = _mwg_face(_Struct.of(region.child(f"{_MWG}Area")), region.text(f"{_MWG}Name"), dimensions)
                if face is not None:
                    yield face


def _mwg_face(area: _Struct, name: str, dimensions: tuple[float, float] | None) -> Marked | None:
    x, y = area.number(f"{_AREA}x"), area.number(f"{_AREA}y")
    width, height = area.number(f"{_AREA}w"), area.number(f"{_AREA}h")
    if x is None or y is None or not width or not height:
        return None
    if area.text(f"{_AREA}unit").casefold() == "pixel":
        if dimensions is None:
            return None
        x, width, y, height = x / dimensions[0], width / dimensions[0], y / dimensions[1], height / dimensions[1]
    return Marked(x, y, width, height, clean(name), dimensions)


def _size(dimensions: _Struct) -> tuple[float, float] | None:
    width, height = dimensions.number(f"{_DIMENSIONS}w"), dimensions.number(f"{_DIMENSIONS}h")
    return (width, height) if width and height and width > 0 and height > 0 else None


def _microsoft_faces(root: Element) -> Iterator[Marked]:
    for regions in root.iter(_MP_LIST):
        for item in _items(regions):
            region = _Struct.of(item)
            numbers = [_number(part) for part in region.text(f"{_MP}Rectangle").split(",")[:4]]
            sides = [number for number in numbers if number is not None]
            if len(sides) == 4:  # noqa: PLR2004 - left, top, width, height
                left, top, width, height = sides
                name = clean(region.text(f"{_MP}PersonDisplayName"))
                yield Marked(left + width / 2, top + height / 2, width, height, name)


def _items(parent: Element, name: str = "") -> Iterator[Element]:
    """Yield the items of the list that `name` below `parent` is, or `parent` itself."""
    for holder in parent.iter(name) if name else (parent,):
        for bag in holder:
            yield from bag.findall(f"{_RDF}li")


class _Struct:
    """A structure as RDF writes it: properties as attributes or as elements, right there or in a Description."""

    def __init__(self, parts: Sequence[Element]) -> None:
        self._parts = parts

    @classmethod
    def of(cls, element: Element | None) -> _Struct:
        """The structure that `element` is; an empty one where there is none."""
        return cls([] if element is None else [element, *element.findall(f"{_RDF}Description")])

    def child(self, name: str) -> Element | None:
        """The element of a property."""
        return next((child for part in self._parts if (child := part.find(name)) is not None), None)

    def text(self, name: str) -> str:
        """The text of a property; "" where it is absent."""
        written = next((text for part in self._parts if (text := part.get(name)) is not None), None)
        child = self.child(name) if written is None else None
        return (written or (child.text if child is not None else "") or "").strip()

    def number(self, name: str) -> float | None:
        """The number of a property, or None."""
        return _number(self.text(name))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
