"""Videos: which picture stands for one, in which shape and colours, and what its container says of it."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from photofsd.errors import FileUndecodable
from photofsd.media.containers.streams import noted_date
from photofsd.media.decode import Picture, decode, decode_frames
from photofsd.media.decoders import key_frames
from photofsd.media.frames import FRAMES_MOST, cut, fitted, strip
from photofsd.media.metadata import read_metadata
from photofsd.media.source import Source
from photofsd.records import Metadata
from photofsd.types import DateSource, Kind

BLACK, RED = (0, 0, 0), (200, 30, 40)
RATE = 25
SIZE = (320, 240)
MDPM = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"
MADE = {
    "avi": ("avi", "mpeg4"),
    "mkv": ("matroska", "mpeg4"),
    "mov": ("mov", "mpeg4"),
    "mp4": ("mp4", "mpeg4"),
    "mpg": ("mpeg", "mpeg1video"),
    "mts": ("mpegts", "mpeg2video"),
    "webm": ("webm", "vp8"),
    "wmv": ("asf", "wmv2"),
}


def film(
    container: str,
    codec: str,
    colours: Sequence[tuple[int, int, int]],
    *,
    squeezed: Fraction | None = None,
    note: bytes = b"",
    **texts: str,
) -> bytes:
    """A film of one colour a second, the right half of each picture darker; `note` before its first picture."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as writing:
        writing.metadata.update(texts)
        stream = writing.add_stream(codec, rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = RATE
        if codec == "vp8":
            stream.codec_context.thread_count = 1  # its threads spin: ten times the work, minutes on a busy machine
        if squeezed is not None:
            stream.codec_context.sample_aspect_ratio = squeezed
        packets = []
        for colour in colours:
            pixels = np.full((SIZE[1], SIZE[0], 3), colour, np.uint8)
            pixels[:, SIZE[0] // 2 :] //= 2
            for _ in range(RATE):
                packets += stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24"))
        first, *others = [*packets, *stream.encode()]
        writing.mux([_noted(first, note), *others])
    return file.getvalue()


def _noted(packet: av.Packet, note: bytes) -> av.Packet:
    if not note:
        return packet
    marked = av.Packet(b"\0\0\0\1\x06\x05" + bytes([len(note)]) + note + b"\x80" + bytes(packet))
    marked.stream, marked.time_base, marked.pts, marked.dts = packet.stream, packet.time_base, packet.pts, packet.dts
    marked.is_keyframe = packet.is_keyframe
    return marked


def opened(folder: Path, name: str, content: bytes) -> Source:
    (folder / name).write_bytes(content)
    return Source.open(bytes(folder / name))


def picture(folder: Path, name: str, content: bytes, fit_px: int | None = None) -> Picture:
    with opened(folder, name, content) as source:
        return decode(source, fit_px=fit_px)


def metadata(folder: Path, name: str, content: bytes) -> Metadata:
    with opened(folder, name, content) as source:
        return read_metadata(source, folder=b"")


def colour_at(found: Picture, x: float, y: float) -> tuple[int, ...]:
    pixel = found.image.getpixel((int(x * found.image.width), int(y * found.image.height)))
    assert isinstance(pixel, tuple)
    return pixel


def assert_alike(found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 12, f"{found} is not like {wanted}"


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_picture_of_every_container(tmp_path: Path, name: str) -> None:
    found = picture(tmp_path, f"film.{name}", film(*MADE[name], [RED] * 2), fit_px=160)
    assert (found.width, found.height, found.image.size) == (*SIZE, (160, 120))
    assert found.problems == ()
    assert_alike(colour_at(found, 0.2, 0.5), RED)
    assert_alike(colour_at(found, 0.8, 0.5), tuple(part // 2 for part in RED))


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_every_container_says(tmp_path: Path, name: str) -> None:
    found = metadata(tmp_path, f"film.{name}", film(*MADE[name], [RED] * 2, title="At the sea"))
    assert (found.kind, found.format, found.width, found.height) == (Kind.VIDEO, name, *SIZE)
    assert found.duration_s == pytest.approx(2, abs=0.5)
    assert found.title == (None if name in {"mpg", "mts"} else "At the sea"), "streams of packets have no place for it"


def test_a_film_that_fades_in_is_shown_by_its_first_picture(tmp_path: Path) -> None:
    found = picture(tmp_path, "film.mp4", film("mp4", "mpeg4", [BLACK, BLACK, RED]))
    assert_alike(colour_at(found, 0.2, 0.5), RED)


def test_a_film_of_nothing_is_shown_as_it_is(tmp_path: Path) -> None:
    assert_alike(colour_at(picture(tmp_path, "film.mp4", film("mp4", "mpeg4", [BLACK] * 3)), 0.5, 0.5), BLACK)


def test_pixels_that_are_no_squares(tmp_path: Path) -> None:
    content = film("matroska", "mpeg4", [RED], squeezed=Fraction(4, 3))
    found = picture(tmp_path, "film.mkv", content)
    assert (found.width, found.height) == found.image.size == (427, 240)


def lying(mov: bytes) -> bytes:
    """The film with a note that a quarter turn is missing."""
    straight, turned = (struct.pack(">9i", *matrix) for matrix in (
        (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30), (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    ))  # fmt: skip
    at = mov.index(b"tkhd")
    return mov[:at] + mov[at:].replace(straight, turned, 1)


def test_a_film_taken_upright(tmp_path: Path) -> None:
    found = picture(tmp_path, "film.mov", lying(film("mov", "mpeg4", [RED])))
    assert (found.width, found.height) == found.image.size == (240, 320)
    assert_alike(colour_at(found, 0.5, 0.2), RED)
    assert_alike(colour_at(found, 0.5, 0.8), tuple(part // 2 for part in RED))


def test_a_film_that_ends_early_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    content = film("mpegts", "mpeg2video", [RED] * 4)
    found = picture(tmp_path, "film.mts", content[: len(content) // 2])
    assert_alike(colour_at(found, 0.2, 0.5), RED)


ALONE = "log-level=none:pools=none:frame-threads=1:bframes=0"
"""x265 in one thread and in order: with its threads, once in many runs, the muxer refuses what it made."""


@pytest.mark.parametrize("transfer, code", [(16, 0.5807), (18, 0.75)])
def test_the_white_of_paper_in_hdr_is_bright_and_not_grey(tmp_path: Path, transfer: int, code: float) -> None:
    """203 cd/m2, as BT.2408 has it, in 10 bits: taken for SDR, it would be a dull grey."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as writing:
        stream = writing.add_stream("libx265", rate=RATE, options={"x265-params": ALONE})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, transfer, 9
        pixels = np.full((SIZE[1], SIZE[0], 3), round(code * 65535), np.uint16)
        frame = av.VideoFrame.from_ndarray(pixels, "rgb48le").reformat(format="yuv420p10le", dst_colorspace=9)
        frame.pts, frame.time_base = 0, Fraction(1, RATE)
        writing.mux([*stream.encode(frame), *stream.encode()])
    found = picture(tmp_path, "film.mkv", file.getvalue(), fit_px=100)
    colour = colour_at(found, 0.5, 0.5)
    assert max(colour) - min(colour) < 6, f"{colour} is not grey"
    assert min(colour) > 215, f"{colour} is too dark for paper"


SHADES = [(240 - 10 * second, 10 * second, 120) for second in range(20)]
"""Of a film of 20 seconds: which of them a frame comes from can be seen."""


def frames(folder: Path, name: str, content: bytes) -> list[Image.Image]:
    with opened(folder, name, content) as source:
        return decode_frames(source, FRAMES_MOST, fitted)


def seconds_of(found: Sequence[Image.Image]) -> list[int]:
    """Which shade each shows."""
    colours = [np.asarray(image)[image.height // 2, image.width // 4].astype(int) for image in found]
    return [int(np.abs(np.array(SHADES) - colour).sum(axis=1).argmin()) for colour in colours]


@pytest.mark.parametrize("name", sorted(MADE))
def test_key_frames_are_spread_over_the_film(tmp_path: Path, name: str) -> None:
    found = frames(tmp_path, f"film.{name}", film(*MADE[name], SHADES))
    assert {image.size for image in found} == {SIZE}
    seconds = seconds_of(found)
    assert len(set(seconds)) == len(seconds) == FRAMES_MOST
    spread = [20 * (2 * part + 1) / 16 for part in range(FRAMES_MOST)]
    assert all(abs(second - middle) < 3 for second, middle in zip(seconds, spread, strict=True)), seconds


def test_key_frames_of_an_h264_film_need_not_be_followed_by_others(tmp_path: Path) -> None:
    """Its decoder holds frames back, since later ones may have to be shown before."""
    found = frames(tmp_path, "film.mp4", film("mp4", "libx264", SHADES))
    assert seconds_of(found) == [1, 3, 6, 8, 11, 13, 16, 18]


def test_a_short_film_has_each_of_its_key_frames_once(tmp_path: Path) -> None:
    assert seconds_of(frames(tmp_path, "film.mp4", film("mp4", "mpeg4", SHADES[:3]))) == [0, 1, 2]


def test_blank_key_frames_are_left_out(tmp_path: Path) -> None:
    found = frames(tmp_path, "film.mp4", film("mp4", "mpeg4", [BLACK, SHADES[1], BLACK, SHADES[3]]))
    assert seconds_of(found) == [1, 3]


def test_key_frames_stand_upright_with_pixels_that_are_squares(tmp_path: Path) -> None:
    found = frames(tmp_path, "film.mov", lying(film("mov", "mpeg4", SHADES[:3], squeezed=Fraction(4, 3))))
    assert {image.size for image in found} == {(240, 427)}
    top = found[0].getpixel((120, 60))
    assert isinstance(top, tuple)
    assert_alike(top, SHADES[0])


def test_a_torn_film_has_the_key_frames_that_are_left(tmp_path: Path) -> None:
    content = film("matroska", "mpeg4", SHADES)
    found = seconds_of(frames(tmp_path, "film.mkv", content[: len(content) // 2]))
    assert found == sorted(set(found))
    assert all(second <= 10 for second in found)


def test_key_frames_read_no_more_than_their_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = film("matroska", "mpeg4", SHADES)
    monkeypatch.setattr(key_frames, "MOST_BYTES", len(content) // 4)
    assert len(frames(tmp_path, "film.mkv", content)) < FRAMES_MOST


def test_what_is_no_film_has_no_key_frames(tmp_path: Path) -> None:
    for content in (b"", b"no film", headers_only("mkv")):
        assert frames(tmp_path, "film.mkv", content) == []


@pytest.mark.parametrize("video, frame", [
    ((1920, 1080), (597, 336)), ((1080, 1920), (336, 597)), ((320, 240), (320, 240)), ((4000, 400), (1000, 100)),
])  # fmt: skip
def test_the_size_of_a_frame(video: tuple[int, int], frame: tuple[int, int]) -> None:
    assert fitted(*video) == frame


def test_a_strip_is_cut_into_the_frames_it_was_made_of() -> None:
    made = [Image.new("RGB", (33, 21), (90 * number, 60, 200 - 60 * number)) for number in range(3)]
    file = io.BytesIO()
    strip(made).save(file, "JPEG", quality=95, subsampling=0)
    found = cut(file.getvalue(), 3)
    assert [image.size for image in found] == [(33, 21)] * 3
    for image, original in zip(found, made, strict=True):
        assert np.abs(np.asarray(image).astype(int) - np.asarray(original)).mean() < 6


def headers_only(name: str) -> bytes:
    content = film(*MADE[name], [RED])
    return content[:600]


@pytest.mark.parametrize("name", ["avi", "mkv"])
def test_a_film_without_pictures_is_one_clear_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileUndecodable, match=rf"^[^\n]*film\.{name}[^\n]*$"):
        picture(tmp_path, f"film.{name}", headers_only(name))


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    """FFmpeg would take it for a list of films to open: content that is no video never gets there."""
    (tmp_path / "secret.mp4").write_bytes(film("mp4", "mpeg4", [RED]))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/secret.mp4\n#EXT-X-ENDLIST\n".encode()
    with pytest.raises(FileUndecodable, match="no picture or video"):
        picture(tmp_path, "film.mp4", playlist)


def chunks_with_date(avi: bytes, text: bytes) -> bytes:
    """The AVI with Windows' and cameras' chunk for the date behind its main header."""
    at = avi.index(b"avih") + 8 + struct.unpack_from("<I", avi, avi.index(b"avih") + 4)[0]
    chunk = b"IDIT" + struct.pack("<I", len(text)) + text
    longer = bytearray(avi[:at] + chunk + avi[at:])
    for size_at in (4, avi.index(b"hdrl") - 4):
        struct.pack_into("<I", longer, size_at, struct.unpack_from("<I", avi, size_at)[0] + len(chunk))
    return bytes(longer)


def test_the_date_of_an_avi_is_the_cameras_clock(tmp_path: Path) -> None:
    content = chunks_with_date(film("avi", "mpeg4", [RED]), b"Sat Mar 14 15:09:26 2009\n\0")
    taken = metadata(tmp_path, "film.avi", content).taken
    assert taken is not None
    assert (np.datetime64(taken.local_ns, "ns").astype("M8[s]").item().isoformat(), taken.offset_min, taken.source) == (
        "2009-03-14T15:09:26", None, DateSource.CONTAINER,
    )  # fmt: skip


def test_the_date_of_a_matroska_file_is_utc(tmp_path: Path) -> None:
    taken = metadata(tmp_path, "a.mkv", film("matroska", "mpeg4", [RED], creation_time="2012-03-04T05:06:07Z")).taken
    assert taken is not None
    assert (taken.local_ns // 10**9, taken.offset_min) == (1330837567, 0)


def mdpm(*entries: tuple[int, str]) -> bytes:
    return MDPM + bytes([len(entries)]) + b"".join(bytes([tag]) + bytes.fromhex(digits) for tag, digits in entries)


AVCHD_DATE = mdpm((0x13, "00000000"), (0x18, "02202406"), (0x19, "15101112"))


def test_the_date_that_an_avchd_camera_notes(tmp_path: Path) -> None:
    content = film("mpegts", "libx264", [RED], note=AVCHD_DATE)
    taken = metadata(tmp_path, "00001.MTS", content).taken
    assert taken is not None
    assert np.datetime64(taken.local_ns, "ns").astype("M8[s]").item().isoformat() == "2024-06-15T10:11:12"
    assert (taken.offset_min, taken.source) == (None, DateSource.CONTAINER)


BROKEN_NOTES = [
    b"",
    MDPM,
    AVCHD_DATE[:-3],
    mdpm((0x18, "02202406")),
    mdpm((0x18, "022024ff"), (0x19, "15101112")),
    mdpm((0x18, "02202413"), (0x19, "15101112")),
]


@pytest.mark.parametrize("packet", BROKEN_NOTES)
def test_a_note_that_cannot_be_read_says_nothing(packet: bytes) -> None:
    assert noted_date(packet) is None


def test_zeros_in_a_note_are_unstuffed() -> None:
    stuffed = re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", mdpm((0x18, "00200001"), (0x19, "01000000")))
    assert noted_date(stuffed) is not None
