"""Every kind of pixel, profile and colour space comes out as 8 bit sRGB."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from photofsd.media.containers.contents import Contents
from photofsd.media.decode import decode
from photofsd.media.decoders.colour import to_srgb
from photofsd.media.decoders.colour_space import ADOBE_RGB, SRGB, ColourSpace, Primaries, Transfer, colour_space
from photofsd.media.decoders.depth import eight_bits
from photofsd.media.decoders.tones import as_srgb
from photofsd.media.source import Source
from photofsd.media.span import Span

RAMP = np.linspace(0, 255, 256).astype(np.uint8).reshape(16, 16)
PQ = ColourSpace(Primaries.BT2020, Transfer.PQ)
HLG = ColourSpace(Primaries.BT2020, Transfer.HLG)
GAMMA = b"curv" + bytes(4) + struct.pack(">IH", 1, round(563 / 256 * 256)) + bytes(2)
PRIMARIES_IN_D50 = {
    ADOBE_RGB: ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    ColourSpace(Primaries.DISPLAY_P3, Transfer.SRGB): (
        (0.51512, 0.24120, -0.00105),
        (0.29198, 0.69225, 0.04189),
        (0.15710, 0.06657, 0.78407),
    ),
}
"""XYZ of red, green and blue as ICC profiles have them. Source: the profiles of Adobe and Apple."""


def profile_of(space: ColourSpace) -> bytes:
    """Turn the profile of sRGB into that of another space."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", profile, 128)
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), PRIMARIES_IN_D50[space], strict=True):
        (at,) = struct.unpack_from(">I", profile, tags[name] + 4)
        struct.pack_into(">3i", profile, at + 8, *(round(value * 65536) for value in xyz))
    (at,) = struct.unpack_from(">I", profile, tags[b"desc"] + 4)
    profile[at + 28 : at + 36] = "test".encode("utf-16-be")
    if space.transfer is Transfer.ADOBE_RGB:
        for name in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">II", profile, tags[name] + 4, len(profile), len(GAMMA))
        profile += GAMMA
        struct.pack_into(">I", profile, 0, len(profile))
    return bytes(profile)


def palette() -> Image.Image:
    """Colours over the whole cube."""
    levels = np.linspace(0, 255, 12).astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(36, 48, 3))


def shown(image: Image.Image, space: ColourSpace = SRGB) -> Image.Image:
    problems: list[str] = []
    result = to_srgb(eight_bits(image), space, problems)
    assert problems == []
    assert result.mode == "RGB"
    return result


def levels(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The red of a picture that is grey."""
    pixels = np.asarray(image)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(Image.fromarray(RAMP), id="8 bits"),
        pytest.param(Image.fromarray(RAMP.astype(np.uint16) * 257), id="16 bits"),
        pytest.param(Image.fromarray(RAMP.astype(">u2") * 257), id="16 bits, high byte first"),
        pytest.param(Image.fromarray(RAMP.astype(np.int32)), id="8 bits in 32"),
        pytest.param(Image.fromarray(RAMP.astype(np.int32) * 257), id="16 bits in 32"),
        pytest.param(Image.fromarray(RAMP.astype(np.int32) * 5_000_000 - 10), id="32 bits"),
        pytest.param(Image.fromarray(RAMP.astype(np.float32) / 255), id="floats from 0 to 1"),
        pytest.param(Image.fromarray(RAMP.astype(np.float32) * 3 - 300), id="floats over their own range"),
        pytest.param(Image.fromarray(RAMP).convert("P"), id="palette"),
        pytest.param(Image.fromarray(RAMP).convert("LA"), id="alpha"),
        pytest.param(Image.fromarray(RAMP).convert("RGBA"), id="colours and alpha"),
        pytest.param(Image.fromarray(RAMP).convert("CMYK"), id="four inks"),
        pytest.param(Image.fromarray(RAMP).convert("YCbCr"), id="luminance and chroma"),
    ],
)
def test_every_kind_of_pixel_is_scaled_to_8_bits(image: Image.Image) -> None:
    assert np.abs(levels(shown(image)).astype(int) - RAMP).max() <= 1


def test_floats_that_are_no_numbers_are_black() -> None:
    values = RAMP.astype(np.float32) / 255
    values[0, :3] = (np.nan, np.inf, -np.inf)
    assert (levels(shown(Image.fromarray(values)))[0, :3] == 0).all()


def test_bilevel_is_black_and_white() -> None:
    assert set(np.unique(levels(shown(Image.fromarray(RAMP > 128))))) == {0, 255}


def test_cielab_is_sent_through_its_own_space() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(palette(), srgb, lab, outputMode="LAB")
    assert image is not None
    off = np.abs(np.subtract(shown(image), palette(), dtype=int))
    assert np.percentile(off, 90) <= 6  # 8 bits of CIELAB are coarse where colours are dark and strong


def test_transparent_colour_of_a_palette_is_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 30, 30])
    image.info["transparency"] = 1
    assert shown(image).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("space", PRIMARIES_IN_D50)
def test_profile_and_number_of_a_space_give_the_same_colours(space: ColourSpace) -> None:
    plain, profiled = palette(), palette()
    profiled.info["icc_profile"] = profile_of(space)
    by_profile, by_number = shown(profiled), shown(plain, space)
    assert np.abs(np.subtract(by_profile, by_number, dtype=int)).max() <= 3
    assert np.abs(np.subtract(by_profile, palette(), dtype=int)).max() > 30


def test_colours_that_srgb_has_survive_the_way_through_another_space() -> None:
    space = ColourSpace(Primaries.DISPLAY_P3, Transfer.SRGB)
    image = Image.new("RGB", (1, 1), (234, 51, 35))  # sRGB's red in Display P3
    assert np.abs(np.subtract(shown(image, space).getpixel((0, 0)), (255, 0, 0))).max() <= 2


def test_grey_picture_with_a_profile_for_colours_is_shown_by_it() -> None:
    image = Image.fromarray(RAMP)
    image.info["icc_profile"] = profile_of(ADOBE_RGB)
    expected = levels(shown(Image.fromarray(RAMP).convert("RGB"), ADOBE_RGB))
    assert np.abs(levels(shown(image)).astype(int) - expected).max() <= 2


def test_profile_of_jpeg_2000_counts(tmp_path: Path) -> None:
    stream = io.BytesIO()
    palette().save(stream, "JPEG2000")
    plain = stream.getvalue()
    by_number = struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 16)
    profile = profile_of(ADOBE_RGB)
    box = struct.pack(">I4sBBB", 11 + len(profile), b"colr", 2, 0, 0) + profile
    header = plain.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", plain, header)
    content = plain[:header] + struct.pack(">I", size + len(box) - len(by_number)) + plain[header + 4 :]
    assert by_number in content
    (tmp_path / "wide.jp2").write_bytes(content.replace(by_number, box))
    with Source.open(bytes(tmp_path / "wide.jp2")) as source:
        picture = decode(source)
    assert np.abs(np.subtract(picture.image, shown(palette(), ADOBE_RGB), dtype=int)).max() <= 3


@pytest.mark.parametrize("profile", [b"no profile", profile_of(ADOBE_RGB)[:300], b"\0" * 128], ids=len)
def test_broken_profile_is_a_problem_and_no_failure(profile: bytes) -> None:
    image = palette()
    image.info["icc_profile"] = profile
    problems: list[str] = []
    assert to_srgb(image, SRGB, problems).tobytes() == palette().tobytes()
    assert len(problems) == 1
    assert problems[0].startswith("its colour profile is of no use: ")


def test_profile_for_inks_on_a_picture_of_light_is_a_problem() -> None:
    image = palette().convert("CMYK")
    image.info["icc_profile"] = profile_of(ADOBE_RGB)
    problems: list[str] = []
    to_srgb(image, SRGB, problems)
    assert problems == ["its colour profile is of no use: it is for RGB and the picture is CMYK"]


def test_pq_shows_mid_grey_as_mid_grey_and_ends_at_white() -> None:
    nits = (0, 0.18 * 203, 203, 1000, 10_000)
    codes = np.repeat([round(65535 * pq(light)) for light in nits], 3).reshape(1, 5, 3).astype(np.uint16)
    black, grey, paper, peak, beyond = levels(Image.fromarray(as_srgb(codes, PQ)))[0]
    assert (black, peak, beyond) == (0, 255, 255)
    assert abs(int(grey) - 118) <= 2
    assert 215 <= paper <= 245


def test_hlg_shows_its_reference_white_bright_and_keeps_some_room_above() -> None:
    codes = np.repeat(np.array([0, 0.38, 0.75, 1.0]) * 65535, 3).reshape(1, 4, 3).astype(np.uint16)
    black, grey, white, peak = levels(Image.fromarray(as_srgb(codes, HLG)))[0]
    assert (black, peak) == (0, 255)
    assert 90 <= grey <= 125
    assert 215 <= white <= 245


@pytest.mark.parametrize("space", [PQ, HLG])
def test_hdr_gets_brighter_with_its_code_and_stays_grey(space: ColourSpace) -> None:
    codes = np.repeat(np.arange(0, 65536, 64, np.uint16), 3).reshape(32, 32, 3)
    assert (np.diff(levels(Image.fromarray(as_srgb(codes, space))).ravel().astype(int)) >= 0).all()


def test_hdr_heic_is_mapped_from_all_its_bits(tmp_path: Path) -> None:
    code = round(pq(0.18 * 203) * 65535)
    content = io.BytesIO()
    pixels = np.full((96, 128, 3), code, "<u2")
    pillow_heif.from_bytes("RGB;16", (128, 96), pixels.tobytes()).save(
        content, quality=95, color_primaries=9, transfer_characteristics=16, matrix_coefficients=9, full_range_flag=1
    )
    (tmp_path / "hdr.heic").write_bytes(content.getvalue())
    for fit_px, size in ((None, (128, 96)), (60, (60, 45))):
        with Source.open(bytes(tmp_path / "hdr.heic")) as source:
            picture = decode(source, fit_px=fit_px)
        assert (picture.width, picture.height) == (128, 96)
        assert picture.image.size == size
        assert np.abs(np.asarray(picture.image).astype(int) - 118).max() <= 3


@pytest.mark.parametrize(
    "exif, expected",
    [
        pytest.param({0xA001: 1}, SRGB, id="sRGB"),
        pytest.param({0xA001: 2}, ADOBE_RGB, id="unofficial"),
        pytest.param({0xA001: 0xFFFF, 0xA005: {1: "R03"}}, ADOBE_RGB, id="DCF option file"),
        pytest.param({0xA001: 0xFFFF, 0xA005: {1: "R98"}}, SRGB, id="uncalibrated"),
        pytest.param({}, SRGB, id="nothing"),
    ],
)
def test_camera_says_which_colours_it_means(exif: dict[int, object], expected: ColourSpace) -> None:
    block = Image.Exif()
    block.get_ifd(0x8769).update(exif)
    contents = Contents(exif=Span.of(block.tobytes().removeprefix(b"Exif\0\0")))
    assert colour_space(contents) == expected


def pq(nits: float) -> float:
    """SMPTE ST 2084: the code, 0..1, of a light."""
    power = (nits / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)
