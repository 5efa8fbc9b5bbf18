"""What a file is by its content, and what the scanner takes at all by its name."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from photofsd.media.containers import jpeg2000, jpegxl
from photofsd.media.containers.tiff_files import directories_of
from photofsd.media.exif import Tag
from photofsd.media.span import Span
from photofsd.media.tiff import Ifd, Tiff
from photofsd.types import Kind


class FileType(msgspec.Struct, frozen=True):
    """What a file is. name: "jpeg", "cr2", "mov" ...; type: the folder below /types that it belongs in."""

    name: str
    kind: Kind

    @property
    def type(self) -> str:
        """The name of an image format, or "raw" or "video" for all of those."""
        return self.name if self.kind is Kind.IMAGE else self.kind.name.lower()


_IMAGE_NAMES: Final = {
    "jpeg": "jpg jpeg jpe jfif jif mpo insp",
    "png": "png apng",
    "gif": "gif",
    "webp": "webp",
    "bmp": "bmp dib",
    "heic": "heic heif hif heics heifs",
    "avif": "avif avifs",
    "tiff": "tif tiff",
    "jp2": "jp2 j2k j2c jpf jpx jpm",
    "jxl": "jxl",
}
_RAW_NAMES: Final = (
    "3fr arw cr2 cr3 crw dcr dcs dng erf fff gpr iiq k25 kdc mef mos mrw nef nrw orf pef ptx raf raw rw2 rwl sr2 srf "
    "srw x3f"
)
_VIDEO_NAMES: Final = "3g2 3gp avi insv m2ts m4v mkv mov mp4 mpe mpeg mpg mts qt webm wmv"
_SIDECAR_NAMES: Final = "aae json thm xmp"

_TYPE_BY_EXTENSION: Final = {
    extension.encode(): FileType(name, Kind.IMAGE)
    for name, extensions in _IMAGE_NAMES.items()
    for extension in extensions.split()
} | {
    name.encode(): FileType(name, kind)
    for kind, names in ((Kind.RAW, _RAW_NAMES), (Kind.VIDEO, _VIDEO_NAMES), (Kind.SIDECAR, _SIDECAR_NAMES))
    for name in names.split()
}
LOOKED_FOR: Final = zlib.crc32(b" ".join(sorted(_TYPE_BY_EXTENSION)))
"""Which names the scanner takes, as a number: a program that knows other ones has another number."""

_APPLE_DOUBLE: Final = b"._"
"""macOS keeps what other file systems can't beside a file under its name with this before it."""


def type_of_name(name: bytes) -> FileType | None:
    """What a file's name says that it is, or None for what is no part of a photo library."""
    stem, dot, extension = name.rpartition(b".")
    if not stem or not dot or name.startswith(_APPLE_DOUBLE):
        return None
    return _TYPE_BY_EXTENSION.get(extension.lower())


def kind_of_name(name: bytes) -> Kind | None:
    """Image, RAW, video or sidecar by the name alone; None for what the scanner leaves alone."""
    named = type_of_name(name)
    return None if named is None else named.kind


def sniff(file: Span, name: bytes = b"") -> FileType | None:
    """What a file is by its content, or None for none that we know.

    name: asked only where TIFF structures of two kinds cannot be told apart (a NEF and a scan, say).
    """
    head = file.read(0, _HEAD)
    for start, magic, kind in _MAGIC:
        if head.startswith(magic, start):
            return kind
    if head.startswith(_TIFF_MAGIC):
        return _sniff_tiff(file, head, name)
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    if head[4:8] in _OLD_QUICKTIME:
        return _MOV
    if head.startswith(b"BM") and head[14:18] in _BMP_HEADERS:
        return _BMP
    return _sniff_streams(head)


_HEAD: Final = 1024


def _image(name: str) -> FileType:
    return FileType(name, Kind.IMAGE)


def _raw(name: str) -> FileType:
    return FileType(name, Kind.RAW)


def _video(name: str) -> FileType:
    return FileType(name, Kind.VIDEO)


_BMP: Final = _image("bmp")
_MOV: Final = _video("mov")

_MAGIC: Final = (
    (0, b"\xff\xd8\xff", _image("jpeg")),
    (0, b"\x89PNG\r\n\x1a\n", _image("png")),
    (0, b"GIF87a", _image("gif")),
    (0, b"GIF89a", _image("gif")),
    (8, b"WEBP", _image("webp")),
    (4, b"JXL \r\n\x87\n", _image("jxl")),
    (0, jpegxl.CODESTREAM, _image("jxl")),
    (4, b"jP  \r\n\x87\n", _image("jp2")),
    (0, jpeg2000.CODESTREAM, _image("jp2")),
    (6, b"HEAPCCDR", _raw("crw")),
    (0, b"FUJIFILMCCD-RAW ", _raw("raf")),
    (0, b"\0MRM", _raw("mrw")),
    (0, b"FOVb", _raw("x3f")),
    (0, b"IIU\0", _raw("rw2")),
    (0, b"IIRO", _raw("orf")),
    (0, b"IIRS", _raw("orf")),
    (0, b"MMOR", _raw("orf")),
    (8, b"AVI ", _video("avi")),
    (0, b"\0\0\1\xba", _video("mpg")),
    (0, b"\0\0\1\xb3", _video("mpg")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _video("wmv")),
)
_BMP_HEADERS: Final = frozenset(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))

_TIFF_MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_CR2: Final = b"CR"
_PHASE_ONE: Final = (b"IIII", b"MMMM")
_DNG_VERSION: Final = 0xC612
_PHOTOMETRIC: Final = 0x0106
_COMPRESSION: Final = 0x0103
_SENSOR_PHOTOMETRICS: Final = frozenset({32803, 34892})  # colour filter array, linear raw
_MAKERS_COMPRESSIONS: Final = frozenset({32767, 32769, 32770, 34713, 65535})  # Sony, Epson, Samsung, Nikon, Pentax
_MAKERS: Final = {
    "NIKON": "nef", "SONY": "arw", "PENTAX": "pef", "RICOH": "pef", "SAMSUNG": "srw", "KODAK": "kdc", "EASTMAN": "kdc",
    "LEAF": "mos", "HASSELBLAD": "3fr", "EPSON": "erf", "MAMIYA": "mef", "LEICA": "rwl", "PANASONIC": "rw2",
    "CANON": "cr2", "OLYMPUS": "orf", "PHASE": "iiq",
}  # fmt: skip

_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), _image("heic")),
    **dict.fromkeys((b"avif", b"avis"), _image("avif")),
    b"crx ": _raw("cr3"),
    b"qt  ": _MOV,
}
_ANY_HEIF: Final = (b"mif1", b"mif2", b"msf1", b"miaf")
_SOUND: Final = (b"M4A ", b"M4B ", b"M4P ", b"aax ", b"F4A ", b"F4B ")
_OLD_QUICKTIME: Final = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")

_TRANSPORT_SYNC: Final = 0x47
_TRANSPORT_PACKET: Final = 188
_STAMPED_PACKET: Final = 192
_EBML: Final = b"\x1a\x45\xdf\xa3"


def _sniff_brands(head: bytes) -> FileType | None:
    """HEIF, AVIF, CR3, QuickTime or MP4, by the brands in the first box: the main one, then the others."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4))]
    if brands[0] in _SOUND:
        return None
    is_generic = brands[0] in _ANY_HEIF
    for brand in brands if is_generic else brands[:1]:
        if brand in _BRANDS:
            return _BRANDS[brand]
    return _image("heic") if is_generic else _video("mp4")


def _sniff_streams(head: bytes) -> FileType | None:
    """What has no header, but a mark at every so many bytes; and Matroska."""
    if head.startswith(_EBML):
        return _video("webm" if b"webm" in head[:64] else "mkv")
    for start, packet in ((0, _TRANSPORT_PACKET), (4, _STAMPED_PACKET)):
        marks = head[start : start + 4 * packet : packet]
        if marks == bytes([_TRANSPORT_SYNC]) * 4:
            return _video("mts")
    return None


def _sniff_tiff(file: Span, head: bytes, name: bytes) -> FileType | None:
    """A TIFF, or the RAW format that it is: by marks in the header, by the directories, then by the name."""
    if head.startswith(_CR2, 8):
        return _raw("cr2")
    if head[8:12] in _PHASE_ONE:
        return _raw("iiq")
    named = type_of_name(name)
    is_named_raw = named is not None and named.kind is Kind.RAW
    directories = list(directories_of(Tiff(file)))
    if any(_DNG_VERSION in ifd for ifd in directories[:1]):
        return _raw("dng")
    if is_named_raw:
        return named
    if any(_is_from_a_sensor(ifd) for ifd in directories):
        maker = directories[0].text(Tag.MAKE).upper().split(" ")[0]
        return _raw(_MAKERS.get(maker, "raw"))
    return _image("tiff")


def _is_from_a_sensor(ifd: Ifd) -> bool:
    return ifd.integer(_PHOTOMETRIC) in _SENSOR_PHOTOMETRICS or ifd.integer(_COMPRESSION) in _MAKERS_COMPRESSIONS
