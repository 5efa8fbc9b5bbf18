"""Drawn files become facts: every date in its turn, sidecars, kinds of photo, files that lie or end early."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media.metadata import read_metadata
from photofsd.media.sidecar_names import sidecar_names
from photofsd.media.source import Source
from photofsd.records import Metadata, Taken
from photofsd.types import DateSource, Kind

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
XMP_HEAD = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<rdf:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
    "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:GPano='http://ns.google.com/photos/1.0/panorama/' "
    "xmlns:GCamera='http://ns.google.com/photos/1.0/camera/' xmlns:tiff='http://ns.adobe.com/tiff/1.0/' "
)
Read = Callable[..., Metadata]


def xmp(attributes: str = "", tags: tuple[str, ...] = ()) -> bytes:
    subject = f"<dc:subject><rdf:Bag>{''.join(f'<rdf:li>{tag}</rdf:li>' for tag in tags)}</rdf:Bag></dc:subject>"
    return f"{XMP_HEAD} {attributes}>{subject}</rdf:Description></rdf:RDF></x:xmpmeta>".encode()


def exif(
    image: dict[int, object] | None = None, photo: dict[int, object] | None = None, gps: dict[int, object] | None = None
) -> Image.Exif:
    block = Image.Exif()
    block.update(image or {})
    for pointer, directory in ((0x8769, photo), (0x8825, gps)):
        if directory:
            block.get_ifd(pointer).update(directory)
            block[pointer] = directory  # Pillow's TIFF writer wants both
    return block


def drawn(form: str = "JPEG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, form, **options)
    return file.getvalue()


def with_iptc(jpeg: bytes, day: bytes) -> bytes:
    iptc = struct.pack(">BBBH", 0x1C, 2, 55, len(day)) + day
    body = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    return jpeg[:2] + struct.pack(">HH", 0xFFED, len(body) + 2) + body + jpeg[2:]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write a file (and those beside it), and read its metadata with UTC as the zone."""

    def run(
        content: bytes, name: str = "photo.jpg", *, folder: str = "", beside: dict[str, bytes] | None = None
    ) -> Metadata:
        for other, other_content in (beside or {}).items():
            (tmp_path / other).write_bytes(other_content)
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, ns=(0, 1_609_556_645_000_000_000))  # 2021-01-02 03:04:05
        sidecars = sidecar_names(os.fsencode(name), [os.fsencode(other) for other in beside or {}])
        with Source.open(
            os.fsencode(path), [os.fsencode(tmp_path / os.fsdecode(sidecar)) for sidecar in sidecars]
        ) as source:
            return read_metadata(source, folder=folder.encode(), zone=dt.UTC)

    return run


def day(taken: Taken | None) -> tuple[int, str]:
    assert taken is not None
    return (EPOCH + dt.timedelta(microseconds=taken.local_ns // 1000)).year, taken.source.value


ORIGINAL, DIGITIZED, EDITED = 0x9003, 0x9004, 0x0132
STAMPS = {ORIGINAL: "2001:05:05 12:00:00", DIGITIZED: "2002:05:05 12:00:00"}
GPS = {29: "2006:05:05", 7: (12.0, 0.0, 0.0)}


@pytest.mark.parametrize(
    "missing, expected",
    [
        (0, (2001, "exif")),
        (1, (2002, "exif")),
        (2, (2003, "xmp")),
        (3, (2004, "iptc")),
        (4, (2006, "gps")),
        (5, (2007, "sidecar")),
        (6, (2008, "name")),
        (7, (2009, "folder")),
        (8, (2010, "exif")),
        (9, (2021, "mtime")),
    ],
)
def test_every_date_has_its_turn(read: Read, missing: int, expected: tuple[int, str]) -> None:
    photo = {tag: stamp for turn, (tag, stamp) in enumerate(STAMPS.items()) if turn >= missing}
    content = drawn(
        exif=exif({EDITED: "2010:05:05 12:00:00"} if missing < 9 else {}, photo, GPS if missing < 5 else {}),
        xmp=xmp('exif:DateTimeOriginal="2003-05-05T12:00:00"' if missing < 3 else ""),
    )
    found = read(
        with_iptc(content, b"20040505") if missing < 4 else content,
        "IMG_20080505_120000.jpg" if missing < 7 else "photo.jpg",
        folder="2009-05-05 Arezzo" if missing < 8 else "",
        beside={"IMG_20080505_120000.xmp": xmp('exif:DateTimeOriginal="2007-05-05T12:00:00"')} if missing < 6 else {},
    )
    assert day(found.taken) == expected
    assert not found.problems
    assert found.taken is not None
    assert found.taken.source.is_guess == (missing == 9)


def test_refused_date_gives_the_next_its_turn(read: Read) -> None:
    block = exif({}, {ORIGINAL: "0000:00:00 00:00:00", DIGITIZED: "2002:05:05 12:00:00"})
    assert day(read(drawn(exif=block)).taken) == (2002, "exif")


def test_sub_seconds_and_offset_go_with_their_date(read: Read) -> None:
    block = exif({}, {ORIGINAL: "2019:06:09 12:57:32", 0x9291: "064", 0x9011: "-06:00", 0x9292: "5", 0x9012: "+01:00"})
    assert read(drawn(exif=block)).taken == Taken(
        local_ns=1_560_085_052_064_000_000, source=DateSource.EXIF, offset_min=-360
    )


def test_camera_exposure_and_place_are_read(read: Read) -> None:
    block = exif(
        {0x010F: "NIKON CORPORATION", 0x0110: "NIKON D70", 0x0112: 6, 0x0131: "Ver.1.00 ", 0x010E: "SONY DSC"},
        {0x829A: 0.004, 0x829D: 2.8, 0x8827: 400, 0x920A: 35.0, 0xA434: "18.0-55.0 mm"},
        {1: "S", 2: (43.0, 28.0, 2.8), 3: "E", 4: (11.0, 53.0, 6.4), 5: b"\1", 6: 12.5},
    )
    found = read(drawn(exif=block))
    assert (found.make, found.model, found.camera) == ("NIKON CORPORATION", "NIKON D70", "Nikon D70")
    assert (found.orientation, found.software, found.caption, found.lens) == (6, "Ver.1.00", None, "18.0-55.0 mm")
    assert (found.exposure_s, found.f_number, found.iso, found.focal_mm) == (0.004, 2.8, 400, 35.0)
    assert (found.latitude, found.longitude, found.altitude_m) == (
        pytest.approx(-43.467444),
        pytest.approx(11.885111),
        -12.5,
    )


@pytest.mark.parametrize("stars, expected", [("0", None), ("4", 4), ("-1", -1)])
def test_nobody_rated_what_has_no_stars(read: Read, stars: str, expected: int | None) -> None:
    assert read(drawn(xmp=xmp(f'xmp:Rating="{stars}"'))).rating == expected


def test_explorers_words_are_read(read: Read) -> None:
    block = exif({0x9C9B: "Tïtle\0".encode("utf-16-le"), 0x9C9E: "sea; beach;\0".encode("utf-16-le"), 0x4746: 3})
    found = read(drawn(exif=block))
    assert (found.title, found.tags, found.rating) == ("Tïtle", ("sea", "beach"), 3)


# ---- sidecars


def test_sidecar_overrules_words_adds_tags_and_fills_in_the_rest(read: Read) -> None:
    content = drawn(
        exif=exif({}, {ORIGINAL: "2001:05:05 12:00:00"}),
        xmp=xmp('xmp:Rating="2" dc:title="old" dc:description="kept"', ("Sea", "sun")),
    )
    sidecar = xmp(
        'xmp:Rating="5" dc:title="new" exif:DateTimeOriginal="2007-05-05T12:00:00" '
        'exif:GPSLatitude="48,24N" exif:GPSLongitude="3,6W"',
        ("sea", "beach"),
    )
    found = read(content, beside={"photo.jpg.xmp": sidecar})
    assert (found.rating, found.title, found.caption) == (5, "new", "kept")
    assert found.tags == ("sea", "beach", "sun")
    assert day(found.taken) == (2001, "exif")
    assert (found.latitude, found.longitude) == (48.4, -3.1)


def test_stars_taken_away_in_the_sidecar_are_gone(read: Read) -> None:
    assert read(drawn(xmp=xmp('xmp:Rating="4"')), beside={"photo.xmp": xmp('xmp:Rating="0"')}).rating is None


def test_photo_that_was_turned_in_the_sidecar_lies_as_that_says(read: Read) -> None:
    content = drawn(exif=exif({0x0112: 6}))
    assert read(content, beside={"photo.xmp": xmp('tiff:Orientation="3"')}).orientation == 3
    assert read(content, beside={"photo.xmp": xmp('xmp:Rating="3"')}).orientation == 6


def test_most_specific_sidecar_is_heard_first(read: Read) -> None:
    both = {"photo.xmp": xmp('xmp:Rating="1"', ("a",)), "photo.jpg.xmp": xmp('xmp:Rating="2"', ("b",))}
    found = read(drawn(), beside=both)
    assert (found.rating, found.tags) == (2, ("b", "a"))


def takeout(**said: object) -> bytes:
    return json.dumps({"title": "photo.jpg", "photoTakenTime": {"timestamp": "1373000400"}} | said).encode()


def faces(name: str) -> bytes:
    """A packet that marks one face."""
    return (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description xmlns:info='http://ns.microsoft.com/photo/1.2/t/RegionInfo#' "
        "xmlns:reg='http://ns.microsoft.com/photo/1.2/t/Region#'><info:Regions><rdf:Bag><rdf:li "
        f"reg:PersonDisplayName='{name}' reg:Rectangle='0.2, 0.4, 0.1, 0.2'/></rdf:Bag></info:Regions>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def test_what_people_said_in_google_photos_counts_and_what_google_knows_fills_in(read: Read) -> None:
    rome = {"latitude": 41.9, "longitude": 12.5}
    said = takeout(description="At the sea", favorited=True, geoData=rome, people=[{"name": "Ana"}])
    found = read(drawn(exif=exif({0x010E: "A caption"})), beside={"photo.jpg.json": said})
    assert (found.caption, found.rating, found.latitude, found.people) == ("At the sea", 5, 41.9, ("Ana",))
    assert day(found.taken) == (2013, "sidecar")
    dated = exif({}, {ORIGINAL: STAMPS[ORIGINAL]}, {1: "N", 2: (10.0, 0.0, 0.0), 3: "E", 4: (20.0, 0.0, 0.0)})
    found = read(drawn(exif=dated, xmp=xmp('xmp:Rating="3"')), beside={"photo.jpg.json": said})
    assert (found.rating, found.latitude, day(found.taken)) == (3, 10.0, (2001, "exif"))


def test_a_folders_description_is_heard_beside_the_photos_own(tmp_path: Path, read: Read) -> None:
    read(drawn(), beside={"photo.jpg.json": takeout(), "metadata.json": b'{"title": "Rome", "access": ""}'})
    sidecars = [os.fsencode(tmp_path / name) for name in ("photo.jpg.json", "metadata.json")]
    with Source.open(os.fsencode(tmp_path / "photo.jpg"), sidecars) as source:
        found = read_metadata(source, folder=b"", zone=dt.UTC)
    assert (found.albums, day(found.taken)) == (("Rome",), (2013, "sidecar"))


def test_faces_in_a_sidecar_count_before_those_in_the_file(read: Read) -> None:
    assert [face.name for face in read(drawn(xmp=faces("Ana"))).regions] == ["Ana"]
    found = read(drawn(xmp=faces("Ana")), beside={"photo.xmp": faces("Bob")})
    assert [face.name for face in found.regions] == ["Bob"]
    (turned,) = read(drawn(xmp=faces("Ana"), exif=exif({0x0112: 6}))).regions
    assert (turned.left, turned.top, turned.width, turned.height) == (0.4, 0.2, 0.2, 0.1)


def test_the_small_picture_of_a_film_says_what_the_camera_knew(read: Read) -> None:
    small = drawn(exif=exif({0x010F: "Canon", 0x0110: "Canon PowerShot", 0x0112: 6}, {ORIGINAL: STAMPS[ORIGINAL]}))
    found = read(b"RIFF\x10\0\0\0AVI LIST\0\0\0\0", "MVI_1.AVI", beside={"MVI_1.THM": small})
    assert (found.camera, found.orientation, day(found.taken)) == ("Canon PowerShot", 1, (2001, "exif"))
    found = read(b"RIFF\x10\0\0\0AVI LIST\0\0\0\0", "MVI_1.AVI", beside={"MVI_1.THM": b"no JPEG"})
    assert any(problem.startswith("sidecar MVI_1.THM: ") for problem in found.problems)


def test_broken_or_vanished_sidecar_is_a_problem_not_a_failure(tmp_path: Path, read: Read) -> None:
    assert "sidecar photo.xmp: the XMP packet is broken" in read(drawn(), beside={"photo.xmp": b"<x"}).problems[0]
    with Source.open(os.fsencode(tmp_path / "photo.jpg"), [os.fsencode(tmp_path / "gone.xmp")]) as source:
        assert read_metadata(source, folder=b"").problems == (f"sidecar gone.xmp: {tmp_path}/gone.xmp is gone",)


# ---- formats and kinds


@pytest.mark.parametrize(
    "form, name",
    [
        ("JPEG", "x.jpg"),
        ("PNG", "x.png"),
        ("WEBP", "x.webp"),
        ("TIFF", "x.tif"),
        ("AVIF", "x.avif"),
        ("HEIF", "x.heic"),
    ],
)
def test_every_format_gives_size_and_exif(read: Read, form: str, name: str) -> None:
    pillow_heif.register_heif_opener()
    block = exif({0x0110: "X1"}, {ORIGINAL: "2001:05:05 12:00:00"})
    found = read(drawn(form, exif=block.tobytes() if form == "HEIF" else block), name)
    assert (found.width, found.height, found.model, day(found.taken)) == (40, 30, "X1", (2001, "exif"))
    assert (found.format, found.types, found.problems) == (found.types[0], (found.format,), ())


def test_orientation_of_an_avif_is_turned_once(read: Read) -> None:
    found = read(drawn("AVIF", exif=exif({0x0112: 6})), "x.avif")
    assert (found.width, found.height, found.orientation) == (40, 30, 6)


@pytest.mark.parametrize("orientation", [0, 9, 51713])
def test_orientation_that_is_none_is_upright(read: Read, orientation: int) -> None:
    assert read(drawn(exif=exif({0x0112: orientation}))).orientation == 1


def test_content_is_believed_and_the_name_is_a_problem(read: Read) -> None:
    found = read(drawn("PNG"), "photo.jpg")
    assert (found.format, found.kind, found.types) == ("png", Kind.IMAGE, ("png",))
    assert found.problems == ("the name says jpeg, the content is png",)
    assert read(drawn("JPEG"), "film.mov").kind is Kind.IMAGE


@pytest.mark.parametrize(
    "name, options, kind",
    [
        ("Screenshot 2019-05-21 at 10.45.52.png", {}, "screenshot"),
        ("Bildschirmfoto 2019.jpg", {}, "screenshot"),
        ("photo.jpg", {"xmp": xmp('exif:UserComment="Screenshot"')}, "screenshot"),
        ("photo.jpg", {"exif": exif({}, {0x9286: b"ASCII\0\0\0Screenshot"})}, "screenshot"),
        ("photo.jpg", {"xmp": xmp('GPano:ProjectionType="equirectangular"')}, "panorama"),
        ("photo.jpg", {"exif": exif({0x0110: "X1"}), "size": (2600, 1000)}, "panorama"),
        ("photo.jpg", {"exif": exif({0x0110: "X1"}), "size": (1000, 2600)}, "panorama"),
        ("photo.jpg", {"exif": exif({}, {0xA401: 6})}, "panorama"),
        ("photo.jpg", {"xmp": xmp('GCamera:MotionPhoto="1"')}, "live"),
    ],
)
def test_kinds_of_photo_are_told(read: Read, name: str, options: dict[str, object], kind: str) -> None:
    assert read(drawn(**options), name).types == ("jpeg", kind)


@pytest.mark.parametrize(
    "name, options",
    [
        ("Screenshot.jpg", {"exif": exif({0x0110: "X1"})}),
        ("photo.jpg", {"exif": exif({0x0110: "X1"}), "size": (2600, 1170)}),
        ("photo.jpg", {"size": (2600, 1000)}),
    ],
)
def test_what_only_looks_like_a_kind_is_none(read: Read, name: str, options: dict[str, object]) -> None:
    assert read(drawn(**options), name).types == ("jpeg",)


def test_animation_is_told(read: Read) -> None:
    frames = [Image.effect_noise((40, 30), sigma) for sigma in (10, 90)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert read(file.getvalue(), "x.gif").types == ("gif", "animated")


# ---- broken files


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"hi", b"\0" * 5000, b"<html>" * 100])
def test_what_is_no_picture_is_undecodable(read: Read, content: bytes) -> None:
    with pytest.raises(FileUndecodable, match="no picture or video"):
        read(content)


def test_truncated_file_gives_what_can_be_had(read: Read) -> None:
    content = drawn("PNG", exif=exif({0x0110: "X1"}))
    found = read(content[:40], "x.png")
    assert (found.width, found.height, found.model) == (40, 30, None)
    assert len(found.problems) == 1
    assert found.problems[0].startswith("broken png: ends early")


def test_one_broken_block_leaves_the_others(read: Read) -> None:
    found = read(drawn(exif=b"Exif\0\0garbage here", xmp=b"<x:xmpmeta"))
    assert (found.width, found.height) == (40, 30)
    assert [problem.split(":")[0] for problem in found.problems] == ["broken EXIF", "the XMP packet is broken"]
