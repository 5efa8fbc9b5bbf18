"""How large a rendition is, before there is one; and that it is made to fit."""

from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from photofsd.media.render import plain_exif, rendition
from photofsd.media.rendition import RENDERED_TYPES, RenderSettings, facts_shown, has_rendition, rendition_bytes
from photofsd.media.sniff import type_of_name
from photofsd.records import Metadata, Taken
from photofsd.types import DateSource, Kind

SMALLEST = 16 << 10
HEIC = Metadata(format="heic", kind=Kind.IMAGE, width=4032, height=3024, types=("heic",))
PLAIN = RenderSettings()


def of_format(name: str, width: int | None = 4032, height: int | None = 3024) -> Metadata:
    return Metadata(format=name, kind=Kind.IMAGE, width=width, height=height, types=(name,))


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@given(
    st.sampled_from(["heic", "avif", "jxl", "jp2", "tiff", "nef"]),
    st.none() | st.integers(0, 2**32),
    st.none() | st.integers(0, 2**32),
    st.integers(0, 2**40),
    st.integers(50, 95),
    st.integers(0, 2**31),
)
def test_any_claim_of_a_header_gives_a_size_that_a_file_can_have(
    name: str, width: int | None, height: int | None, source_bytes: int, quality: int, max_px: int
) -> None:
    size = rendition_bytes(of_format(name, width, height), source_bytes, RenderSettings(quality, max_px))
    assert size >= SMALLEST
    assert size % 4096 == 0
    if width and height:
        assert size < 200 << 20


def test_a_rendition_is_larger_the_better_it_is_to_be_and_the_more_there_is_to_see() -> None:
    sizes = [rendition_bytes(HEIC, 1_200_000, RenderSettings(quality)) for quality in (70, 80, 90, 95)]
    assert sizes == sorted(set(sizes))
    assert rendition_bytes(HEIC, 2_000_000, PLAIN) > rendition_bytes(HEIC, 1_000_000, PLAIN)
    assert rendition_bytes(HEIC, 2_000_000, RenderSettings(max_px=1600)) < rendition_bytes(HEIC, 2_000_000, PLAIN) / 2


def test_a_video_behind_the_picture_does_not_count_for_long() -> None:
    assert rendition_bytes(HEIC, 500_000_000, PLAIN) < 0.4 * 4032 * 3024


def test_every_format_but_the_plain_ones_is_rendered() -> None:
    names = [b"a.heic", b"a.hif", b"a.avif", b"a.jxl", b"a.jp2", b"a.tif", b"a.nef", b"a.dng", b"a.CR3", b"a.x3f"]
    assert {found.type for name in names if (found := type_of_name(name))} == set(RENDERED_TYPES)
    assert has_rendition(HEIC)
    assert has_rendition(Metadata(format="nef", kind=Kind.RAW, types=("raw", "panorama")))
    for plain in ("jpeg", "png", "gif", "bmp", "webp", "video"):
        assert not has_rendition(of_format(plain))
    assert not has_rendition(None)


def test_where_the_wanted_quality_fits_it_is_taken() -> None:
    image = Image.linear_gradient("L").convert("RGB").resize((1000, 700))
    content = rendition(image, HEIC, quality=90, room=400_000)
    best = io.BytesIO()
    image.save(best, "JPEG", quality=90)
    assert opened(content).quantization == opened(best.getvalue()).quantization  # type: ignore[attr-defined]
    assert opened(content).size == (1000, 700)


@pytest.mark.parametrize("room", [SMALLEST, 60_000, 200_000, 700_000])
def test_what_does_not_fit_is_made_to(room: int) -> None:
    content = rendition(noise(1600, 1200), HEIC, quality=95, room=room)
    assert len(content) <= room
    width, height = opened(content).size
    assert width / height == pytest.approx(4 / 3, rel=0.02)


def test_the_smallest_rendition_holds_any_picture_with_the_longest_words() -> None:
    wordy = Metadata(
        format="heic",
        kind=Kind.IMAGE,
        make="M" * 5000,
        model="м" * 5000,
        lens="l" * 5000,
        caption="c" * 50_000,
        taken=Taken(10**18, DateSource.EXIF, 60),
        latitude=1.0,
        longitude=2.0,
    )
    assert len(plain_exif(wordy)) < 4096
    assert len(rendition(noise(3000, 40), wordy, quality=90, room=SMALLEST)) <= SMALLEST


def test_what_matters_of_the_metadata_is_kept_and_the_picture_stands_upright() -> None:
    shot = Metadata(
        format="heic",
        kind=Kind.IMAGE,
        orientation=6,
        make="Apple",
        model="iPhone 7",
        lens="back camera 3.99mm \N{LATIN SMALL LETTER F WITH HOOK}/1.8",
        taken=Taken(-1_609_459_199_995_000_000, DateSource.EXIF, -330),
        latitude=-43.5123,
        longitude=11.25,
        altitude_m=-3.5,
        iso=100,
        f_number=1.8,
        exposure_s=0.008,
        focal_mm=3.99,
    )
    exif = opened(rendition(noise(40, 30), shot, quality=90, room=SMALLEST)).getexif()
    details, place = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert exif[ExifTags.Base.Orientation] == 1
    assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Model]) == ("Apple", "iPhone 7")
    assert details[ExifTags.Base.DateTimeOriginal] == "1919:01:01 00:00:00"
    assert details[ExifTags.Base.SubsecTimeOriginal] == "005"
    assert details[ExifTags.Base.OffsetTimeOriginal] == "-05:30"
    assert details[ExifTags.Base.LensModel] == "back camera 3.99mm ?/1.8"
    assert details[ExifTags.Base.ColorSpace] == 1
    for tag, value in ((ExifTags.Base.ExposureTime, 0.008), (ExifTags.Base.FNumber, 1.8)):
        assert isinstance(details[tag], IFDRational), "EXIF has no floats"
        assert float(details[tag]) == pytest.approx(value)
    assert (place[1], place[3]) == ("S", "E")
    degrees, minutes, seconds = map(float, place[2])
    assert (degrees, minutes) == (43, 30)
    assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(43.5123, abs=1e-7)
    assert (place[5], float(place[6])) == (b"\1", pytest.approx(3.5))


@given(
    st.builds(
        Metadata,
        format=st.just("heic"),
        kind=st.just(Kind.IMAGE),
        make=st.none() | st.text(),
        lens=st.none() | st.text(),
        caption=st.none() | st.text(),
        taken=st.none()
        | st.builds(Taken, st.integers(-(2**62), 2**62), st.just(DateSource.XMP), st.integers(-900, 900)),
        latitude=st.none() | st.floats(-90, 90),
        longitude=st.none() | st.floats(-180, 180),
        altitude_m=st.none() | st.floats(),
        iso=st.none() | st.integers(),
        f_number=st.none() | st.floats(),
        exposure_s=st.none() | st.floats(),
        focal_mm=st.none() | st.floats(),
    )
)
def test_no_odd_fact_keeps_a_photo_from_being_rendered(metadata: Metadata) -> None:
    exif = opened(rendition(Image.new("RGB", (8, 8)), metadata, quality=90, room=SMALLEST)).getexif()
    assert exif[ExifTags.Base.Orientation] == 1
    assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] == 1


def test_a_rendition_shows_nothing_but_the_facts_that_it_is_known_by() -> None:
    full = msgspec.structs.replace(
        HEIC, make="Apple", lens="wide", caption="a walk", title="walk", taken=Taken(10**18, DateSource.EXIF, 60),
        latitude=1.0, longitude=2.0, altitude_m=3.0, iso=100, f_number=1.8, exposure_s=0.01, focal_mm=4.0, model="7",
    )  # fmt: skip
    assert plain_exif(facts_shown(full)) == plain_exif(full)
    tagged = msgspec.structs.replace(full, tags=("beach",), rating=5, people=("Alice",), problems=("a lie",))
    assert facts_shown(tagged) == facts_shown(full)


def test_a_guessed_date_is_not_written_into_a_picture() -> None:
    guessed = Metadata(format="tiff", kind=Kind.IMAGE, taken=Taken(10**18, DateSource.MTIME))
    exif = opened(rendition(noise(40, 30), guessed, quality=90, room=SMALLEST)).getexif()
    assert ExifTags.Base.DateTimeOriginal not in exif.get_ifd(ExifTags.IFD.Exif)
