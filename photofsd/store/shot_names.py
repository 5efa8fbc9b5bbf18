"""What the name of a file says of the shot: its base name, what was made of it since, the burst that it belongs to.

    IMG_0001.CR2  img_0001.jpg                      one base name: RAW and JPEG of one shot
    IMG_E0001.JPG                                   edited on an iPhone
    X-edited.jpg  X-bearbeitet.jpg  X-Edit-2.tif    edited, as Google Photos (in many languages), Lightroom write
    PXL_20231006_063000139~2.jpg                    edited on Android
    PXL_20231207_032111247.RAW-01.COVER.jpg         what a Pixel makes of one press of the button
    IMG_20231014_183246_BURST001_COVER.jpg          the burst's cover, as the phone has chosen

`X (1).jpg` and `X_01.jpg` are names of their own: a second download, the next number.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from photofsd.media.sidecar_names import EDITED_WORDS
from photofsd.store.tokens import folded

_MARK = re.compile(rf"(?:[-_ ](?:edit|{folded(EDITED_WORDS)})(?:[-_ ]?\d\d?)?|(?P<numbered>~\d\d?))$")
_MARKS_MAX = 4
_IPHONE_EDIT = re.compile(r"img_e(\d{4})")
_TELLS_THE_SECOND = re.compile(r"(?<!\d)\d{8}_\d{6}")
_PIXEL = re.compile(r"(pxl_\d{8}_\d{9})((?:\.[a-z_]+(?:-\d\d)?)+)")
_BURSTS = (
    re.compile(r"(?P<burst>.+)_burst\d{3}"),  # Huawei, Motorola, Fairphone
    re.compile(r"(?:\d{5}[a-z]+_\d{5}|dsc_\d{4})_burst(?P<burst>\d{14,17})"),  # Nexus and Pixel, Sony
    re.compile(r"(?P<burst>\d{8}_\d{6})_\d{3}"),  # Samsung
)
_COVER = "_cover"


class ShotName(NamedTuple):
    """What a file's name says.

    base:     what all files of the shot are called, folded. edits: how many marks of editing are behind it.
    is_loose: the mark is one that other things have, too (`IMG_0001~2.jpg`): alone it proves nothing.
    is_pick:  the camera has chosen this file to stand for the others.
    burst:    what the shots of a burst have in common, folded; "" = the name knows of none.
    """

    base: str
    edits: int = 0
    is_loose: bool = False
    is_pick: bool = False
    burst: str = ""


def shot_name(name: bytes) -> ShotName:
    """Read the base name of a file, extension and all."""
    text = folded(name.decode("utf-8", "surrogateescape"))
    stem, edits, is_loose = _unmarked(text.rpartition(".")[0] or text)
    if (pixel := _PIXEL.fullmatch(stem)) is not None:
        return ShotName(pixel[1], edits, is_pick="cover" in pixel[2])
    is_loose = is_loose and _TELLS_THE_SECOND.search(stem) is None
    shot = stem.removesuffix(_COVER)
    for pattern in _BURSTS:
        if (burst := pattern.fullmatch(shot)) is not None:
            return ShotName(shot, edits, is_loose, is_pick=shot != stem, burst=burst["burst"])
    return ShotName(stem, edits, is_loose)


def _unmarked(stem: str) -> tuple[str, int, bool]:
    """The stem without its marks of editing, how many they were, and whether one of them is loose."""
    edits, is_loose = 0, False
    while edits < _MARKS_MAX and (mark := _MARK.search(stem)) is not None and mark.start():
        stem = stem[: mark.start()]
        edits += 1
        is_loose |= mark["numbered"] is not None
    iphone = _IPHONE_EDIT.fullmatch(stem)
    return (stem, edits, is_loose) if iphone is None else (f"img_{iphone[1]}", edits + 1, is_loose)
