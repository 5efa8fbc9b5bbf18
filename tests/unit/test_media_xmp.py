"""What an XMP packet says, in all the ways in which RDF can say it, and what it may not do."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photofsd.errors import FileUndecodable
from photofsd.media.facts import Facts
from photofsd.media.geo import Position
from photofsd.media.xmp import LARGEST_PACKET, read_xmp
from photofsd.records import Taken
from photofsd.types import DateSource

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "exifEX": "http://cipa.jp/exif/1.0/",
        "aux": "http://ns.adobe.com/exif/1.0/aux/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "lr": "http://ns.adobe.com/lightroom/1.0/",
        "digiKam": "http://www.digikam.org/ns/1.0/",
        "ms": "http://ns.microsoft.com/photo/1.0/",
        "GPano": "http://ns.google.com/photos/1.0/panorama/",
        "GCamera": "http://ns.google.com/photos/1.0/camera/",
    }.items()
)


def packet(body: str = "", attributes: str = "") -> bytes:
    return (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<rdf:Description rdf:about='' {NAMESPACES} {attributes}>{body}</rdf:Description>"
        "</rdf:RDF></x:xmpmeta>   \n<?xpacket end='w'?>\0\0"
    ).encode()


def facts(body: str = "", attributes: str = "") -> Facts:
    return read_xmp(packet(body, attributes), dt.UTC)


def bag(*items: str) -> str:
    return f"<rdf:Bag>{''.join(f'<rdf:li>{item}</rdf:li>' for item in items)}</rdf:Bag>"


def test_properties_may_be_attributes_or_elements() -> None:
    assert facts(attributes='xmp:Rating="4"').rating == facts("<xmp:Rating>4</xmp:Rating>").rating == 4


def test_tags_are_flat_words_and_every_level_of_a_hierarchy() -> None:
    found = facts(
        f"<dc:subject>{bag('Poodle', 'sea')}</dc:subject>"
        f"<lr:hierarchicalSubject>{bag('Animals|Dogs|Poodle')}</lr:hierarchicalSubject>"
        f"<digiKam:TagsList>{bag('Places/Italy', '_Digikam_Internal_Tags_/Pick Label Accepted')}</digiKam:TagsList>"
        f"<ms:LastKeywordXMP>{bag('Family/Anna')}</ms:LastKeywordXMP>"
    )
    assert found.tags == ("Poodle", "sea", "Animals", "Dogs", "Places", "Italy", "Family", "Anna")


@pytest.mark.parametrize(
    "attributes, rating",
    [
        ('xmp:Rating="5"', 5),
        ('xmp:Rating="3.0"', 3),
        ('xmp:Rating="-1"', -1),
        ('xmp:Rating="0"', 0),
        ('xmp:Rating="6"', None),
        ('xmp:Rating="nan"', None),
        ('xmp:Rating="many"', None),
        ('ms:Rating="75"', 4),
        ('ms:Rating="33"', None),
        ('xmp:Rating="2" ms:Rating="99"', 2),
    ],
)
def test_rating_is_stars_or_rejection(attributes: str, rating: int | None) -> None:
    assert facts(attributes=attributes).rating == rating


def test_default_language_comes_first() -> None:
    body = (
        "<dc:title><rdf:Alt>"
        "<rdf:li xml:lang='de'>Strand</rdf:li><rdf:li xml:lang='x-default'>Beach</rdf:li></rdf:Alt></dc:title>"
        "<dc:description><rdf:Alt><rdf:li xml:lang='de'>Am Strand</rdf:li></rdf:Alt></dc:description>"
    )
    assert (facts(body).title, facts(body).caption) == ("Beach", "Am Strand")


def test_best_date_comes_first() -> None:
    found = facts(
        attributes='xmp:CreateDate="2020-01-02T00:00:01" photoshop:DateCreated="2019" '
        'exif:DateTimeOriginal="2018-08-11T17:38:25+02:00"'
    )
    assert [date.local_ns // (365 * 86400 * 10**9) + 1970 for date in found.dates] == [2018, 2019, 2020]
    assert found.dates[0] == Taken(local_ns=1_534_009_105 * 10**9, source=DateSource.XMP, offset_min=120)


def test_receivers_time_is_utc() -> None:
    found = read_xmp(packet(attributes='exif:GPSTimeStamp="2023-11-15T12:30:00Z"'), dt.timezone(dt.timedelta(hours=-8)))
    assert found.dates == (Taken(local_ns=1_700_022_600 * 10**9, source=DateSource.GPS, offset_min=-480),)


def test_position_is_degrees() -> None:
    attributes = (
        'exif:GPSLatitude="48,24.5N" exif:GPSLongitude="3,6W" exif:GPSAltitude="6363/100" exif:GPSAltitudeRef="1"'
    )
    assert facts(attributes=attributes).position == Position(pytest.approx(48.408333), pytest.approx(-3.1), -63.63)


def test_camera_and_exposure_are_read() -> None:
    found = facts(
        "<exif:ISOSpeedRatings><rdf:Seq><rdf:li>400</rdf:li></rdf:Seq></exif:ISOSpeedRatings>",
        'tiff:Make="Canon" tiff:Model="Canon EOS 7D" aux:Lens="EF85mm f/1.2L USM" exif:FNumber="28/10" '
        'exif:ExposureTime="1/0"',
    )
    assert (found.make, found.model, found.lens) == ("Canon", "Canon EOS 7D", "EF85mm f/1.2L USM")
    assert (found.iso, found.f_number, found.exposure_s) == (400, 2.8, None)


def test_kinds_of_photo_are_marked() -> None:
    assert facts(attributes='GPano:ProjectionType="equirectangular"').is_panorama
    assert facts(attributes='GCamera:MicroVideo="1"').is_live
    assert facts(attributes='GCamera:MotionPhoto="0"').is_live is None
    item = "<rdf:li rdf:parseType='Resource'><C:Item I:Mime='video/mp4' I:Semantic='MotionPhoto'/></rdf:li>"
    namespaces = "xmlns:C='http://ns.google.com/photos/1.0/container/' "
    namespaces += "xmlns:I='http://ns.google.com/photos/1.0/container/item/'"
    assert facts(f"<C:Directory {namespaces}><rdf:Seq>{item}</rdf:Seq></C:Directory>").is_live
    assert facts(attributes='GCamera:BurstID="b-7"').burst_id == "b-7"
    assert facts("<exif:UserComment><rdf:Alt><rdf:li>Screenshot</rdf:li></rdf:Alt></exif:UserComment>").is_screenshot
    assert facts() == Facts()


def test_properties_of_things_within_are_not_the_photos() -> None:
    assert facts("<xmp:Thumb><rdf:Description xmp:Rating='5'/></xmp:Thumb>").rating is None


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 9)).replace("&a0;", "&a;")
    + "]>"
)


@pytest.mark.parametrize(
    "hostile",
    [
        BOMB.encode() + b"<x>&a8;</x>",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>',
        b"",
        b"<x:xmpmeta",
        b"\xff\xfe<\0x\0",
        b'<?xml version="1.0" encoding="no-such"?><x/>',
        b"<a>" * 1000,
        b"x" * (LARGEST_PACKET + 1),
    ],
)
def test_packet_that_is_broken_or_tries_something_is_undecodable(hostile: bytes) -> None:
    with pytest.raises(FileUndecodable, match="XMP"):
        read_xmp(hostile, dt.UTC)


@given(st.data())
def test_mutated_packet_is_facts_or_undecodable(data: st.DataObject) -> None:
    raw = bytearray(packet("<dc:title><rdf:Alt><rdf:li>x</rdf:li></rdf:Alt></dc:title>", 'xmp:Rating="1"'))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FileUndecodable):
        assert isinstance(read_xmp(bytes(raw), dt.UTC), Facts)
