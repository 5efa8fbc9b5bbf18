"""What Google Takeout writes beside a photo: a JSON of what Google Photos knows of it, or of the album it lies in.

The file was written by a stranger: it is bounded in size, decoded without code, and what is not as Google writes it is
a problem, not an error. A JSON of somebody else's (a list of labels, another program's notes) says nothing.

    photoTakenTime   when it was taken, UTC: fills in where the file itself has no date
    geoData          where; what Google guessed or the user said, else geoDataExif; 0, 0 is nowhere
    description      the caption, which the user wrote in Google Photos
    favorited        five stars, where nobody gave others: a photo manager without favourites knows nothing nearer
    people           names without places in the picture
    title            the photo's former file name: no title; of a file that describes an album, its name

A folder of Takeout is an album where such a file names it. "Photos from 2023" is none, whatever the language: that is
where Google puts everything; nor is an album that nobody named.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

import msgspec

from photofsd.errors import FileUndecodable
from photofsd.media.dates import instant
from photofsd.media.facts import Facts
from photofsd.media.geo import Position, position
from photofsd.media.wording import clean, clean_caption, clean_tags
from photofsd.types import DateSource

LARGEST: Final = 1 << 20
"""Bytes. Google's are a few thousand."""

_FAVOURITE: Final = 5
_FURTHEST_S: Final = 1 << 40
_OF_A_YEAR = re.compile(
    r"(?:photos?|fotos?|foto.s|foton|fotografi\w+|bilder|billeder|kuvat|zdjęcia|fotky|fényképek|fotoğraflar|фото\w*)"
    r" (?:(?:from|von|vom|aus|de|del|di|da|dal|do|uit|från|fra|av|od|z|za|за|від) )?(?:18|19|20)\d\d"
    r"|(?:18|19|20)\d\d ?(?:年|년).{0,8}",
    re.IGNORECASE,
)


class _Time(msgspec.Struct):
    timestamp: int | None = None


class _Place(msgspec.Struct):
    latitude: float = 0.0
    longitude: float = 0.0
    altitude: float = 0.0


class _Person(msgspec.Struct):
    name: str = ""


class _Album(msgspec.Struct):
    title: str | None = None


class _Photo(msgspec.Struct, rename="camel"):
    photo_taken_time: _Time
    description: str | None = None
    geo_data: _Place | None = None
    geo_data_exif: _Place | None = None
    favorited: bool = False
    people: list[_Person] = []


def read_takeout(data: bytes, zone: dt.tzinfo | None) -> Facts:
    """What a JSON of Google Takeout says of a photo, or of the album that its folder is; of any other, nothing.

    zone: where its dates, which are UTC, are brought to; None = this machine's own.
    Raises FileUndecodable where it is too large, no JSON, or not as Google writes it.
    """
    said = _decoded(data)
    if not isinstance(said, dict):
        return Facts()
    try:
        if "photoTakenTime" in said:
            return _of_photo(msgspec.convert(said, _Photo, strict=False), zone)
        if "title" in said and ("access" in said or "date" in said):
            return _of_album(msgspec.convert(said, _Album, strict=False))
        if isinstance(said.get("albumData"), dict):
            return _of_album(msgspec.convert(said["albumData"], _Album, strict=False))
    except (msgspec.ValidationError, RecursionError) as error:
        raise FileUndecodable(f"it is not as Google writes it: {error}") from error
    return Facts()


def _decoded(data: bytes) -> Any:  # noqa: ANN401 - whatever stands in it
    if len(data) > LARGEST:
        raise FileUndecodable(f"it is too large (more than {LARGEST} bytes)")
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileUndecodable(f"it is broken: {error}") from error


def _of_photo(photo: _Photo, zone: dt.tzinfo | None) -> Facts:
    taken_s = photo.photo_taken_time.timestamp
    taken = None
    if taken_s is not None and abs(taken_s) < _FURTHEST_S:
        taken = instant(taken_s * 10**9, DateSource.SIDECAR, zone)
    return Facts(
        dates=() if taken is None else (taken,),
        position=_position(photo.geo_data) or _position(photo.geo_data_exif),
        caption=clean_caption(photo.description),
        rating=_FAVOURITE if photo.favorited else None,
        people=clean_tags(person.name for person in photo.people),
    )


def _of_album(album: _Album) -> Facts:
    title = clean(album.title)
    return Facts() if title is None or _OF_A_YEAR.fullmatch(title) else Facts(albums=(title,))


def _position(place: _Place | None) -> Position | None:
    return None if place is None else position(place.latitude, place.longitude, place.altitude or None)
