"""Random questions to random libraries: bitmaps, facets and jumps find what looking at every photo finds."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from photofsd.query.search import answer, matching
from photofsd.query.syntax import (
    And,
    DateWord,
    Days,
    Expression,
    Filter,
    Key,
    Near,
    Not,
    Numbers,
    Or,
    Period,
    Phrase,
    Point,
    Query,
    Recent,
    Unit,
    Word,
    all_of,
    any_of,
    negation,
)
from photofsd.store import assets
from photofsd.store.transaction import ReadTransaction
from tests.component.query_library import Shot, add, open_store
from tests.component.store_kit import quick_folder

TODAY = dt.date(2024, 7, 31)
MONTHS = {"june": {6}, "july": {7}, "winter": {12, 1, 2}}


PROSE = (2, 3)
"""The fields in which a word is found by its inflections: tags and captions."""


@dataclasses.dataclass(frozen=True)
class Photo:
    """A shot under its view name, as the naive search sees it."""

    shot: Shot
    name: str

    @property
    def fields(self) -> list[list[str]]:
        shot = self.shot
        return [
            [self.name, *(path.rpartition("/")[2] for path in shot.paths)],
            [folder for path in shot.paths for folder in path.split("/")[:-1]],
            list(shot.tags),
            [text for text in (shot.title, shot.caption) if text],
            list(shot.place or ()),
            [text for text in (shot.camera, shot.lens) if text],
            list(shot.people),
        ]

    @property
    def day(self) -> dt.date | None:
        return None if self.shot.taken is None else self.shot.taken.date()


def chunks(text: str) -> list[str]:
    return re.findall(r"[a-z]+|[0-9]+", text.lower())


def spaced(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def has_run(text: str, wanted: str) -> bool:
    return f" {' '.join(chunks(wanted))} " in f" {' '.join(chunks(text))} "


def has_word(texts: list[str], word: str) -> bool:
    known = {piece for text in texts for piece in (*chunks(text), *spaced(text))}
    pieces = chunks(word)
    return word in known or (len(pieces) > 1 and all(len(p) > 1 and p in known for p in pieces))


ROOTS = {"dogs": "dog", "beaches": "beach"}


def root(word: str) -> str:
    return ROOTS.get(word, word)


def has_inflection(texts: list[str], word: str) -> bool:
    return root(word) in {root(piece) for text in texts for piece in (*chunks(text), *spaced(text))}


def is_at(photo: Photo, word: str) -> bool:
    if photo.day is None:
        return False
    return photo.day.month in MONTHS.get(word, ()) or word == str(photo.day.year) or word == f"{photo.day:%A}".lower()


def is_on(photo: Photo, value: Days | Recent | Period | DateWord) -> bool:
    day = photo.day
    if day is None:
        return False
    match value:
        case DateWord(name):
            return is_at(photo, name)
        case Recent(count, Unit.DAY):
            return 0 <= (TODAY - day).days <= count
        case Period.LAST_YEAR:
            return day.year == TODAY.year - 1
        case Days(first, last):
            return (first or dt.date.min) <= day <= (last or dt.date.max)
    raise NotImplementedError


def is_between(number: int | None, value: Numbers) -> bool:
    if number is None or number < 0:
        return False
    return (value.low is None or number >= value.low) and (value.high is None or number <= value.high)


def is_equal(name: str, wanted: str) -> bool:
    return chunks(name) == chunks(wanted)


def folders(photo: Photo) -> list[str]:
    return photo.fields[1]


def places(photo: Photo) -> list[str]:
    return list(photo.shot.place or ())


def cameras(photo: Photo) -> list[str]:
    return [photo.shot.camera] if photo.shot.camera else []


def people(photo: Photo) -> list[str]:
    return list(photo.shot.people)


def is_named(photo: Photo, pattern: str) -> bool:
    return fnmatch.fnmatchcase(photo.name.lower(), pattern.lower())


def has(photo: Photo, what: str) -> bool:
    shot = photo.shot
    return {
        "gps": shot.at is not None,
        "place": shot.place is not None,
        "date": shot.taken is not None,
        "tags": bool(shot.tags),
        "rating": shot.rating is not None and shot.rating >= 0,
        "caption": bool(shot.title or shot.caption),
        "copies": len(shot.paths) > 1,
        "faces": False,
        "people": bool(shot.people),
    }[what]


def is_captioned(photo: Photo, text: str) -> bool:
    texts = photo.fields[3]
    return has_word(texts, text) if len(spaced(text)) == 1 else any(has_run(each, text) for each in texts)


def is_near(photo: Photo, value: Near) -> bool:
    if photo.shot.at is None:
        return False
    assert isinstance(value.centre, Point)
    return km_apart(photo.shot.at, (value.centre.latitude, value.centre.longitude)) * 1000 <= value.radius_m


def km_apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    """By the angle between two vectors: another formula than the one that is tested."""
    x, y = (vector(*point) for point in (a, b))
    cross = math.dist((0, 0, 0), (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]))
    return 6371.0088 * math.atan2(cross, sum(p * q for p, q in zip(x, y, strict=True)))


def vector(latitude: float, longitude: float) -> tuple[float, float, float]:
    north, east = math.radians(latitude), math.radians(longitude)
    return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)


class NaiveSearch:
    """Answers by looking at every photo."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self._photos = photos
        self._filters: dict[Key, Callable[[Photo, Any], bool]] = {
            Key.PERSON: self._is_like(people, people),
            Key.YEAR: lambda photo, value: photo.day is not None and is_between(photo.day.year, value),
            Key.DATE: is_on,
            Key.RATING: lambda photo, value: is_between(photo.shot.rating, value),
            Key.TAG: lambda photo, value: any(is_equal(tag, value) for tag in photo.shot.tags),
            Key.PLACE: self._is_like(places, lambda photo: [" ".join(places(photo))]),
            Key.CAMERA: self._is_like(cameras, cameras),
            Key.FOLDER: self._is_like(folders, folders),
            Key.NAME: is_named,
            Key.HAS: has,
            Key.CAPTION: is_captioned,
            Key.NEAR: is_near,
        }

    def find(self, root: Expression) -> set[int]:
        return {at for at, photo in enumerate(self._photos, 1) if self._is_true(photo, root)}

    def _is_true(self, photo: Photo, node: Expression) -> bool:
        match node:
            case Word() | Phrase():
                return is_said(photo, node)
            case Filter(key, value):
                return self._filters[key](photo, value)
            case Not(part):
                return not self._is_true(photo, part)
            case And(parts):
                return all(self._is_true(photo, part) for part in parts)
            case Or(parts):
                return any(self._is_true(photo, part) for part in parts)

    def _is_like(
        self, names: Callable[[Photo], list[str]], whole: Callable[[Photo], list[str]]
    ) -> Callable[[Photo, str], bool]:
        """Equal to a name, where any photo of the library has such a name; else the words of one of the `whole`."""

        def is_so(photo: Photo, wanted: str) -> bool:
            if any(is_equal(name, wanted) for other in self._photos for name in names(other)):
                return any(is_equal(name, wanted) for name in names(photo))
            return any(
                has_run(name, wanted) or set(spaced(wanted)) <= {*spaced(name), *chunks(name)} for name in whole(photo)
            )

        return is_so


def is_said(photo: Photo, node: Word | Phrase) -> bool:
    said = spaced(node.text)
    if isinstance(node, Phrase) and len(said) > 1:
        return any(has_run(text, node.text) for field in photo.fields for text in field)
    may_name_a_time = isinstance(node, Word)
    return all(
        any(has_word(field, word) for field in photo.fields)
        or (may_name_a_time and (is_at(photo, word) or any(has_inflection(photo.fields[at], word) for at in PROSE)))
        for word in said
    )


TEXTS = st.sampled_from(
    ["beach", "beaches ball", "ball beach", "dog", "dogs", "June 2024", "EOS 7D", "img4120", "IMG_4120", "7"]
)
FOLDERS = st.sampled_from(["beach", "2024 beach", "Safari 2024", "dog/beach", "a/dog", "IMG_4120"])
FILES = st.sampled_from(["dog.jpg", "IMG_4120.jpg", "IMG4120.jpg", "beach ball.png", "Dog 7.jpg", "7d.jpg"])
DAYS = st.one_of(
    st.dates(dt.date(2022, 12, 1), TODAY), st.sampled_from([dt.date(2024, 6, 1), dt.date(2023, 12, 31), TODAY])
)
SHOTS = st.builds(
    Shot,
    paths=st.lists(st.builds("{}/{}".format, FOLDERS, FILES), min_size=1, max_size=2).map(tuple),
    taken=st.one_of(st.none(), st.builds(dt.datetime.combine, DAYS, st.times())),
    offset_min=st.one_of(st.none(), st.integers(-720, 840)),
    tags=st.lists(TEXTS, max_size=2).map(tuple),
    people=st.lists(TEXTS, max_size=2, unique=True).map(tuple),
    title=st.one_of(st.none(), TEXTS),
    caption=st.one_of(st.none(), TEXTS),
    camera=st.one_of(st.none(), st.sampled_from(["Canon EOS 7D", "Canon EOS 7D Mark II", "Nikon D7"])),
    rating=st.one_of(st.none(), st.integers(-1, 5)),
    place=st.one_of(st.none(), st.sampled_from([("Italy", "Tuscany", "Arezzo"), ("Beach", "New York", "York")])),
    at=st.one_of(st.none(), st.tuples(st.floats(-90, 90), st.floats(-180, 180)), st.just((43.46, 11.88))),
)
RATINGS = st.integers(0, 5)
ASKED = st.one_of(
    st.builds(Filter, st.just(Key.PERSON), TEXTS),
    st.builds(Filter, st.just(Key.YEAR), st.builds(Numbers, st.none(), st.integers(2022, 2024))),
    st.builds(Filter, st.just(Key.RATING), st.builds(lambda a, b: Numbers(min(a, b), max(a, b)), RATINGS, RATINGS)),
    st.builds(Filter, st.just(Key.DATE), st.builds(lambda a, b: Days(min(a, b), max(a, b)), DAYS, DAYS)),
    st.builds(Filter, st.just(Key.DATE), st.builds(Days, DAYS, st.none())),
    st.builds(Filter, st.just(Key.DATE), st.builds(Recent, st.integers(0, 300), st.just(Unit.DAY))),
    st.builds(Filter, st.just(Key.DATE), st.sampled_from([DateWord("june"), DateWord("sunday"), Period.LAST_YEAR])),
    st.builds(Filter, st.just(Key.PLACE), st.sampled_from(["italy", "York", "New York", "new", "arezzo italy", "x"])),
    st.builds(Filter, st.just(Key.CAMERA), st.sampled_from(["eos 7d", "canon eos 7d", "EOS7D", "d7", "leica"])),
    st.builds(Filter, st.sampled_from([Key.TAG, Key.CAPTION]), TEXTS),
    st.builds(Filter, st.just(Key.FOLDER), st.sampled_from(["beach", "2024", "safari", "dog", "2024 safari", "x"])),
    st.builds(Filter, st.just(Key.NAME), st.sampled_from(["img*", "IMG_4120.JPG", "*~2*", "?og*", "dog.jpg", "x*"])),
    st.builds(
        Filter,
        st.just(Key.HAS),
        st.sampled_from(["gps", "date", "tags", "rating", "caption", "copies", "faces", "people"]),
    ),
    st.builds(
        Filter,
        st.just(Key.NEAR),
        st.builds(
            Near,
            st.one_of(st.builds(Point, st.floats(-90, 90), st.floats(-180, 180)), st.just(Point(43.4, 11.8))),
            st.one_of(st.integers(1, 20_000_000), st.integers(1, 30_000)),
        ),
    ),
)
WORDS = st.sampled_from(
    [
        "beach",
        "beaches",
        "ball",
        "dog",
        "dogs",
        "june",
        "july",
        "winter",
        "sunday",
        "2024",
        "7d",
        "7",
        "img4120",
        "IMG_4120.jpg",
        "york",
    ]
)
EXPRESSIONS = st.recursive(
    st.one_of(WORDS.map(Word), st.one_of(TEXTS, WORDS).map(Phrase), ASKED),
    lambda inner: st.one_of(
        inner.map(negation),
        st.lists(inner, min_size=1, max_size=3).map(all_of),
        st.lists(inner, min_size=1, max_size=3).map(any_of),
    ),
    max_leaves=6,
)


@contextmanager
def library(shots: Sequence[Shot]) -> Iterator[tuple[ReadTransaction, NaiveSearch]]:
    """A store of the shots, each in a folder of its own, and the naive search of the same."""
    apart = [
        dataclasses.replace(shot, paths=tuple(f"shot{n}copy{k}/{path}" for k, path in enumerate(shot.paths)))
        for n, shot in enumerate(shots)
    ]
    with quick_folder() as folder:
        store = open_store(Path(folder))
        ids = add(store, apart)
        with store.read() as txn:
            records = [assets.asset(txn, asset) for asset in ids]
            names = [record.name.decode() for record in records if record is not None]
            yield txn, NaiveSearch([Photo(shot, name) for shot, name in zip(apart, names, strict=True)])
        store.close()


@settings(max_examples=100, deadline=None)
@given(st.lists(SHOTS, min_size=1, max_size=8), st.lists(EXPRESSIONS, min_size=1, max_size=12))
def test_select_finds_what_looking_at_every_photo_finds(shots: list[Shot], roots: list[Expression]) -> None:
    with library(shots) as (txn, naive):
        for root in roots:
            assert set(matching(txn, Query(root), today=TODAY)) == naive.find(root), str(root)


@settings(max_examples=60, deadline=None)
@given(st.lists(SHOTS, min_size=1, max_size=8), EXPRESSIONS, st.sets(st.integers(1, 8)), st.integers(1, 9))
def test_answer_lists_what_matches_once_best_first_and_no_more_than_asked(
    shots: list[Shot], root: Expression, within: set[int], limit: int
) -> None:
    allowed = BitMap(within)
    with library(shots) as (txn, naive):
        found = answer(txn, Query(root), today=TODAY, limit=limit, within=allowed)
        everything = answer(txn, Query(root), today=TODAY, limit=99, within=allowed)
        assert set(everything.assets) == naive.find(root) & within
    assert found.total == len(everything.assets) == len(set(everything.assets))
    assert found.assets == everything.assets[:limit]
    assert list(everything.scores) == sorted(everything.scores, reverse=True)
    assert all(0 <= score <= 1 for score in everything.scores)
