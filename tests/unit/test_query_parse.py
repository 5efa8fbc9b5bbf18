"""The query language: what is understood, what is refused and where, and that both ways agree."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sys
from collections.abc import Mapping

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from photofsd.errors import BadQuery
from photofsd.query import dates
from photofsd.query.parse import DEEPEST, LONGEST_CHARS, parse
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
    Value,
    Word,
    all_of,
    any_of,
    negation,
)
from photofsd.query.values import EXAMPLES, HAS, MOST_FACES, NEAR_MAX_M, STACKS

ALICE, BOB = Filter(Key.PERSON, "Alice"), Filter(Key.PERSON, "Bob Smith")
BEACH, SUNSET = Word("beach"), Word("sunset")


def days(first: str | None, last: str | None) -> Filter:
    return Filter(Key.DATE, Days(*(None if day is None else dt.date.fromisoformat(day) for day in (first, last))))


@pytest.mark.parametrize(
    "text,root",
    [
        ("beach", BEACH),
        ("  beach   sunset ", And((BEACH, SUNSET))),
        ('person:Alice person:"Bob Smith"', And((ALICE, BOB))),
        ("-person:Alice", Not(ALICE)),
        ("!beach", Not(BEACH)),
        ('-"a \\"b\\" c"', Not(Phrase('a "b" c'))),
        ('"back\\\\slash \\n"', Phrase("back\\slash \\n")),
        ("--beach", BEACH),
        ("-!-beach", Not(BEACH)),
        ("beach - sunset", And((BEACH, Word("-"), SUNSET))),
        ("beach sunset OR -(beach OR sunset)", Or((And((BEACH, SUNSET)), Not(Or((BEACH, SUNSET)))))),
        ("(beach OR sunset) person:Alice", And((Or((BEACH, SUNSET)), ALICE))),
        ("((beach) (sunset))", And((BEACH, SUNSET))),
        ("beach OR(sunset)", Or((BEACH, SUNSET))),
        ("ORchard or or", And((Word("ORchard"), Word("or"), Word("or")))),
        ("PERSON=Alice", ALICE),
        ("photo(beach).jpg", And((Word("photo"), BEACH, Word(".jpg")))),
        ("10:30", Word("10:30")),
        ("https://example.org", Word("https://example.org")),
        ("e=mc2", Word("e=mc2")),
        ("Rome: beach", And((Word("Rome:"), BEACH))),
        ("c:photos", Word("c:photos")),
        ("year:2024", Filter(Key.YEAR, Numbers(2024, 2024))),
        ("year:2020..2023", Filter(Key.YEAR, Numbers(2020, 2023))),
        ("year:..2023", Filter(Key.YEAR, Numbers(None, 2023))),
        ("rating:>=4", Filter(Key.RATING, Numbers(4, None))),
        ("rating:>3", Filter(Key.RATING, Numbers(4, None))),
        ("rating:<=3", Filter(Key.RATING, Numbers(None, 3))),
        ("rating:<3", Filter(Key.RATING, Numbers(None, 2))),
        ("rating==3", Filter(Key.RATING, Numbers(3, 3))),
        ("rating=3..", Filter(Key.RATING, Numbers(3, None))),
        ("faces:3..5", Filter(Key.FACES, Numbers(3, 5))),
        ("date:2024", days("2024-01-01", "2024-12-31")),
        ("date:2024-02", days("2024-02-01", "2024-02-29")),
        ("date:2024-6-5", days("2024-06-05", "2024-06-05")),
        ("date:2023-06..2023-08", days("2023-06-01", "2023-08-31")),
        ("date:2023..", days("2023-01-01", None)),
        ("date:..2023-06-15", days(None, "2023-06-15")),
        ("date:>2023", days("2024-01-01", None)),
        ("date:<2023-06", days(None, "2023-05-31")),
        ("date:<=2023-06", days(None, "2023-06-30")),
        ("date:last-30-days", Filter(Key.DATE, Recent(30, Unit.DAY))),
        ("date:last-1-week", Filter(Key.DATE, Recent(1, Unit.WEEK))),
        ("date:Today", Filter(Key.DATE, Period.TODAY)),
        ("date:June", Filter(Key.DATE, DateWord("june"))),
        ('date:"New Year"', Filter(Key.DATE, DateWord("new year"))),
        ("has:GPS", Filter(Key.HAS, "gps")),
        ("name:IMG_41*", Filter(Key.NAME, "IMG_41*")),
        ('near:"Arezzo"~20km', Filter(Key.NEAR, Near("Arezzo", 20_000))),
        ("near:Arezzo", Filter(Key.NEAR, Near("Arezzo", 10_000))),
        ("near=Arezzo~500m", Filter(Key.NEAR, Near("Arezzo", 500))),
        ("near:43.46,11.88~5km", Filter(Key.NEAR, Near(Point(43.46, 11.88), 5000))),
        ("near:-33.9,+18.4~2mi", Filter(Key.NEAR, Near(Point(-33.9, 18.4), 3219))),
    ],
)
def test_query_is_understood(text: str, root: Expression) -> None:
    assert parse(text) == Query(root)


def test_limit_belongs_to_the_whole_query_wherever_it_stands() -> None:
    assert parse("limit:5 beach") == parse("beach limit=5") == Query(BEACH, 5)


def test_limit_alone_asks_for_everything() -> None:
    assert parse("limit:500") == Query(None, 500)


@pytest.mark.parametrize(
    "text,position,reason",
    [
        ("", 0, "nothing is asked"),
        ("   ", 3, "nothing is asked"),
        ("beach )", 6, "never opened"),
        ("beach (sunset", 6, "never closed"),
        ("beach ()", 6, "nothing between these parentheses"),
        ('beach "sunset', 6, "never closed"),
        ('beach ""', 6, "nothing between these quotes"),
        ("OR beach", 0, "two things"),
        ("beach OR", 6, "two things"),
        ("beach OR OR sunset", 6, "two things"),
        ("beach -OR", 7, "two things"),
        ("beach OR limit:5", 6, "two things"),
        ("beach person:", 13, "needs a value, such as person:Alice"),
        ("person: Alice", 7, "needs a value"),
        ("colour:red", 0, "there is no filter 'colour' (put quotes around it"),
        ("beach yaer:2024", 6, "did you mean year?"),
        ("personn=Alice", 0, "did you mean person?"),
        ('colour:"red"', 0, "no filter 'colour'"),
        ("rating:9", 7, "not between 0 and 5"),
        ("rating:>5", 7, "not between"),
        ("rating:<0", 7, "not between"),
        ("rating:5..3", 7, "no number is in"),
        ("rating:good", 7, "is no number"),
        ("year:24", 5, "not between 1000 and 2999"),
        ("date:2024-13", 5, "no 2024-13 in the calendar"),
        ("date:2024-02-30", 5, "no 2024-02-30 in the calendar"),
        ("date:2024..2023", 5, "2023 is before 2024"),
        ("date:..", 5, "first or a last date"),
        ("date:soon", 5, "is no date"),
        ("date:0024", 5, "between 1000 and 2999"),
        ("date:<1000", 5, "between 1000 and 2999"),
        ("date:>2999", 5, "between 1000 and 2999"),
        ("has:gsp", 4, "did you mean gps?"),
        ("near:91,0", 5, "nowhere"),
        ("near:Arezzo~far", 5, "is no distance"),
        ("near:Arezzo~0km", 5, "is no distance"),
        ("near:~5km", 5, "the place is missing"),
        ("limit:0", 0, "is no count"),
        ("limit:5 limit:6", 8, "is given twice"),
        ("-limit:5", 1, "belongs to the whole query"),
        ("(beach limit:5)", 7, "belongs to the whole query"),
        ("(" * 40 + "a" + ")" * 40, DEEPEST, "deep at most"),
        ("a" * 5000, LONGEST_CHARS, "at most 4096 characters"),
        ("beach \ud800", 6, "cannot be in a query"),
    ],
)
def test_query_is_refused_with_the_place_of_the_trouble(text: str, position: int, reason: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text)
    assert reason in caught.value.reason
    assert caught.value.position == position


def test_bytes_of_a_path_that_are_no_utf8_are_a_query() -> None:
    assert parse(b"caf\xe9".decode("utf-8", "surrogateescape")).root == Word("caf\udce9")


QUERY_CHARS = st.sampled_from(' \t()"\\-!:=~.,<>*?_abORdate2024rngé😀\udce9\0')
KEYS = st.sampled_from([f"{key}{sign}" for key in Key for sign in ":="])
PIECES = st.sampled_from([
    "beach", "-", "!", "--", "(", ")", " ", "OR", '"', '"a b"', "\\", "Rome:", "e=mc2", "3..4", "..", ">", "<=", "2024",
    "2024-06", "999999999", "last-3-days", "june", "gps", "raw",
    "43.4,-11.8", "~5km", "~", "*", "IMG_1.jpg", "7", "\udce9",
])  # fmt: skip
TYPED = st.one_of(
    st.text(),
    st.text(QUERY_CHARS, max_size=40),
    st.text(st.characters(), max_size=20),
    st.binary(max_size=60).map(lambda path: path.decode("utf-8", "surrogateescape")),
    st.lists(st.one_of(KEYS, PIECES), max_size=20).map("".join),
    st.lists(st.one_of(KEYS, PIECES), max_size=20).map(" ".join),
    st.builds(lambda piece, times: piece * times, st.one_of(KEYS, PIECES, st.text(QUERY_CHARS, min_size=1, max_size=3)),
              st.sampled_from([2, DEEPEST, DEEPEST + 1, 500, LONGEST_CHARS])),
)  # fmt: skip


def refusal(text: str) -> BadQuery | None:
    try:
        parse(text)
    except BadQuery as error:
        return error
    return None


@settings(max_examples=400)
@given(TYPED)
@example("-" * 4096)
@example('"' + "\\" * 4095)
@example("(" * 4096)
@example("date:" + "9" * 4000)
@example("-(-)")
@example("-(-!) (--)")
@example("faces:>999999999")
@example('like:"a \\"b\\"\\\\" like:IMG_1.jpg -like:"-"')
@example("near:a " * 585)
def test_any_string_is_answered_or_refused_at_a_position_inside_it(text: str) -> None:
    error = refusal(text)
    if error is None:
        query = parse(text)
        written = str(query)
        if len(written) <= LONGEST_CHARS:  # what is written may be longer than what was typed
            assert parse(written) == query
            assert str(parse(written)) == written
    else:
        assert 0 <= error.position <= len(text)
        assert error.query == text
        assert "\n" not in error.reason


def calls_of(text: str) -> int:
    """How many functions, of Python and of C, it takes to understand `text` and to write it."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with contextlib.suppress(BadQuery):
            str(parse(text))
    finally:
        sys.setprofile(before)
    return calls


@settings(max_examples=60)
@given(st.lists(st.one_of(KEYS, PIECES), min_size=1, max_size=4).map("".join))
@example("a=1 ")
@example("-(a) ")
@example("(a OR b) ")
@example('"a" ')
@example("a OR ")
@example('tag:"')
def test_twice_the_text_is_twice_the_work(piece: str) -> None:
    shorter = piece * (LONGEST_CHARS // len(piece) // 4 * 2)  # even: a quote that is never closed ends the work
    assert calls_of(shorter + shorter) <= 2 * calls_of(shorter) + 4 * calls_of(piece) + 2000


BYTES_THAT_ARE_NO_UTF8 = st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
CHARS = st.one_of(st.characters(codec="utf-8"), BYTES_THAT_ARE_NO_UTF8, st.sampled_from(' "\\()-!~:=*OR'))
NAMES = st.text(CHARS, min_size=1).filter(lambda text: bool(text.strip()))
YEARS = st.integers(dates.EARLIEST_YEAR, dates.LATEST_YEAR)
DATES = st.dates(dt.date(dates.EARLIEST_YEAR, 1, 1), dt.date(dates.LATEST_YEAR, 12, 31))


def ranges(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Numbers]:
    pairs = st.tuples(numbers, numbers).map(sorted)
    return st.one_of(
        pairs.map(lambda pair: Numbers(*pair)),
        numbers.map(lambda number: Numbers(number, None)),
        numbers.map(lambda number: Numbers(None, number)),
    )


DAY_RANGES = st.one_of(
    st.tuples(DATES, DATES).map(lambda pair: Days(min(pair), max(pair))),
    YEARS.map(lambda year: Days(dt.date(year, 1, 1), dt.date(year, 12, 31))),
    DATES.map(lambda day: Days(day.replace(day=1), None)),
    DATES.map(
        lambda day: Days(None, day.replace(day=1) - dt.timedelta(days=1)) if day.year > 1000 else Days(None, day)
    ),
)
POINTS = st.builds(
    lambda latitude, longitude: Point(round(latitude, 6), round(longitude, 6)),
    st.floats(-90, 90),
    st.floats(-180, 180),
)
CENTRES = NAMES.filter(lambda name: not re.fullmatch(r"[-+0-9.,]+", name))
"""Names of places: between quotes, too, what looks like a point is one."""
VALUES: Mapping[Key, st.SearchStrategy[Value]] = {
    Key.PERSON: NAMES,
    Key.YEAR: ranges(YEARS),
    Key.DATE: st.one_of(
        st.builds(Recent, st.integers(0, 9999), st.sampled_from(Unit)),
        st.sampled_from(Period),
        st.sampled_from([DateWord(" ".join(name)) for name in dates.VOCABULARY]),
        DAY_RANGES,
    ),
    Key.PLACE: NAMES,
    Key.CAMERA: NAMES,
    Key.LENS: NAMES,
    Key.TYPE: NAMES,
    Key.RATING: ranges(st.integers(0, 5)),
    Key.TAG: NAMES,
    Key.ALBUM: NAMES,
    Key.FOLDER: NAMES,
    Key.FACES: ranges(st.integers(0, MOST_FACES)),
    Key.HAS: st.sampled_from(HAS),
    Key.STACK: st.sampled_from(STACKS),
    Key.TEXT: NAMES,
    Key.CAPTION: NAMES,
    Key.LIKE: NAMES,
    Key.NEAR: st.builds(Near, st.one_of(CENTRES, POINTS), st.integers(1, NEAR_MAX_M)),
    Key.NAME: NAMES,
}
FILTERS = st.one_of(*(st.builds(Filter, st.just(key), values) for key, values in VALUES.items()))


def is_word(text: str) -> bool:
    """Claim: it is a free word when it stands alone."""
    try:
        return parse(text) == Query(Word(text))
    except BadQuery:
        return False


WORDS = (
    st.one_of(
        st.from_regex(r"[^\W_][\w.,;#&'/+*-]*", fullmatch=True),
        st.text(CHARS, min_size=1),
        st.text("-!", min_size=1, max_size=3),
        st.sampled_from(["Rome:", "10:30", "c:", "e=mc2", "or", "ORchard", "a:b=c", "https://x", "\\", "a\\", "\0"]),
    )
    .filter(is_word)
    .map(Word)
)
EXPRESSIONS = st.recursive(
    st.one_of(WORDS, NAMES.map(Phrase), FILTERS),
    lambda inner: st.one_of(
        inner.map(negation),
        st.lists(inner, min_size=1, max_size=4).map(all_of),
        st.lists(inner, min_size=1, max_size=4).map(any_of),
    ),
    max_leaves=12,
)


def test_every_filter_has_values_to_be_tried() -> None:
    assert set(VALUES) == set(Key) - {Key.LIMIT}


@settings(max_examples=400)
@given(st.builds(Query, st.one_of(st.none(), EXPRESSIONS), st.integers(1, 999_999_999)) | st.builds(Query, EXPRESSIONS))
@example(Query(Not(Word("-"))))
@example(Query(And((Word("--"), Not(Or((Word("!"), Phrase("-"))))))))
@example(Query(Filter(Key.LIKE, '-"\\\udce9\0 (x) OR')))
@example(Query(Filter(Key.FACES, Numbers(MOST_FACES, None))))
def test_what_is_written_is_read_back_as_the_same(query: Query) -> None:
    text = str(query)
    assume(len(text) <= LONGEST_CHARS)
    assert parse(text) == query


@pytest.mark.parametrize("key", Key)
def test_every_filter_has_an_example_that_can_be_a_file_name(key: Key) -> None:
    first = EXAMPLES[key].split(" or ")[0].split(", ")[0]
    assert "/" not in EXAMPLES[key]
    assert str(parse(first)).startswith(f"{key}:")
