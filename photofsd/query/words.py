"""Free words: what one is looked for in, and which photos have it where.

Every word of a photo's names, folders, tags, albums, title and caption, place, camera and lens is a facet: the letter
of its field and the folded word; in tags, titles and captions its stem is another, so that `dogs` finds a dog, behind
those who say "dogs". What stands between quotes is meant as it is. A phrase must stand without a gap in one field: in
what is a facet itself (tags, albums, places, cameras, folders) the values are looked at, in names and captions the
records of the photos that have all its words. A free word that names a time also finds the photos taken then. Those
that somebody is in are found by the words of their name, which is no facet: naming somebody is one record.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from pyroaring import BitMap

from photofsd.query import people
from photofsd.query.dates import LONGEST_NAME, Meaning, meaning_of, taken_when
from photofsd.query.names import folders, in_folders, name_of
from photofsd.query.syntax import Phrase, Word
from photofsd.query.text import atoms, parts, run_pattern, words
from photofsd.store import assets, facets, paths
from photofsd.store.inflections import stem
from photofsd.store.schema import U32, Tables
from photofsd.store.tokens import TOKEN_MAX_BYTES, folded, spelled_out
from photofsd.types import AssetId, Facet

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

MUTE = frozenset(["a", "an", "and", "at", "by", "for", "from", "in", "my", "of", "on", "or", "the", "to", "with"])
"""Words that restrict nothing where others stand beside them: "dog on the beach"."""


class Field(enum.Enum):
    """Where a word may be found: the letter of its facets, what users call it, how much it says (1..10).

    A capital letter is that of the stems of the field with the small one.
    """

    TAG = ("t", "tags", 10)
    CAPTION = ("x", "caption", 10)
    TAG_INFLECTED = ("T", "tags", 9)
    CAPTION_INFLECTED = ("X", "caption", 9)
    NAME = ("n", "name", 10)
    PERSON = ("", "people", 10)
    ALBUM = ("a", "album", 8)
    FOLDER = ("f", "folder", 8)
    PLACE = ("p", "place", 6)
    CAMERA = ("c", "camera", 5)
    DATE = ("", "date", 4)

    def __init__(self, letter: str, title: str, weight: int) -> None:
        self.letter = letter
        self.title = title
        self.weight = weight


HIGHEST_WEIGHT = max(field.weight for field in Field)
_LETTERED = [field for field in Field if field.letter.islower()]
_INFLECTED = [field for field in Field if field.letter.isupper()]


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """What a photo either has or has not: a word, or words that stand together.

    run: one folded word, or the atoms of a phrase. meaning: the time that it names.
    spelled: the same with its umlauts spelled out. stem: that of a word whose inflections are meant, too.
    """

    run: tuple[str, ...]
    meaning: Meaning | None = None
    spelled: tuple[str, ...] = ()
    stem: str | None = None

    @property
    def is_phrase(self) -> bool:
        """Claim: it is more than a word, so that records may have to be read."""
        return len(self.run) > 1

    def __str__(self) -> str:
        return " ".join(self.run)


Found = list[tuple[Field, BitMap]]
"""The assets that have a term, by field."""


def union_of(found: Found) -> BitMap:
    """The assets that have a term in any field."""
    return BitMap.union(BitMap(), *(members for _, members in found))


def is_mute(node: Word | Phrase) -> bool:
    """Claim: it restricts nothing where others stand beside it."""
    found = words(node.text)
    return not found or (isinstance(node, Word) and MUTE.issuperset(found))


def terms_of(nodes: Sequence[Word | Phrase]) -> list[Term]:
    """The terms of words that stand side by side; two words that name a time together are one ("new year")."""
    terms: list[Term] = []
    run: list[_Heard] = []
    for node in nodes:
        if isinstance(node, Phrase):
            terms += [*_split(run), *_phrase(node)]
            run = []
        else:
            run += zip(words(node.text), words(spelled_out(node.text)), strict=True)
    terms += _split(run)
    return list(dict.fromkeys(terms))


_Heard = tuple[str, str]
"""A word, and the same with its umlauts spelled out."""


def _phrase(node: Phrase) -> Iterator[Term]:
    as_words = words if len(words(node.text)) == 1 else atoms
    found, spelled = as_words(node.text), as_words(spelled_out(node.text))
    if found:
        yield Term(found, spelled=spelled)


def _split(run: Sequence[_Heard]) -> Iterator[Term]:
    heard = [(word, spelled) for word, spelled in run if word not in MUTE] or run
    at = 0
    while at < len(heard):
        for length in range(min(LONGEST_NAME, len(heard) - at), 0, -1):
            name, spelled = zip(*heard[at : at + length], strict=True)
            meaning = meaning_of(name)
            if meaning is not None or length == 1:
                yield Term(name, meaning, spelled, stem(name[0]) if length == 1 else None)
                at += length
                break


def having(txn: ReadTransaction, term: Term, among: BitMap) -> Found:
    """The assets of `among` that have the term, by the fields where anything has it."""
    found = [(field, members & among) for field, members in _fields(txn, term, among)]
    return [(field, members) for field, members in found if members]


def _fields(txn: ReadTransaction, term: Term, among: BitMap) -> Iterator[tuple[Field, BitMap]]:
    for run in dict.fromkeys((term.run, term.spelled or term.run)):
        for field in _LETTERED:
            if term.is_phrase:
                yield field, with_phrase(txn, field, run, among)
            else:
                yield field, with_word(txn, field, run[0])
        yield Field.PERSON, people.with_run(txn, run)
    if term.stem is not None:
        for field in _INFLECTED:
            yield field, _with_stem(txn, field, term.stem)
    if term.meaning is not None:
        yield Field.DATE, taken_when(txn, term.meaning)


def with_word(txn: ReadTransaction, field: Field, word: str) -> BitMap:
    """The assets that have `word`, or all the parts that it may be written as, in `field`."""
    whole = _with_token(txn, field.letter, word)
    apart = parts(word)
    return whole | _with_all(txn, field, apart) if apart else whole


def _with_stem(txn: ReadTransaction, field: Field, root: str) -> BitMap:
    """The assets that have a word of that stem; one that is its own stem has the facet of a word alone."""
    return _with_token(txn, field.letter, root) | _with_token(txn, field.letter.lower(), root)


def _with_token(txn: ReadTransaction, letter: str, token: str) -> BitMap:
    encoded = token.encode()
    if len(encoded) > TOKEN_MAX_BYTES:
        return BitMap()
    return facets.bitmap(txn, Facet.WORD, letter.encode() + encoded)


def _with_all(txn: ReadTransaction, field: Field, tokens: Sequence[str]) -> BitMap:
    return BitMap.intersection(*(_with_token(txn, field.letter, token) for token in tokens))


def with_phrase(txn: ReadTransaction, field: Field, run: tuple[str, ...], among: BitMap) -> BitMap:
    """The assets that have the atoms `run` without a gap in `field`; where records must be read, those of `among`."""
    candidates = _with_all(txn, field, run)
    if not candidates:
        return candidates
    pattern = run_pattern(run)

    def is_in(text: str) -> bool:
        return pattern.search(folded(text)) is not None

    if field in _FACETS:
        return _of_values(txn, _FACETS[field], is_in)
    if field is Field.FOLDER:
        return in_folders(txn, (folder for folder, name in folders(txn) if is_in(name)))
    texts = _TEXTS[field]
    return BitMap(asset for asset in candidates & among if any(map(is_in, texts(txn, AssetId(asset)))))


def _of_values(txn: ReadTransaction, kinds: Sequence[Facet], is_in: Callable[[str], bool]) -> BitMap:
    found = BitMap()
    for facet in kinds:
        values = (value for value in facets.values(txn, facet) if is_in(name_of(value)))
        found |= facets.union(txn, facet, values)
    return found


def _names(txn: ReadTransaction, asset: AssetId) -> Iterator[str]:
    record = assets.asset(txn, asset)
    if record is not None:
        yield record.name.decode("utf-8", "replace")
        files = (paths.file(txn, file) for file in record.files)
        yield from (file.name.decode("utf-8", "replace") for file in files if file is not None)


class _Said(msgspec.Struct):
    """The part of a Metadata row that is looked at here (decodes ten times faster)."""

    title: str | None = None
    caption: str | None = None


def _captions(txn: ReadTransaction, asset: AssetId) -> Iterator[str]:
    found = txn.record(Tables.METADATA, U32.pack(asset), _Said)
    if found is not None:
        yield from filter(None, (found.title, found.caption))


_FACETS: Mapping[Field, Sequence[Facet]] = {
    Field.TAG: (Facet.TAG,),
    Field.ALBUM: (Facet.ALBUM,),
    Field.CAMERA: (Facet.CAMERA, Facet.LENS),
    Field.PLACE: (Facet.PLACE,),
}
"""The facets whose values are the texts of a field."""

_TEXTS: Mapping[Field, Callable[[ReadTransaction, AssetId], Iterator[str]]] = {
    Field.NAME: _names,
    Field.CAPTION: _captions,
}
"""Where the texts of a field stand that is no facet itself."""
