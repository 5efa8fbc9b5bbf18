"""Words at a million photos: facets in the store beside a text index (tantivy) of the same words in the same run.

PHOTOFSD_BENCH_CACHE keeps the store and the index for the next time: building takes an hour where others work, too.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from photofsd.query.search import search
from photofsd.query.words import Field
from photofsd.store import assets, derived
from photofsd.store.env import Store
from photofsd.store.inflections import stem
from photofsd.store.schema import Tables
from photofsd.store.tokens import tokens
from photofsd.types import AssetId, Facet
from tests.bench.conftest import LARGE, Scaled
from tests.bench.sheet import Sheet, percentile, say
from tests.component.query_library import Shot, add, open_store

try:
    import tantivy
except ImportError:
    tantivy = None

pytestmark = pytest.mark.skipif(
    tantivy is None, reason="tantivy, the text index that words are measured against, is missing"
)

TODAY = dt.date(2024, 7, 31)
START = dt.datetime(2005, 1, 1)  # noqa: DTZ001  the camera's clock
BATCH = 2_000
WORDS, CAPTION_WORDS = 20_000, 8
COMMON, RARE = range(10), range(3_000, 20_000)
ROUNDS = 40
LISTED = 200
CHANGED = (100, 1_000)
COMMITS = 9
WRITER_BYTES = 128 << 20
MB = 1_000_000
MS = 1_000


def vocabulary() -> list[str]:
    """Words that nobody has, frequent ones first; a third of them inflected."""
    rng = random.Random(5)
    syllables = ["".join(parts) for parts in itertools.product("bdfklmnprst", "aeiou")]
    made: dict[str, None] = {}
    while len(made) < WORDS:
        root = "".join(rng.choices(syllables, k=rng.randrange(2, 4))) + rng.choice("bdkmnt")
        made[root + rng.choice(["", "", "", "", "s", "ing"])] = None
    return list(made)


def shots(count: int) -> Iterator[Shot]:
    """Photos as a family has them: events, half of all at home, captions of words of very unequal frequency."""
    rng = random.Random(7)
    words = vocabulary()
    odds = list(itertools.accumulate(1 / (n + 1) for n in range(len(words))))
    for n in range(count):
        taken = START + dt.timedelta(minutes=n * 10_000_000 // count)
        city = 0 if rng.random() < 0.5 else rng.randrange(300)
        yield Shot(
            paths=(f"{taken.year}/{words[n // 150 % WORDS]} {n // 150}/IMG_{n % 10_000:04}.jpg",),
            taken=taken,
            tags=(words[rng.randrange(500)],) if rng.random() < 0.2 else (),
            caption=" ".join(rng.choices(words, cum_weights=odds, k=CAPTION_WORDS)),
            camera=f"Maker Camera{rng.randrange(12)}",
            place=(f"Country{city % 30}", f"Region{city % 90}", f"City{city}"),
        )


STEMS = {Field.TAG_INFLECTED: Field.TAG, Field.CAPTION_INFLECTED: Field.CAPTION}


class Asked(NamedTuple):
    """A kind of question, and how each of both is asked it. words: of the question; year: of the filter."""

    what: str
    words: Callable[[random.Random, list[str]], list[str]]
    year: int | None = None

    def line(self, words: Sequence[str]) -> str:
        return " ".join([*words, *([] if self.year is None else [f"year:{self.year}"])])

    def lucene(self, words: Sequence[str]) -> str:
        stems = [[f"{field.name}:{stem(word)}" for field in STEMS] for word in words]
        either = (f"+({' OR '.join([word, *more])})" for word, more in zip(words, stems, strict=True))
        return " ".join([*either, *([] if self.year is None else [f"+year:{self.year}"])])


def some(*pools: range) -> Callable[[random.Random, list[str]], list[str]]:
    return lambda rng, words: [words[rng.choice(pool)] for pool in pools]


QUESTIONS = (
    Asked("a common word", some(COMMON)),
    Asked("a rare word", some(RARE)),
    Asked("two common words", some(COMMON, COMMON)),
    Asked("a common and a rare word", some(COMMON, RARE)),
    Asked("two rare words", some(RARE, RARE)),
    Asked("a common word of a year", some(COMMON), 2015),
    Asked("a rare word of a year", some(RARE), 2015),
    Asked("two common words of a year", some(COMMON, COMMON), 2015),
)


class Library(NamedTuple):
    """The same photos twice."""

    count: int
    store: Store
    folder: Path
    index: Any


def field_words(shot: Shot) -> dict[Field, str]:
    """What the text index is given of a photo: the very words that are facets."""
    *folders, name = shot.paths[0].split("/")
    texts: dict[Field, Sequence[str]] = {
        Field.TAG: shot.tags,
        Field.CAPTION: tuple(filter(None, (shot.caption,))),
        Field.NAME: (name,),
        Field.FOLDER: folders,
        Field.CAMERA: tuple(filter(None, (shot.camera,))),
        Field.PLACE: shot.place or (),
    }
    found = {field: [word for text in some for word in tokens(text)] for field, some in texts.items()}
    found |= {field: list(map(stem, found[of])) for field, of in STEMS.items()}
    return {field: " ".join(words) for field, words in found.items()}


INDEXED = list(field_words(Shot(("a",))))


def new_index(folder: Path) -> Any:  # noqa: ANN401  tantivy says no types
    folder.mkdir(parents=True, exist_ok=True)
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    builder.add_unsigned_field("year", indexed=True, fast=True)
    for field in INDEXED:
        builder.add_text_field(field.name, stored=False)
    return tantivy.Index(builder.build(), path=str(folder))


def document(asset: int, shot: Shot) -> Any:  # noqa: ANN401
    found = tantivy.Document()
    found.add_unsigned("id", asset)
    if shot.taken is not None:
        found.add_unsigned("year", shot.taken.year)
    for field, text in field_words(shot).items():
        found.add_text(field.name, text)
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, scaled: Scaled) -> Iterator[Library]:
    count = scaled(LARGE)
    kept = os.environ.get("PHOTOFSD_BENCH_CACHE")
    folder = Path(kept) / f"{count}-words-{derived.VERSION}" if kept else tmp_path_factory.mktemp("words")
    is_made = (folder / "built").exists()
    store, index = open_store(folder / "store"), new_index(folder / "index")
    if not is_made:
        build(store, index, count)
        (folder / "built").touch()
    index.reload()
    yield Library(count, store, folder, index)
    store.close()


def build(store: Store, index: Any, count: int) -> None:  # noqa: ANN401
    writer = index.writer(WRITER_BYTES)
    waiting = shots(count)
    for first in range(0, count, BATCH):
        batch = list(itertools.islice(waiting, BATCH))
        for asset, shot in zip(add(store, batch), batch, strict=True):
            writer.add_document(document(asset, shot))
        if first % 100_000 == 0:
            say(f"  {first:,} photos are built")
    writer.commit()
    writer.wait_merging_threads()


def took_ms(action: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    action()
    return (time.perf_counter() - started_s) * MS


def test_words(library: Library, sheet: Sheet) -> None:
    sheet.add("photos in the library", library.count, "")
    add_sizes(library, sheet)
    for question in QUESTIONS:
        add_answers(library, question, sheet)
    for changed in CHANGED:
        add_commits(library, changed, sheet)


def add_answers(library: Library, question: Asked, sheet: Sheet) -> None:
    """The best LISTED of a kind of question, by each in turn."""
    rng = random.Random(question.what)
    words = vocabulary()
    times: dict[str, list[float]] = {"facets": [], "tantivy": []}
    searcher = library.index.searcher()
    boosts = {field.name: field.weight for field in INDEXED}
    names = [field.name for field in INDEXED if field not in STEMS]
    for _ in range(ROUNDS):
        chosen = question.words(rng, words)

        def by_facets(chosen: list[str] = chosen) -> None:
            with library.store.read() as txn:
                search(txn, question.line(chosen), today=TODAY, limit=LISTED)

        def by_tantivy(chosen: list[str] = chosen) -> None:
            query = library.index.parse_query(question.lucene(chosen), names, boosts)
            hits = searcher.search(query, LISTED, count=True).hits
            searcher.fast_field_values("id", [address for _, address in hits])

        times["facets"].append(took_ms(by_facets))
        times["tantivy"].append(took_ms(by_tantivy))
    for who, each in times.items():
        for percent in (50, 95):
            sheet.add(f"{question.what}, by {who}, p{percent}", percentile(each, percent), "ms")


def add_commits(library: Library, changed: int, sheet: Sheet) -> None:
    """Other captions for some photos, spread over all; and other ratings, which are no words."""
    rng = random.Random(changed)
    words = vocabulary()
    times: dict[str, list[float]] = {"facets": [], "ratings": [], "tantivy": []}
    writer = library.index.writer(WRITER_BYTES)
    for turn in range(COMMITS):
        photos = rng.sample(range(1, library.count + 1), changed)
        captions = {photo: " ".join(rng.choices(words[:2000], k=CAPTION_WORDS)) for photo in photos}
        times["facets"].append(took_ms(lambda captions=captions: rewrite(library.store, captions)))
        times["ratings"].append(took_ms(lambda photos=photos, turn=turn: rate(library.store, photos, turn)))
        times["tantivy"].append(took_ms(lambda captions=captions: reindex(library.index, writer, captions)))
    sheet.add(f"{changed:,} photos with other captions, the whole transaction", percentile(times["facets"], 50), "ms")
    sheet.add(f"{changed:,} photos with another rating, the whole transaction", percentile(times["ratings"], 50), "ms")
    sheet.add(f"{changed:,} photos with other captions, tantivy's commit alone", percentile(times["tantivy"], 50), "ms")


def rewrite(store: Store, captions: dict[int, str]) -> None:
    _change(store, {photo: {"caption": caption} for photo, caption in captions.items()})


def rate(store: Store, photos: Sequence[int], turn: int) -> None:
    _change(store, {photo: {"rating": turn % 5} for photo in photos})


def _change(store: Store, changes: dict[int, dict[str, Any]]) -> None:
    with store.write() as txn:
        for photo, change in changes.items():
            known = assets.metadata(txn, AssetId(photo))
            if known is None:
                raise LookupError(f"photo {photo} has no metadata")
            assets.keep(txn, Tables.METADATA, AssetId(photo), msgspec.structs.replace(known, **change))


def reindex(index: Any, writer: Any, captions: dict[int, str]) -> None:  # noqa: ANN401
    for photo, caption in captions.items():
        writer.delete_documents_by_term("id", photo)
        writer.add_document(document(photo, like_before(photo, caption)))
    writer.commit()
    index.reload()


def like_before(photo: int, caption: str) -> Shot:
    """As many words as the photo had."""
    at = START + dt.timedelta(minutes=photo)
    place = ("Country1", "Region2", "City3")
    return Shot(
        (f"{at.year}/word {photo}/IMG_{photo % 10_000:04}.jpg",),
        at,
        caption=caption,
        camera="Maker Camera1",
        place=place,
    )


def add_sizes(library: Library, sheet: Sheet) -> None:
    """The facets of words alone, and the whole text index."""
    words = of_stems = 0
    letters = tuple(field.letter.encode() for field in STEMS)
    with library.store.read() as txn:
        for key, value in txn.items(Tables.FACETS, bytes([Facet.WORD])):
            words += len(key) + len(value)
            of_stems += (len(key) + len(value)) * key[1:].startswith(letters)
    index = sum(file.stat().st_size for file in (library.folder / "index").iterdir())
    sheet.add("the facets of words", words / MB, "MB")
    sheet.add("of these the stems", of_stems / MB, "MB")
    sheet.add("the index of tantivy", index / MB, "MB")
