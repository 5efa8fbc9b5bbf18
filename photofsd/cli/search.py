"""`photofsd search`."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_beside, say_json
from photofsd.config.schema import Settings
from photofsd.daemon.client import ask
from photofsd.daemon.commands import Search, SearchResult
from photofsd.errors import DaemonBusy, DaemonNotRunning, ModelUnusable, StoreError, TooSlow, UsageError

if TYPE_CHECKING:
    from photofsd.query.listed import Listed
    from photofsd.query.meaning import Meaning
    from photofsd.store.transaction import ReadTransaction

MARGIN_S: Final = 3.0
"""What an answer of the daemon may take beside the model."""

PROTECTION: Final = "\0"
"""Stands before a word that is none of click's business; no argument of a program can hold it."""


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
@click.option("--explain", is_flag=True, help="Say why each photo is in the answer.")
@common_options
def command(
    invocation: Invocation, *, words: tuple[str, ...], limit: int | None, as_json: bool, zero: bool, explain: bool
) -> None:
    """Print the originals that a query finds, best first.

    The words of QUERY are put together with spaces. Asks the daemon where it runs, and works without it.
    """
    if explain and zero:
        raise UsageError("--explain and -0 don't go together")
    question = Search(query=" ".join(words), limit=limit, explain=explain)
    found = _answer(invocation.settings, question)
    for line in found["notes"]:
        say_beside(line)
    photos = found["photos"]
    if as_json:
        say_json(photos)
    elif explain:
        for photo in photos:
            for line in _explained(photo):
                say(line)
    elif sys.stdout.isatty() and not zero:
        for photo in photos:
            say(photo["path"])
    else:
        end = b"\0" if zero else b"\n"
        click.echo(b"".join(os.fsencode(photo["path"]) + end for photo in photos), nl=False)


def _answer(settings: Settings, question: Search) -> SearchResult:
    """The daemon's answer; where there is none, or it does not answer, that of the store."""
    try:
        return ask(settings.state, question, timeout_s=settings.search.timeout_s + MARGIN_S)
    except DaemonNotRunning:
        return _alone(settings, question)
    except (DaemonBusy, TooSlow) as error:
        say_beside(f"searching without the daemon: {error}")
        return _alone(settings, question)


def _alone(settings: Settings, question: Search) -> SearchResult:
    """The answer from the store, and by the model that answers, loaded for this one question."""
    from photofsd.cli.opened import opened_store  # noqa: PLC0415 - the store is slow to import, and the daemon has it
    from photofsd.query.listed import listed  # noqa: PLC0415 - the same
    from photofsd.query.search import search  # noqa: PLC0415 - the same

    today = dt.datetime.now(settings.zone).date()
    with opened_store(settings) as txn:
        meaning, notes = _meaning(txn, settings, is_explained=question.explain)
        answer = search(
            txn,
            question.query,
            today=today,
            limit=question.limit or settings.search.default_limit,
            covers_only=settings.stacks == "cover",
            meaning=meaning,
        )
        photos = list(listed(txn, answer, question.query, at_most=question.limit, with_why=question.explain))
    return SearchResult(photos=photos, notes=[*notes, *answer.notes], total=answer.total)


def _meaning(txn: ReadTransaction, settings: Settings, *, is_explained: bool) -> tuple[Meaning | None, list[str]]:
    """The model that answers, and what it says of itself; or None, and what there is to say about that."""
    from photofsd.store import embeddings  # noqa: PLC0415 - as above

    if not embeddings.answering(txn):
        return None, []
    from photofsd.searcher import cold  # noqa: PLC0415 - numpy and a model take a while, and words need neither

    try:
        found = cold.opened(txn, settings)
    except (ModelUnusable, StoreError) as error:
        return None, [f"searching by words only: {error}"]
    return found, [found.about] if found is not None and found.about and is_explained else []


def _explained(photo: Listed) -> Iterator[str]:
    """A photo's path, and why it is in the answer."""
    yield f"{photo['score']:.4f}  {photo['path']}"
    why = photo.get("why")
    if why is None:
        return
    for word, fields in why["words"].items():
        yield f"        {word}: in {', '.join(fields)}"
    if why["words_rank"] is not None:
        yield f"        by words: group {why['words_rank']}"
    for name, place in (("by what it shows", why["meaning"]), ("by what it looks like", why["looks"])):
        if place is not None:
            yield f"        {name}: rank {place['rank']}, cosine {place['cosine']:.3f}"
