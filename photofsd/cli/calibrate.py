"""`photofsd models calibrate`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, TypedDict

import click

from photofsd.cli.opened import opened_store
from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.cli.progress import progress
from photofsd.daemon.report import columns
from photofsd.errors import ModelUnusable
from photofsd.store import embeddings, facets
from photofsd.types import Facet

if TYPE_CHECKING:
    from photofsd.searcher.cold import Cold
    from photofsd.store.transaction import ReadTransaction

COMMON: Final = ("beach", "dog", "food", "a car", "mountains", "a group of people")
TAGS_MAX: Final = 10
PROBES_SHOWN: Final = 6


class Kept(TypedDict):
    """What a floor keeps of a text. best: the highest cosine; None where no photo has a vector."""

    text: str
    keeps: int
    best: float | None


class Proposal(TypedDict):
    """A floor for a library. photos: that have a vector. in_use: the setting search.floor. nonsense: of probes."""

    model: str
    photos: int
    floor: float
    in_use: str
    texts: list[Kept]
    nonsense: list[Kept]


@click.command("calibrate")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def command(invocation: Invocation, *, texts: tuple[str, ...], as_json: bool) -> None:
    """Propose a value of search.floor from the library, and show how many photos it keeps of each TEXT.

    Without TEXT: of common things, and of the tags that most photos have. Changes nothing.
    """
    from photofsd.searcher import cold  # noqa: PLC0415 - numpy and a model take a while

    settings = invocation.settings
    with opened_store(settings) as txn, progress("calibrating") as show:
        show("loading the model", 0, 1)
        found = cold.opened(txn, settings)
        if found is None:
            raise ModelUnusable("no image-text model answers searches yet: `photofsd status` says what it waits for")
        proposal = _proposed(txn, found, texts or common_texts(txn), settings.search.floor)
    if as_json:
        say_json(proposal)
        return
    say(f'model {proposal["model"]}, {proposal["photos"]:,} photos: search.floor = "{proposal["floor"]:.3f}"')
    say(f'in use: search.floor = "{proposal["in_use"]}" (auto: what is proposed here, kept up with the library)')
    say("")
    for line in columns([("text", "keeps", "best"), *map(_cells, proposal["texts"] + proposal["nonsense"])]):
        say(line)


def _proposed(txn: ReadTransaction, found: Cold, texts: tuple[str, ...], in_use: str) -> Proposal:
    from photofsd.searcher.floor import PROBES  # noqa: PLC0415 - as above

    floor = found.calibrated().text
    return Proposal(
        model=embeddings.answering(txn),
        photos=len(found.photos),
        floor=round(floor, 4),
        in_use=in_use,
        texts=[_kept(found, text, floor) for text in texts],
        nonsense=[_kept(found, text, floor) for text in PROBES[:PROBES_SHOWN]],
    )


def _kept(found: Cold, text: str, floor: float) -> Kept:
    cosines = found.cosines(text).cosines
    best = round(float(cosines[0]), 4) if len(cosines) else None
    return Kept(text=text, keeps=int((cosines >= floor).sum()), best=best)


def common_texts(txn: ReadTransaction) -> tuple[str, ...]:
    """Common things, and the tags that most photos have, each once."""
    counted = ((len(facets.bitmap(txn, Facet.TAG, value)), value) for value in facets.values(txn, Facet.TAG))
    tags = (value.decode("utf-8", "replace") for _, value in itertools.islice(sorted(counted, reverse=True), TAGS_MAX))
    return tuple(dict.fromkeys((*COMMON, *tags)))


def _cells(kept: Kept) -> tuple[str, str, str]:
    best = "" if kept["best"] is None else f"{kept['best']:.3f}"
    return kept["text"], f"{kept['keeps']:,}", best
