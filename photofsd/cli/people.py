"""`photofsd people`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypedDict

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.daemon.report import columns

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction


class Listed(TypedDict):
    """Somebody. id: as in /people/unknown, which every command takes. name: as os.fsdecode gives it, None = unnamed."""

    id: str
    name: str | None
    photos: int
    faces: int
    hidden: bool


@click.group("people")
def command() -> None:
    """List the people in the photos, name, merge, split and hide them."""


@command.command("list")
@click.option("--all", "everybody", is_flag=True, help="Also those whom nobody has named and who are in few photos.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def list_people(invocation: Invocation, *, everybody: bool, as_json: bool) -> None:
    """Show who is in the photos, those in most of them first. Needs no daemon."""
    from photofsd.cli.opened import opened_store  # noqa: PLC0415 - only this needs the store, slow to import

    settings = invocation.settings
    with opened_store(settings) as txn:
        found = sorted(_listed(txn, 0 if everybody else settings.people.min_photos), key=_order)
    if as_json:
        say_json(found)
    elif found:
        for line in columns([("id", "photos", "faces", "", "name"), *map(_cells, found)]):
            say(line)
    else:
        say("nobody is known yet: `photofsd status` says whether faces are looked for")


def _listed(txn: ReadTransaction, min_photos: int) -> Iterator[Listed]:
    """Everybody who has a name or is hidden, and who is in so many photos."""
    from photofsd.store import people, person_names  # noqa: PLC0415 - as above

    for person, record in people.people(txn):
        photos = people.size(txn, person)
        if record.name or record.is_hidden or photos >= min_photos:
            yield Listed(
                id=person_names.unnamed(person).decode(),
                name=os.fsdecode(record.name) if record.name else None,
                photos=photos,
                faces=people.faces_of(txn, person),
                hidden=record.is_hidden,
            )


def _order(one: Listed) -> tuple[int, str]:
    return -one["photos"], one["id"]


def _cells(one: Listed) -> tuple[str, ...]:
    return one["id"], f"{one['photos']:,}", f"{one['faces']:,}", "hidden" if one["hidden"] else "", one["name"] or ""
