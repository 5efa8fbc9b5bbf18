"""What each filter means: a function from its value to the assets that it lets through."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from pyroaring import BitMap

from photofsd.query import dates, names, near, people
from photofsd.query.request import Request
from photofsd.query.syntax import Dates, DateWord, Filter, Key, Near, Numbers, Point
from photofsd.query.text import atoms, words
from photofsd.query.words import Field, with_phrase, with_word
from photofsd.store import assets, facets
from photofsd.types import Facet

RATINGS = range(6)
UNKNOWN_YET: Mapping[Key, str] = {Key.TEXT: "the words seen in pictures"}
"""What this photofsd cannot ask for yet."""


def passing(request: Request, asked: Filter, among: BitMap) -> BitMap:
    """The assets of `among` that the filter lets through."""
    unknown = UNKNOWN_YET.get(asked.key)
    if unknown is not None:
        request.note(f"{unknown} are not known yet: {asked} finds nothing")
        return BitMap()
    if asked.key in READS_RECORDS:
        return READS_RECORDS[asked.key](request, asked.value, among)
    return _SETS[asked.key](request, asked.value) & among


def _year(request: Request, value: Numbers) -> BitMap:
    years = [b"%04d" % year for year in dates.known_years(request.txn) if _is_in(year, value)]
    return facets.union(request.txn, Facet.YEAR, years)


def _rating(request: Request, value: Numbers) -> BitMap:
    return facets.union(request.txn, Facet.RATING, [b"%d" % stars for stars in RATINGS if _is_in(stars, value)])


def _is_in(number: int, numbers: Numbers) -> bool:
    return (numbers.low is None or numbers.low <= number) and (numbers.high is None or number <= numbers.high)


def _date(request: Request, value: Dates) -> BitMap:
    if isinstance(value, DateWord):
        meaning = dates.meaning_of(words(value.name))
        return BitMap() if meaning is None else dates.taken_when(request.txn, meaning)
    return dates.taken_on(request.txn, dates.days_of(value, request.today))


def _called(facet: Facet, noun: str) -> Callable[[Request, str], BitMap]:
    """The filter for values that are called so."""

    def meaning(request: Request, value: str) -> BitMap:
        found = names.equal_values(request.txn, facet, value)
        if not found:
            request.note(f"no photo has the {noun} {value!r}")
        return facets.union(request.txn, facet, found)

    return meaning


def _like(facet: Facet, noun: str) -> Callable[[Request, str], BitMap]:
    """The filter for values that are called so, or hold the words."""

    def meaning(request: Request, value: str) -> BitMap:
        found = names.like_values(request.txn, facet, value)
        if not found:
            request.note(f"no photo has {noun} like {value!r}")
        return facets.union(request.txn, facet, found)

    return meaning


def _folder(request: Request, value: str) -> BitMap:
    found = names.folders_like(request.txn, value)
    if not found:
        request.note(f"no folder is called {value!r}")
    return names.in_folders(request.txn, found)


def _name(request: Request, value: str) -> BitMap:
    return names.with_view_name(request.txn, value)


def _person(request: Request, value: str) -> BitMap:
    found = people.like(request.txn, value)
    if not found:
        closest = people.closest_name(request.txn, value)
        request.note(f"nobody is called {value!r}" + (f": did you mean {closest}?" if closest else ""))
    return people.photos(request.txn, found)


def _faces(request: Request, value: Numbers) -> BitMap:
    _note_unseen(request)
    counts = [count for count in facets.values(request.txn, Facet.FACES) if _is_in(int(count), value)]
    return facets.union(request.txn, Facet.FACES, counts)


def _note_unseen(request: Request) -> None:
    """Say of how many photos nobody knows yet whether there are faces in them."""
    seen = facets.union(request.txn, Facet.FACES, facets.values(request.txn, Facet.FACES))
    unseen = len(request.live - seen)
    if unseen:
        which = "1 photo has" if unseen == 1 else f"{unseen:,} photos have"
        request.note(f"{which} not been looked at for faces")


def _has(request: Request, value: str) -> BitMap:
    if value == Key.TEXT:
        request.note(f"{UNKNOWN_YET[Key.TEXT]} are not known yet: has:text finds nothing")
    if value == "people":
        return people.everybody(request.txn)
    if value == "faces":
        _note_unseen(request)
    return facets.bitmap(request.txn, Facet.HAS, value.encode())


def _stack(request: Request, value: str) -> BitMap:
    return facets.bitmap(request.txn, Facet.STACK, value.encode())


def _caption(request: Request, value: str, among: BitMap) -> BitMap:
    found = words(value)
    if not found:
        request.note(f"there is no letter or digit in {value!r} to look for")
        return BitMap()
    if len(found) == 1:
        return with_word(request.txn, Field.CAPTION, found[0]) & among
    return with_phrase(request.txn, Field.CAPTION, atoms(value), among)


def _near(request: Request, value: Near, among: BitMap) -> BitMap:
    centres = [value.centre] if isinstance(value.centre, Point) else near.points_of(request.txn, value.centre)
    if not centres:
        request.note(f"no photo was taken at a place like {value.centre!r}: where it lies is not known")
    found = BitMap()
    for centre in centres:
        found |= near.within(request.txn, centre, value.radius_m, among - found)
    return found


def _looks_like(request: Request, value: str, among: BitMap) -> BitMap:
    asset = assets.named(request.txn, os.fsencode(value))
    if asset is None:
        request.note(f"no photo is called {value!r}")
        return BitMap()
    if not request.has_model:
        request.note(f"there is no image-text model: like:{value} finds nothing")
        return BitMap()
    return request.looking_like(asset, among)


# Each takes what values.py reads for its key.
_SETS: Mapping[Key, Callable[[Request, Any], BitMap]] = {
    Key.PERSON: _person,
    Key.FACES: _faces,
    Key.YEAR: _year,
    Key.DATE: _date,
    Key.PLACE: _like(Facet.PLACE, "a place"),
    Key.CAMERA: _like(Facet.CAMERA, "a camera"),
    Key.LENS: _like(Facet.LENS, "a lens"),
    Key.TYPE: _called(Facet.TYPE, "type"),
    Key.RATING: _rating,
    Key.TAG: _called(Facet.TAG, "tag"),
    Key.ALBUM: _like(Facet.ALBUM, "an album"),
    Key.FOLDER: _folder,
    Key.HAS: _has,
    Key.STACK: _stack,
    Key.NAME: _name,
}
READS_RECORDS: Mapping[Key, Callable[[Request, Any, BitMap], BitMap]] = {
    Key.CAPTION: _caption,
    Key.NEAR: _near,
    Key.LIKE: _looks_like,
}
"""The filters that look at photos one by one, or only so far, and so only at those that are still in question."""
