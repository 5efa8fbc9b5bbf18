"""Which file beside a photo speaks of it, by names alone.

    IMG_1.CR2.xmp               speaks of IMG_1.CR2 (darktable, digiKam, Immich), in any case
    IMG_1.xmp                   of IMG_1.CR2; of IMG_1.jpg only where there is no RAW file of that name (Lightroom)
    CRW_1.THM                   of CRW_1.CRW or CRW_1.AVI: a small JPEG that old cameras write beside them
    x.jpg.json                  of x.jpg: Google Takeout, and so are all that follow
    x.jpg.supplemental-metadata.json   the same since 2024, also cut: x.jpg.suppl.json
    x.json                      of x.jpg, whose title has no extension
    x.jpg(1).json               of x(1).jpg, the second photo called x.jpg
    46 characters.json          of a photo with a longer name: that is where Google cuts
    x.jpg.json                  of x-edited.jpg, too, and in German of x-bearbeitet.jpg
    x.HEIC.json                 of x.MP4, the moving part of the same Live Photo
    metadata.json               of the whole folder: the album, in the language of the account

Of Google's files a photo has one, the first in that order. Apple's edit recipes (.AAE) are sidecars, too, but say
nothing that we use. Names are bytes; those that are no UTF-8 are compared as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from photofsd.media.sniff import kind_of_name, type_of_name
from photofsd.types import Kind

_XMP: Final = b".xmp"
_THM: Final = b".thm"
_JSON: Final = b".json"
_SUPPLEMENT: Final = b"supplemental-metadata"
_CUT: Final = 46
"""UTF-16 units of a title that Google keeps in the name of its JSON."""
_NUMBER = re.compile(rb"(.+)\((\d{1,6})\)", re.DOTALL)
EDITED_WORDS: Final = (
    "edited|bearbeitet|bewerkt|modifié|modificato|modificado|modificada|editado|editada|ha editado|editat|"
    "redigeret|redigert|redigerad|muokattu|edytowane|upraveno|upravené|szerkesztve|editat[ăe]?|düzenlendi|изменено|"
    "відредаговано|編集済み|已修改|已编辑|已編輯|수정됨|effects|smile|mix"
)
"""What Google Photos puts behind the name of a copy that was edited, by the language of the account; a pattern."""

_EDITED = re.compile(f"(.+)-(?:{EDITED_WORDS})", re.DOTALL | re.IGNORECASE)
_ALBUM_WORDS: Final = (
    "meta", "méta", "мета", "μετα", "メタ", "메타", "元数据", "中繼資料", "後設資料", "מטא", "البيانات الوصفية",
    "ข้อมูลเมตา", "siêu dữ liệu", "मेटा", "üstveri", "lýsigögn",
)  # fmt: skip
"""What the word for metadata begins with, which is what Google calls the file that describes an album."""
_FEW_UNITS: Final = _CUT - 2


class _Spoken(NamedTuple):
    """Of what a JSON speaks: a title, perhaps cut, and the number of the photo among those of that title."""

    title: bytes
    number: bytes = b""


def sidecar_names(photo: bytes, siblings: Iterable[bytes]) -> tuple[bytes, ...]:
    """The sidecars that speak of `photo` alone, the most specific one first.

    siblings: at least those names of its folder that begin with one of `beginnings_of_sidecars`.
    """
    kind = kind_of_name(photo)
    if kind in {None, Kind.SIDECAR}:
        return ()
    names = sorted(siblings)
    stem = _stem(photo).lower()
    whole, shared, small = [], [], []
    for name in names:
        lower = name.lower()
        if lower == photo.lower() + _XMP:
            whole.append(name)
        elif lower == stem + _XMP:
            shared.append(name)
        elif lower == stem + _THM and kind is not Kind.IMAGE:
            small.append(name)
    if kind is not Kind.RAW and any(kind_of_name(name) is Kind.RAW and _stem(name).lower() == stem for name in names):
        shared = []
    return (*whole, *shared, *_takeout(photo, kind, names), *small)


def beginnings_of_sidecars(photo: bytes) -> frozenset[bytes]:
    """What the name of a sidecar of `photo` may begin with; RAW files that take sidecars from it begin so, too."""
    begin = _stem(photo) + b"."
    found = {begin, begin.lower(), begin.upper()}
    for original in _originals(photo):
        found.update((_stem(original) + b".", _stem(_numbered(original)[0]) + b"."))
        if len(original) > _FEW_UNITS:
            found.update(_cuts(_numbered(original)[0]))
    return frozenset(found)


def beginnings_of_photos(sidecar: bytes) -> frozenset[bytes]:
    """What the name of a photo that `sidecar` speaks of may begin with."""
    if not sidecar.lower().endswith(_JSON):
        begin = sidecar.partition(b".")[0] + b"."
        return frozenset({begin, begin.lower(), begin.upper()})
    found: set[bytes] = set()
    for title, _ in _spoken_of(sidecar):
        found.update(_stem(title) + end for end in (b".", b"(", b"-"))
        found.add(_stem(_numbered(title)[0]) + b"-")
        if _units(title) >= _FEW_UNITS:
            found.add(title)
    return frozenset(found)


def may_speak_of(sidecar: bytes, photo: bytes) -> bool:
    """Claim: `sidecar` speaks of `photo`, unless another one beside it is more specific."""
    return sidecar in sidecar_names(photo, (sidecar,))


def describes_album(name: bytes) -> bool:
    """Claim: a file of that name may describe the folder that it lies in as an album."""
    if not name.lower().endswith(_JSON):
        return False
    title, _ = _numbered(name[: -len(_JSON)])
    return type_of_name(title) is None and title.startswith(ALBUM_BEGINNINGS)


def _beginnings() -> Iterator[bytes]:
    for word in _ALBUM_WORDS:
        for form in ("NFC", "NFD"):
            for cased in (word, word.capitalize()):
                yield unicodedata.normalize(form, cased).encode()


ALBUM_BEGINNINGS: Final = tuple(sorted(set(_beginnings())))
"""What the names of files begin with that may describe an album."""


def _takeout(photo: bytes, kind: Kind, names: list[bytes]) -> tuple[bytes, ...]:
    """The JSON of `photo`, or none."""
    by_title: dict[_Spoken, bytes] = {}
    for name in names:
        if name.lower().endswith(_JSON):
            for spoken in _spoken_of(name):
                by_title.setdefault(spoken, name)
    if not by_title:
        return ()
    originals = list(_originals(photo))
    for title in (title for original in originals for title in _titles(original)):
        if title in by_title:
            return (by_title[title],)
    if kind is Kind.VIDEO or len(originals) > 1:
        plain, number = _numbered(originals[-1])
        for spoken, name in by_title.items():
            if spoken.number == number and _stem(spoken.title) == _stem(plain) and _is_image(spoken.title):
                return (name,)
    return ()


def _spoken_of(sidecar: bytes) -> Iterator[_Spoken]:
    """Yield of what a JSON may speak, by its name."""
    title, number = _number_at_end(sidecar[: -len(_JSON)])
    yield _Spoken(title, number)
    plain, dot, rest = title.rpartition(b".")
    if plain and dot and _SUPPLEMENT.startswith(rest):
        yield _Spoken(plain, number)


def _titles(photo: bytes) -> Iterator[_Spoken]:
    """Yield what Google may call the JSON of a photo, the most certain first."""
    plain, number = _numbered(photo)
    yield _Spoken(photo)
    if number:
        yield _Spoken(plain, number)
    yield _Spoken(_stem(plain), number)
    for cut in _cuts(plain):
        yield _Spoken(cut, number)
    for cut in _cuts(plain):  # of several photos with the same beginning, Google forgets the JSON of all but one
        yield _Spoken(cut)


def _originals(photo: bytes) -> Iterator[bytes]:
    """Yield the photo itself and, where its name says that it was edited, the name of the one that was."""
    yield photo
    if b"-" not in photo:
        return
    plain, number = _numbered(photo)
    stem, _, extension = plain.rpartition(b".")
    match = _EDITED.fullmatch(unicodedata.normalize("NFC", stem.decode("utf-8", "surrogateescape")))
    if match is not None:
        number = b"(%b)" % number if number else b""
        yield stem[: stem.rindex(b"-")] + number + b"." + extension


def _numbered(photo: bytes) -> tuple[bytes, bytes]:
    """The name without the number that Google gave it, and the number: x(1).jpg is (x.jpg, 1)."""
    if b")" not in photo:
        return photo, b""
    stem, dot, extension = photo.rpartition(b".")
    plain, number = _number_at_end(stem if dot else extension)
    return plain + dot + extension if dot else plain, number


def _number_at_end(text: bytes) -> tuple[bytes, bytes]:
    match = _NUMBER.fullmatch(text)
    return (match[1], match[2]) if match is not None else (text, b"")


def _cuts(title: bytes) -> tuple[bytes, ...]:
    """The title as Google may have cut it; () where it is short enough."""
    if len(title) <= _CUT or _units(title) <= _CUT:
        return ()
    text = title.decode("utf-8", "surrogateescape")
    by_units = text.encode("utf-16-le", "surrogatepass")[: 2 * _CUT].decode("utf-16-le", "ignore")
    cuts = (by_units, text[:_CUT])
    return tuple(dict.fromkeys(cut.encode("utf-8", "surrogateescape") for cut in cuts))


def _units(title: bytes) -> int:
    return len(title.decode("utf-8", "surrogateescape").encode("utf-16-le", "surrogatepass")) // 2


def _is_image(title: bytes) -> bool:
    return kind_of_name(title) in {Kind.IMAGE, Kind.RAW}


def _stem(name: bytes) -> bytes:
    return name.rpartition(b".")[0] or name
