r"""An XMP sidecar that says who is in a photo, and where, as other programs read it; and what the photo says of itself.

    mwg-rs:Regions                  the faces, in the picture as it is stored (digiKam, Lightroom, Picasa, Apple)
    Iptc4xmpExt:PersonInImage       the names (Lightroom, Bridge, agencies)
    digiKam:TagsList                People/Alice, and the photo's own keywords
    lr:hierarchicalSubject          People|Alice
    dc:subject, xmp:Rating, dc:title, dc:description    the photo's own

Where a sidecar lies beside a photo, digiKam (7.9) reads no XMP, no keywords and no caption in the photo itself: what
people have said of the photo must be in the sidecar, or it is gone there.

The same people always give the same bytes. XML has no way to say most control characters and bytes that are no UTF-8:
these are written as people are shown them, `\x1b`, `\xff`.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0; ISO 16684-1; IPTC Photo Metadata Standard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from photofsd.display import shown
from photofsd.media.regions import Marked, as_stored
from photofsd.records import Region

PEOPLE: Final = "People"
"""The tag below which digiKam and Lightroom keep people."""

HEAD: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="photofsd">\n'
).encode()
"""What every sidecar of ours begins with, and nobody else's."""

_TAIL: Final = b'</x:xmpmeta>\n<?xpacket end="w"?>\n'
_SCHEMAS: Final = {
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
_DIGITS: Final = 8
_ESCAPES: Final = {ord(char): entity for char, entity in zip('&<>"', ("&amp;", "&lt;", "&gt;", "&quot;"), strict=True)}


class Portrait(NamedTuple):
    """Who is in a photo, and what it says of itself.

    people:  every name, in the order in which they are to be written. regions: faces in the upright picture, named.
    width, height: pixels as stored, before `orientation` (EXIF 1..8); 0 = not known, then no regions are written.
    tags, rating, title, caption: as in Metadata; no name of somebody is among the tags.
    """

    people: Sequence[bytes]
    regions: Sequence[tuple[bytes, Region]] = ()
    width: int = 0
    height: int = 0
    orientation: int = 1
    tags: Sequence[str] = ()
    rating: int | None = None
    title: str | None = None
    caption: str | None = None


def sidecar(portrait: Portrait) -> bytes:
    """The sidecar of a photo: a whole XMP packet."""
    schemas = "".join(f'\n    xmlns:{prefix}="{name}"' for prefix, name in _SCHEMAS.items())
    body = [
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        f'  <rdf:Description rdf:about=""{schemas}>',
        *_regions(portrait),
        *_list("Iptc4xmpExt:PersonInImage", "Bag", map(_text, portrait.people)),
        *_list("digiKam:TagsList", "Seq", _digikam_tags(portrait)),
        *_list("lr:hierarchicalSubject", "Bag", (f"{PEOPLE}|{_leaf(name)}" for name in portrait.people)),
        *_list("dc:subject", "Bag", map(_text, portrait.tags)),
        *_rating(portrait.rating),
        *_of_language("dc:title", portrait.title),
        *_of_language("dc:description", portrait.caption),
        "  </rdf:Description>",
        "</rdf:RDF>",
        "",
    ]
    return HEAD + "\n".join(body).encode() + _TAIL


def _regions(portrait: Portrait) -> Iterator[str]:
    if not (portrait.regions and portrait.width and portrait.height):
        return
    yield '    <mwg-rs:Regions rdf:parseType="Resource">'
    size = f'stDim:w="{portrait.width}" stDim:h="{portrait.height}" stDim:unit="pixel"'
    yield f"      <mwg-rs:AppliedToDimensions {size}/>"
    yield "      <mwg-rs:RegionList>"
    yield "        <rdf:Bag>"
    for name, region in portrait.regions:
        marked = as_stored(region, portrait.width, portrait.height, portrait.orientation)
        yield "          <rdf:li>"
        yield f'            <rdf:Description mwg-rs:Name="{_text(name)}" mwg-rs:Type="Face">'
        yield f"              <mwg-rs:Area {_area(marked)}/>"
        yield "            </rdf:Description>"
        yield "          </rdf:li>"
    yield "        </rdf:Bag>"
    yield "      </mwg-rs:RegionList>"
    yield "    </mwg-rs:Regions>"


def _area(marked: Marked) -> str:
    sides = zip("xywh", (marked.x, marked.y, marked.width, marked.height), strict=True)
    numbers = " ".join(f'stArea:{side}="{_number(value)}"' for side, value in sides)
    return f'{numbers} stArea:unit="normalized"'


def _number(value: float) -> str:
    return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")


def _digikam_tags(portrait: Portrait) -> Iterator[str]:
    yield from (f"{PEOPLE}/{_text(name)}" for name in portrait.people)
    yield from (_text(tag).replace("/", "|") for tag in portrait.tags)


def _list(name: str, kind: str, texts: Iterable[str]) -> Iterator[str]:
    items = [f"        <rdf:li>{text}</rdf:li>" for text in texts]
    if items:
        yield from (f"    <{name}>", f"      <rdf:{kind}>", *items, f"      </rdf:{kind}>", f"    </{name}>")


def _rating(rating: int | None) -> Iterator[str]:
    if rating is not None:
        yield f"    <xmp:Rating>{rating}</xmp:Rating>"


def _of_language(name: str, text: str | None) -> Iterator[str]:
    if text is not None:
        item = f'<rdf:li xml:lang="x-default">{_text(text)}</rdf:li>'
        yield f"    <{name}><rdf:Alt>{item}</rdf:Alt></{name}>"


def _text(name: str | bytes) -> str:
    return shown(name).translate(_ESCAPES)


def _leaf(name: bytes) -> str:
    """A name as the end of a path of Lightroom's: what separates there is what no name of ours holds."""
    return _text(name).replace("|", "/")
