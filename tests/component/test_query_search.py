"""Questions to a small library whose answers are known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyroaring import BitMap

from photofsd.errors import BadQuery
from photofsd.query.parse import parse
from photofsd.query.search import Answer, Reason, explain, matching, search
from photofsd.store import assets, paths
from photofsd.store.env import Store
from photofsd.types import AssetId
from tests.component.query_library import Shot, add, open_store

TODAY = dt.date(2024, 7, 31)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


AREZZO = ("Italy", "Tuscany", "Arezzo")
FLORENCE = ("Italy", "Tuscany", "Florence")
PARIS = ("United States", "Texas", "Paris")
NEW_YORK = ("United States", "New York", "New York City")
SHOTS = [
    Shot(
        ("2013 Südafrika & Safari/elephants.jpg",),
        taken=at("2013-06-02T10:00"),
        camera="Canon EOS 7D",
        lens="EF 100-400mm",
        rating=5,
        tags=("Elephant", "wild animals"),
        types=("jpeg",),
    ),
    Shot(
        ("2013 Südafrika & Safari/raw/IMG_4120.CR2", "Backup/IMG4120.CR2"),
        taken=at("2013-06-02T10:05"),
        camera="Canon EOS 7D Mark II",
        types=("raw",),
        rating=3,
    ),
    Shot(
        ("Strand/beach_sunset.jpg",),
        taken=at("2023-12-25T17:00"),
        tags=("beach",),
        caption="Happy dog at the sea",
        title="Last light",
        place=AREZZO,
        at=(43.4633, 11.8796),
    ),
    Shot(
        ("Strand/ball.jpg",),
        taken=at("2024-06-16T12:00"),  # a Sunday
        tags=("beach ball",),
        caption="The dog is happy",
        place=FLORENCE,
        at=(43.7696, 11.2558),
        camera="Nikon D7000",
        albums=("Riviera 6/16/24",),
        people=("Ana de Armas",),
    ),
    Shot(("Strand/sunset.jpg",), taken=at("2024-07-20T21:00"), place=PARIS, at=(33.6609, -95.5555), rating=0),
    Shot(("misc/IMG_4121.jpg",), taken=at("2024-07-30T23:30"), place=NEW_YORK, at=(40.7143, -74.0060), rating=-1),
    Shot(("misc/may/scan.png",), types=("png", "screenshot")),
    Shot(("misc/DSC_0099.jpg",), taken=at("2000-12-31T12:00"), at=(-0.0, -0.0)),  # a Sunday
    Shot(("misc/2013/old \udce9.jpg",), taken=at("1957-05-11T09:00"), tags=("Summer of love",)),
]
NAMES = ["elephants", "raw", "beach", "ball", "sunset", "img4121", "scan", "dsc99", "old"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("store"))
    assert add(store, SHOTS) == list(range(1, len(SHOTS) + 1))
    yield store
    store.close()


@pytest.fixture
def ask(library: Store) -> Callable[..., Answer]:
    def answer(text: str, **options: object) -> Answer:
        with library.read() as txn:
            return search(txn, text, today=TODAY, **options)

    return answer


def names(answer: Answer) -> list[str]:
    return [NAMES[asset - 1] for asset in answer.assets]


EVERYTHING = "img4121 sunset ball beach raw elephants dsc99 old scan"


@pytest.mark.parametrize(
    "query,found",
    [
        # dates
        ("year:2024", "img4121 sunset ball"),
        ("year:2013..2023", "beach raw elephants"),
        ("year:..1999", "old"),
        ("date:2023-06..2023-12", "beach"),
        ("date:2024-07-20..", "img4121 sunset"),
        ("date:<2013-06-02", "dsc99 old"),
        ("date:yesterday", "img4121"),
        ("date:last-2-weeks", "img4121 sunset"),
        ("date:last-month", "ball"),
        ("date:this-year", "img4121 sunset ball"),
        ("date:christmas", "beach"),
        ("date:sunday", "ball raw elephants dsc99"),
        ("-has:date", "scan"),
        # names of things
        ("place:italy", "ball beach"),
        ("place:Tuscany -place:arezzo", "ball"),
        ('place:"Paris, Texas"', "sunset"),
        ("place:york", "img4121"),
        ("place:F*", "ball"),
        ('camera:"EOS 7D"', "raw elephants"),
        ('camera:"Canon EOS 7D"', "elephants"),
        ("camera=canon_eos_7d", "elephants"),
        ("camera:d7*", ""),
        ("camera:*d7*", "ball"),
        ("lens:100-400mm", "elephants"),
        ("type:RAW", "raw"),
        ("type:screen*", "scan"),
        ("tag:beach", "beach"),
        ("tag:beach*", "ball beach"),
        ("tag:beach_ball", "ball"),
        ("tag:ELEPHANT", "elephants"),
        ("tag:animals", ""),
        ("has:copies", "raw"),
        ("has:gps -has:camera", "img4121 sunset beach dsc99"),
        # ratings: a rejected photo has none
        ("rating:>=4", "elephants"),
        ("rating:0..3", "sunset raw"),
        ("rating:<5", "sunset raw"),
        ("-has:rating", "img4121 ball beach dsc99 old scan"),
        # folders, with what is below them
        ('folder:"2013 Safari"', "raw elephants"),
        ("folder:2013", "old"),
        ("folder:2013*", "raw elephants old"),
        ("folder:backup", "raw"),
        ("folder:misc", "img4121 dsc99 old scan"),
        ("folder:misc -folder:may", "img4121 dsc99 old"),
        # view names
        ("name:img_41*", "img4121 raw"),
        ("name:IMG_4121.JPG", "img4121"),
        ("name:*sunset.jpg", "sunset beach"),
        ("name:?????.png", ""),
        ("name:????.png", "scan"),
        ('name:"old \udce9.jpg"', "old"),
        # captions
        ("caption:dog", "ball beach"),
        ("caption:happy_dog", "beach"),
        ("caption:light", "beach"),
        ("caption:happy_dog year:2024", ""),
        ("caption:happy_dog year:2023", "beach"),
        ('caption:"light happy"', ""),
        # near
        ("near:Arezzo~20km", "beach"),
        ("near:arezzo~60km", "beach"),
        ("near:arezzo~61km", "ball beach"),
        ("near:43.46,11.88~5km", "beach"),
        ("near:43.46,11.88~500m", "beach"),
        ("near:43.46,11.88~300m", ""),
        ("near:Tuscany~1km", "ball beach"),
        ("near:0,0~20000km", "img4121 sunset ball beach dsc99"),
        ("near:0,0~1km", "dsc99"),
        # free words
        ("beach", "ball beach"),
        ("BEACH", "ball beach"),
        ("safari", "raw elephants"),
        ("sudafrika elephants", "elephants"),
        ("dog sea", "beach"),
        ("dog -sea", "ball"),
        ("img4120", "raw"),
        ("dsc0099", "dsc99"),
        ("IMG_4120.cr2", "raw"),
        ("d7000", "ball"),
        ("d70", ""),
        ("italy", "ball beach"),
        ("jun", ""),
        ("zzz", ""),
        ("the dog on a beach", "ball beach"),
        ("😀 & dog", "ball beach"),
        ("the", "ball beach"),
        ("-the year:2024", "img4121 sunset ball"),
        # words that name a time
        ("june", "ball raw elephants"),
        ("june 2024", "ball"),
        ("summer", "old img4121 sunset ball raw elephants"),
        ("summer 2013", "old raw elephants"),
        ("christmas", "beach"),
        ("sunday 2024", "ball"),
        ("may", "scan old"),
        ("2013", "raw elephants old"),
        ('"2013"', "raw elephants old"),
        ('"june"', ""),
        # phrases
        ('"happy dog"', "beach"),
        ('"dog happy"', ""),
        ('"the dog"', "ball"),
        ('"light happy"', ""),
        ('"beach sunset"', "beach"),
        ('"beach ball"', "ball"),
        ('"wild animals"', "elephants"),
        ('"animals wild"', ""),
        ('"südafrika safari"', "raw elephants"),
        ('"new york"', "img4121"),
        ('"tuscany arezzo"', ""),
        ('"EOS 7D"', "raw elephants"),
        ('"img 4120"', "raw"),
        ('-"EOS 7D" year:2013', ""),
        # joined
        ("type:raw OR type:screenshot", "raw scan"),
        ("(type:raw OR type:screenshot) -has:date", "scan"),
        ("-(beach OR year:2024 OR folder:misc)", "raw elephants"),
        ("!raw year:2013", "elephants"),
        ("limit:2", "img4121 sunset"),
        ("limit:999", EVERYTHING),
        # albums, and the people of Google Takeout
        ('album:"Riviera 6-16-24"', "ball"),
        ("album:riviera", "ball"),
        ("has:albums", "ball"),
        ("armas -24", ""),
        ('"ana de armas"', "ball"),
        ('"riviera 6 16"', "ball"),
        ('"de ana"', ""),
        ("beach OR -beach", "ball beach img4121 sunset raw elephants dsc99 old scan"),
    ],
)
def test_query_finds(ask: Callable[..., Answer], query: str, found: str) -> None:
    assert names(ask(query)) == found.split()


@pytest.mark.parametrize(
    "query,note",
    [
        ("person:Alice", "nobody is called 'Alice'"),
        ("faces:>=3", "9 photos have not been looked at for faces"),
        ("album:Holiday", "no photo has an album like 'Holiday'"),
        ("text:EXIT", "the words seen in pictures are not known yet"),
        ("like:IMG_4121.jpg", "there is no image-text model: like:IMG_4121.jpg"),
        ("has:faces", "9 photos have not been looked at for faces"),
        ("has:text", "the words seen in pictures are not known yet"),
        ("near:Atlantis", "no photo was taken at a place like 'Atlantis'"),
        ("place:Atlantis", "no photo has a place like 'Atlantis'"),
        ("camera:Leica", "no photo has a camera like 'Leica'"),
        ("tag:beech", "no photo has the tag 'beech'"),
        ("type:gif", "no photo has the type 'gif'"),
        ("folder:Holiday", "no folder is called 'Holiday'"),
        ("dog zzz", "nothing has the word zzz"),
        ("😀", "no letter or digit"),
        ("caption:😀", "no letter or digit"),
    ],
)
def test_query_that_finds_nothing_says_why(ask: Callable[..., Answer], query: str, note: str) -> None:
    answer = ask(query)
    assert answer.assets == ()
    assert answer.total == 0
    assert len(answer.notes) == 1
    assert note in answer.notes[0]


def test_what_is_not_known_yet_can_be_denied(ask: Callable[..., Answer]) -> None:
    answer = ask("year:2024 -text:EXIT")
    assert names(answer) == ["img4121", "sunset", "ball"]
    assert "the words seen in pictures are not known yet" in answer.notes[0]


def test_query_that_finds_something_has_nothing_to_say(ask: Callable[..., Answer]) -> None:
    assert ask("beach sunset OR june").notes == ()


def test_bad_query_is_refused(ask: Callable[..., Answer]) -> None:
    with pytest.raises(BadQuery, match="did you mean year"):
        ask("yaer:2024")


def test_better_fields_and_rarer_words_come_first(ask: Callable[..., Answer]) -> None:
    answer = ask("elephant OR strand OR tuscany OR sunset")
    # two words each, a name says more than a place; the only elephant; a folder that three photos lie in
    assert names(answer) == ["beach", "sunset", "elephants", "ball"]
    assert answer.scores == tuple(sorted(answer.scores, reverse=True))
    assert all(0 < score < 1 for score in answer.scores)


def test_full_marks_are_for_every_word_in_the_best_place(ask: Callable[..., Answer]) -> None:
    assert ask("beach dog").scores == (1.0, 1.0)
    assert ask("year:2024").scores == (1.0, 1.0, 1.0)


def test_limit_of_the_query_is_stronger_than_that_of_the_caller(ask: Callable[..., Answer]) -> None:
    assert names(ask("has:date", limit=1)) == ["img4121"]
    assert names(ask("has:date limit:2", limit=1)) == ["img4121", "sunset"]
    assert ask("has:date limit:2").total == 8


@pytest.fixture
def asked_of(tmp_path: Path) -> Iterator[Callable[[list[Shot], str], list[int]]]:
    """The places in the list of those that a query finds, best first, in a library of these shots."""
    store = open_store(tmp_path)

    def answer(shots: list[Shot], query: str) -> list[int]:
        if shots:
            add(store, shots)
        with store.read() as txn:
            return [asset - 1 for asset in search(txn, query, today=TODAY).assets]

    yield answer
    store.close()


def test_inflections_are_found_behind_the_word_itself(asked_of: Callable[[list[Shot], str], list[int]]) -> None:
    shots = [
        Shot(("a/1.jpg",), taken=at("2024-01-03T00:00"), caption="Two dogs on the beaches"),
        Shot(("a/2.jpg",), taken=at("2024-01-02T00:00"), caption="A dog at the beach"),
        Shot(("a/3.jpg",), taken=at("2024-01-01T00:00"), tags=("dog", "dogs")),
        Shot(("a/4.jpg",), caption="A doge, and dogma"),
    ]
    assert asked_of(shots, "dog") == [1, 2, 0]
    assert asked_of([], "dogs") == [0, 2, 1]
    assert asked_of([], "beach") == [1, 0]
    assert asked_of([], "dog beaches") == [0, 1]
    assert asked_of([], '"dogs"') == [0, 2]
    assert asked_of([], "caption:dogs") == [0]
    assert asked_of([], "tag:dogs") == [2]
    assert asked_of([], "-dogs") == [3]


def test_names_have_no_inflections(asked_of: Callable[[list[Shot], str], list[int]]) -> None:
    shots = [
        Shot(("dogs/1.jpg",)),
        Shot(("a/dogs.jpg",)),
        Shot(("a/2.jpg",), albums=("Dogs",)),
        Shot(("a/3.jpg",), people=("Ann Dogs",)),
        Shot(("a/4.jpg",), place=("Dogs", "Dogs", "Isle of Dogs")),
        Shot(("a/5.jpg",), camera="Dogs 7"),
    ]
    assert asked_of(shots, "dog") == []
    assert sorted(asked_of([], "dogs")) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("query", ["köln", "Koeln", "KOELN", "k\u006f\u0308ln", '"köln"'])
def test_umlauts_are_found_however_they_are_written(
    asked_of: Callable[[list[Shot], str], list[int]], query: str
) -> None:
    shots = [
        Shot(("a/1.jpg",), caption="Köln bei Nacht"),
        Shot(("a/2.jpg",), caption="Koeln bei Nacht"),
        Shot(("Ko\u0308ln/3.jpg",)),
        Shot(("a/4.jpg",), place=("Germany", "North Rhine-Westphalia", "Koeln")),
        Shot(("a/5.jpg",), caption="Kohl"),
    ]
    assert sorted(asked_of(shots, query)) == [0, 1, 2, 3]


def test_a_phrase_with_umlauts_is_also_found_spelled_out(
    asked_of: Callable[[list[Shot], str], list[int]],
) -> None:
    shots = [Shot(("a/1.jpg",), caption="die alte Bruecke"), Shot(("a/2.jpg",), caption="die alte Brücke")]
    assert sorted(asked_of(shots, '"alte brücke"')) == [0, 1]
    assert asked_of([], "straße") == asked_of([], "strasse") == []


def test_search_within_a_folder_finds_nothing_else(ask: Callable[..., Answer]) -> None:
    assert names(ask("beach OR year:2024", within=BitMap([4, 6, 100]))) == ["ball", "img4121"]
    assert names(ask("-beach", within=BitMap([4, 6, 100]))) == ["img4121"]
    assert names(ask("limit:9", within=BitMap([4, 6, 100]))) == ["img4121", "ball"]


def test_all_that_matches_is_known_without_its_order(library: Store) -> None:
    with library.read() as txn:
        assert matching(txn, parse("year:2024 limit:1"), today=TODAY) == BitMap([4, 5, 6])


def test_result_is_explained_by_its_words_and_fields(library: Store) -> None:
    with library.read() as txn:
        reasons = explain(txn, parse("beach dog christmas -zebra year:2023"), AssetId(3))
    assert reasons == (
        Reason("beach", ("tags", "name")),
        Reason("dog", ("caption",)),
        Reason("christmas", ("date",)),
    )


def test_names_are_found_in_any_case_of_any_letter(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    add(store, [Shot(("Übung É.jpg",)), Shot(("übung.JPG",)), Shot(("bung.jpg",))])
    with store.read() as txn:
        for query, found in {
            "name:ÜBUNG*": (1, 2),
            "name:*é.jpg": (1,),
            "name:?bung*": (1, 2),
            "name:*.jpg": (1, 2, 3),
        }.items():
            assert sorted(search(txn, query, today=TODAY).assets) == list(found), query
    store.close()


def test_photo_whose_files_are_gone_is_in_no_answer(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    add(store, [Shot(("a/dog.jpg",), tags=("dog",)), Shot(("a/dog2.jpg",), tags=("dog",))])
    with store.write() as txn:
        record = assets.asset(txn, AssetId(1))
        assert record is not None
        paths.remove_file(txn, record.files[0])
    with store.read() as txn:
        for query in ("dog", "name:dog*", "tag:dog", "-zebra", "limit:5", '"dog"'):
            assert search(txn, query, today=TODAY).assets == (2,)
    store.close()
