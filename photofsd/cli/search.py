"""`photofsd search`."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import sys
from typing import Final, TypedDict

import click

from photofsd.cli.opened import opened_store, original_of
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_beside, say_json
from photofsd.config.schema import Settings
from photofsd.query.search import search
from photofsd.records import Taken
from photofsd.store import assets
from photofsd.store.transaction import ReadTransaction
from photofsd.types import AssetId

EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the clock of wherever it was


PROTECTION: Final = "\0"
"""Stands before a word that is none of click's business; no argument of a program can hold it."""


class Found(TypedDict):
    """One photo of an answer. taken: RFC 3339, local time, with the offset where the photo says it."""

    id: int
    name: str
    path: str
    taken: str | None
    score: float


class _Query(click.Command):
    """Takes "-year:2020" for a negated word of the query, not for a bundle of options with a -0 in it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [PROTECTION + arg if self._is_negated_word(arg) else arg for arg in args])

    def _is_negated_word(self, arg: str) -> bool:
        return arg.startswith("-") and not arg.startswith("--") and arg not in {"-", "-0", "-h"}


def _unprotected(_ctx: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.removeprefix(PROTECTION) for word in words)


@click.command("search", cls=_Query)
@click.argument("words", nargs=-1, required=True, metavar="QUERY...", callback=_unprotected)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Print no more than N.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-0", "zero", is_flag=True, help="End each path with a NUL, for xargs -0.")
@common_options
def command(invocation: Invocation, *, words: tuple[str, ...], limit: int | None, as_json: bool, zero: bool) -> None:
    """Print the originals that a query finds, best first.

    The words of QUERY are put together with spaces. Works without the daemon.
    """
    found, notes = _search(invocation.settings, " ".join(words), limit)
    for line in notes:
        say_beside(line)
    if as_json:
        say_json(found)
    elif sys.stdout.isatty() and not zero:
        for photo in found:
            say(photo["path"])
    else:
        end = b"\0" if zero else b"\n"
        click.echo(b"".join(os.fsencode(photo["path"]) + end for photo in found), nl=False)


def _search(settings: Settings, text: str, limit: int | None) -> tuple[list[Found], tuple[str, ...]]:
    """What the query finds, best first, and what there is to say about it."""
    today = dt.datetime.now(settings.zone).date()
    with opened_store(settings) as txn:
        answer = search(
            txn, text, today=today, limit=limit or settings.search.default_limit, covers_only=settings.stacks == "cover"
        )
        photos = itertools.islice(zip(answer.assets, answer.scores, strict=True), limit)
        found = [_found(txn, asset, score) for asset, score in photos]
    return [photo for photo in found if photo is not None], answer.notes


def _found(txn: ReadTransaction, asset: AssetId, score: float) -> Found | None:
    """One photo of the answer; None when none of its files is there."""
    record, metadata = assets.asset(txn, asset), assets.metadata(txn, asset)
    path = original_of(txn, asset)
    if record is None or path is None:
        return None
    return Found(
        id=asset,
        name=os.fsdecode(record.name),
        path=path,
        taken=None if metadata is None else _taken(metadata.taken),
        score=round(score, 4),
    )


def _taken(taken: Taken | None) -> str | None:
    """When it was taken, as the clock of that place showed; None when that is but a guess from the file's own time."""
    if taken is None or taken.source.is_guess:
        return None
    offset = "" if taken.offset_min is None else dt.timezone(dt.timedelta(minutes=taken.offset_min)).tzname(None)
    clock = EPOCH + dt.timedelta(microseconds=taken.local_ns // 1000)
    return clock.isoformat(timespec="seconds") + offset.removeprefix("UTC")
