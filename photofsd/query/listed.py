"""The photos of an answer as scripts read them, and why each of them is in it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from photofsd.query.fusion import Hit
from photofsd.query.parse import parse
from photofsd.query.search import Answer, explain
from photofsd.records import Taken
from photofsd.store import assets, paths

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction
    from photofsd.types import AssetId

EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the clock of wherever it was


class Place(TypedDict):
    """Where a photo stands in an order that the image-text model makes."""

    rank: int
    cosine: float


class Why(TypedDict):
    """Why a photo is in an answer.

    words: the free words that it has, and where ("tags", "folder" ...). words_rank: of its group, None = not by words.
    meaning, looks: by what it shows, by the photo that it looks like.
    """

    words: dict[str, list[str]]
    words_rank: int | None
    meaning: Place | None
    looks: Place | None


class Listed(TypedDict):
    """One photo of an answer. taken: RFC 3339, local time, with the offset where the photo says it."""

    id: int
    name: str
    path: str
    taken: str | None
    score: float
    why: NotRequired[Why]


def listed(txn: ReadTransaction, answer: Answer, text: str, *, at_most: int | None, with_why: bool) -> Iterator[Listed]:
    """Yield the photos of the answer to the query `text`, best first; not those whose files are gone."""
    query = parse(text)
    for hit in answer.hits[:at_most]:
        found = _listed(txn, hit)
        if found is None:
            continue
        if with_why:
            said = {reason.word: list(reason.fields) for reason in explain(txn, query, hit.asset)}
            found["why"] = _why(hit, said)
        yield found


def _listed(txn: ReadTransaction, hit: Hit) -> Listed | None:
    record, metadata = assets.asset(txn, hit.asset), assets.metadata(txn, hit.asset)
    path = original_of(txn, hit.asset)
    if record is None or path is None:
        return None
    return Listed(
        id=hit.asset,
        name=os.fsdecode(record.name),
        path=path,
        taken=None if metadata is None else _taken(metadata.taken),
        score=round(hit.score, 4),
    )


def original_of(txn: ReadTransaction, asset: AssetId) -> str | None:
    """The best of the paths where the photo lies, as os.fsdecode gives it; None when it is gone."""
    record = assets.asset(txn, asset)
    files = (paths.file(txn, file) for file in (record.files if record is not None else ()))
    return next((os.fsdecode(paths.file_path(txn, file)) for file in files if file is not None), None)


def _why(hit: Hit, words: dict[str, list[str]]) -> Why:
    at = hit.standing
    return Why(words=words, words_rank=at.words, meaning=_place(at.meaning), looks=_place(at.looks))


def _place(at: tuple[int, float] | None) -> Place | None:
    return None if at is None else Place(rank=at[0], cosine=at[1])


def _taken(taken: Taken | None) -> str | None:
    """When it was taken, as the clock of that place showed; None when that is but a guess from the file's own time."""
    if taken is None or taken.source.is_guess:
        return None
    offset = "" if taken.offset_min is None else dt.timezone(dt.timedelta(minutes=taken.offset_min)).tzname(None)
    clock = EPOCH + dt.timedelta(microseconds=taken.local_ns // 1000)
    return clock.isoformat(timespec="seconds") + offset.removeprefix("UTC")
