"""What a file says about itself, from all that speak in it and beside it.

Of two that say the same thing the first counts: a sidecar's rating, title and caption; EXIF; XMP; IPTC; the container's
own words; the rest of a sidecar. Tags are gathered from all. The date has an order of its own, see dates.py.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from photofsd.display import shown
from photofsd.errors import FileUndecodable
from photofsd.media.camera import camera_name
from photofsd.media.containers.bitmaps import read_bmp, read_gif
from photofsd.media.containers.ciff import read_crw
from photofsd.media.containers.contents import Contents
from photofsd.media.containers.heif import read_heif
from photofsd.media.containers.jpeg import read_jpeg_file
from photofsd.media.containers.jpeg2000 import read_jpeg2000
from photofsd.media.containers.jpegxl import read_jpegxl
from photofsd.media.containers.png import read_png
from photofsd.media.containers.raw_files import read_cr3, read_mrw, read_raf, read_x3f
from photofsd.media.containers.streams import read_streams
from photofsd.media.containers.tiff_files import read_raw_tiff, read_tiff_file
from photofsd.media.containers.video import read_video
from photofsd.media.containers.webp import read_webp
from photofsd.media.dates import instant
from photofsd.media.exif import Exif, directories
from photofsd.media.facts import Facts, merged
from photofsd.media.iptc import read_iptc
from photofsd.media.naming_dates import date_in_folder, date_in_name
from photofsd.media.orientation import UPRIGHT
from photofsd.media.regions import upright
from photofsd.media.sidecar import read_sidecars
from photofsd.media.sniff import FileType, sniff, type_of_name
from photofsd.media.source import Source
from photofsd.media.span import Span
from photofsd.media.wording import clean_tags
from photofsd.media.xmp import read_xmp
from photofsd.records import Metadata, Taken
from photofsd.types import DateSource, Kind

Reader = Callable[[Span, Contents], None]

_STREAMS: Final = ("avi", "mkv", "mpg", "mts", "webm", "wmv")
_READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "avif": read_heif,
        "bmp": read_bmp,
        "cr3": read_cr3,
        "crw": read_crw,
        "gif": read_gif,
        "heic": read_heif,
        "jp2": read_jpeg2000,
        "jpeg": read_jpeg_file,
        "jxl": read_jpegxl,
        "mov": read_video,
        "mp4": read_video,
        "mrw": read_mrw,
        "png": read_png,
        "raf": read_raf,
        "tiff": read_tiff_file,
        "webp": read_webp,
        "x3f": read_x3f,
        **{
            name: functools.partial(read_streams, format_name=name)
            for name in ("avi", "mkv", "mpg", "mts", "webm", "wmv")
        },
    }
)
_LONGEST_PROBLEM: Final = 200
_MOST_PROBLEMS: Final = 10

_SCREENSHOT_NAME = re.compile(
    r"screen[ _-]?(?:shot|capture)|bildschirmfoto|capture d.{1,3}[ée]cran|captura de (?:pantalla|tela|ecr.)"
    r"|schermata|schermafbeelding|sk[äa]rmavbild|sk[æa]rmbillede|zrzut ekranu|снимок экрана"
    r"|スクリーンショット|截图|截屏|屏幕截图|스크린샷",
    re.IGNORECASE,
)
_PANORAMA_ASPECT: Final = 2.5  # phones crop single shots to 21:9 = 2.33
_PANORAMA_SIDE: Final = 2500
_DEGREE_DIGITS: Final = 7  # a centimetre


def read_metadata(source: Source, *, folder: bytes, zone: dt.tzinfo | None = None) -> Metadata:
    """All that is known of a photo or video without looking at its pixels.

    folder: its path within the library, for what people say by where they put it.
    zone:   where dates that are in UTC are brought to; None = this machine's own.
    Raises FileUndecodable (no picture or video at all; one that is broken gives what can be had, and problems),
    FileUnreadable, FileChanged.
    """
    file_type = sniff(source.span, source.name)
    if file_type is None:
        raise FileUndecodable(f"{shown(source.path)} is no picture or video that we know")
    contents = read_contents(source, file_type)
    overruling, filling = read_sidecars(source.sidecars, zone)
    facts = merged([overruling, *_spoken(contents, file_type, zone), filling])
    camera = camera_name(facts.make, facts.model)
    problems = dict.fromkeys((*_lies(source.name, file_type), *contents.problems, *facts.problems))
    position = facts.position
    orientation = contents.orientation or facts.orientation or UPRIGHT
    return Metadata(
        format=file_type.name,
        kind=file_type.kind,
        width=contents.width,
        height=contents.height,
        orientation=orientation,
        taken=_taken(source, folder, facts, zone),
        make=facts.make,
        model=facts.model,
        camera=camera,
        lens=facts.lens,
        latitude=round(position.latitude, _DEGREE_DIGITS) if position else None,
        longitude=round(position.longitude, _DEGREE_DIGITS) if position else None,
        altitude_m=position.altitude_m if position else None,
        tags=clean_tags(facts.tags),
        rating=facts.rating or None,  # 0 stars is how programs write that nobody rated it
        title=facts.title,
        caption=facts.caption,
        software=facts.software,
        iso=facts.iso,
        f_number=facts.f_number,
        exposure_s=facts.exposure_s,
        focal_mm=facts.focal_mm,
        duration_s=facts.duration_s,
        live_id=facts.live_id,
        burst_id=facts.burst_id,
        regions=upright(facts.faces or (), contents.width, contents.height, orientation),
        people=clean_tags(facts.people),
        albums=clean_tags(facts.albums),
        types=tuple(_types(source.name, file_type, contents, facts)),
        problems=tuple(problem[:_LONGEST_PROBLEM] for problem in itertools.islice(problems, _MOST_PROBLEMS)),
    )


def read_contents(source: Source, file_type: FileType) -> Contents:
    """What the container holds, as far as it can be read. Raises FileUnreadable, FileChanged."""
    contents = Contents()
    reader = _READERS.get(file_type.name, read_raw_tiff if file_type.kind is Kind.RAW else None)
    if reader is None:
        return contents
    try:
        reader(source.span, contents)
    except FileUndecodable as error:
        contents.problems.append(f"broken {file_type.name}: {error}")
    return contents


def _spoken(contents: Contents, file_type: FileType, zone: dt.tzinfo | None) -> Iterator[Facts]:
    """Yield what speaks in the file, most trusted first."""
    try:
        if contents.exif is not None:
            yield Exif(directories(contents.exif, contents.photo, contents.gps)).facts(
                zone, is_raw=file_type.kind is Kind.RAW
            )
    except FileUndecodable as error:
        yield Facts(problems=(f"broken EXIF: {error}",))
    try:
        if contents.xmp:
            said = read_xmp(contents.xmp, zone)
            yield dataclasses.replace(said, orientation=None)  # other programs turn by EXIF alone
    except FileUndecodable as error:
        yield Facts(problems=(str(error),))
    yield read_iptc(contents.iptc)
    yield contents.own
    recorded = None if contents.utc_s is None else instant(contents.utc_s * 10**9, DateSource.CONTAINER, zone)
    yield Facts(dates=(recorded,) if recorded else ())


def _taken(source: Source, folder: bytes, facts: Facts, zone: dt.tzinfo | None) -> Taken | None:
    """When it was taken: the order is in dates.py."""
    if facts.dates:
        return facts.dates[0]
    modified = instant(source.stat.st_mtime_ns, DateSource.MTIME, zone)
    hints = [date for date in (facts.modified, modified) if date is not None]
    return date_in_name(source.name, zone, hints) or date_in_folder(folder, hints) or next(iter(hints), None)


def _types(name: bytes, file_type: FileType, contents: Contents, facts: Facts) -> Iterator[str]:
    """Yield the folders below /types that it belongs in."""
    yield file_type.type
    is_image = file_type.kind is Kind.IMAGE
    is_named_screenshot = _SCREENSHOT_NAME.search(name.decode("utf-8", "replace")) is not None
    if is_image and (facts.is_screenshot or (is_named_screenshot and facts.model is None)):
        yield "screenshot"
    if is_image and contents.frames > 1:
        yield "animated"
    if facts.is_panorama or (is_image and facts.model is not None and _is_wide(contents)):
        yield "panorama"
    if facts.is_live or facts.live_id is not None:
        yield "live"


def _is_wide(contents: Contents) -> bool:
    sides = sorted((contents.width or 0, contents.height or 0))
    return sides[1] >= _PANORAMA_SIDE and sides[1] >= _PANORAMA_ASPECT * sides[0]


def _lies(name: bytes, file_type: FileType) -> Iterator[str]:
    """Yield what the name says that the content does not bear out."""
    named = type_of_name(name)
    if named is not None and named.type != file_type.type:
        yield f"the name says {named.type}, the content is {file_type.type}"
