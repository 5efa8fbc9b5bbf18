"""`photofsd people`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypedDict

import click

from photofsd.cli.options import Invocation, common_options
from photofsd.cli.output import say, say_json
from photofsd.daemon.client import ask
from photofsd.daemon.commands import People
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


_PERSON = click.argument("person", metavar="ID")
_PHOTOS = click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")


@command.command("name")
@_PERSON
@click.argument("name")
@common_options
def name_person(invocation: Invocation, *, person: str, name: str) -> None:
    """Call the person ID by NAME; where somebody is called so, the two are one."""
    _tell(invocation, People(saying="name", person=person, other=name))


@command.command("merge")
@click.argument("person", metavar="FROM")
@click.argument("into")
@common_options
def merge_people(invocation: Invocation, *, person: str, into: str) -> None:
    """Say that FROM and INTO are the same person."""
    _tell(invocation, People(saying="merge", person=person, other=into))


@command.command("split")
@_PERSON
@click.argument("name")
@_PHOTOS
@common_options
def split_person(invocation: Invocation, *, person: str, name: str, photos: tuple[str, ...]) -> None:
    """Say that each PHOTO shows not ID but somebody new, called NAME."""
    _tell(invocation, People(saying="split", person=person, other=name, photos=_meant(photos)))


@command.command("move")
@click.argument("person", metavar="FROM")
@click.argument("into", metavar="TO")
@_PHOTOS
@common_options
def move_photos(invocation: Invocation, *, person: str, into: str, photos: tuple[str, ...]) -> None:
    """Say that each PHOTO shows not FROM but TO."""
    _tell(invocation, People(saying="move", person=person, other=into, photos=_meant(photos)))


@command.command("add")
@click.argument("person", metavar="WHO")
@_PHOTOS
@click.option("--face", type=click.IntRange(min=0), metavar="N", help="Which face: 1 = the leftmost, 0 = none found.")
@common_options
def add_to_photos(invocation: Invocation, *, person: str, photos: tuple[str, ...], face: int | None) -> None:
    """Say that WHO is in each PHOTO, with the only face there that is nobody's yet, or with face N."""
    _tell(invocation, People(saying="add", person=person, photos=_meant(photos), face=face))


@command.command("reject")
@_PERSON
@_PHOTOS
@common_options
def reject_photos(invocation: Invocation, *, person: str, photos: tuple[str, ...]) -> None:
    """Say that no PHOTO shows the person ID."""
    _tell(invocation, People(saying="reject", person=person, photos=_meant(photos)))


@command.command("hide")
@_PERSON
@common_options
def hide_person(invocation: Invocation, *, person: str) -> None:
    """Put the person ID out of sight, into /people/hidden."""
    _tell(invocation, People(saying="hide", person=person))


@command.command("show")
@_PERSON
@common_options
def show_person(invocation: Invocation, *, person: str) -> None:
    """Bring the person ID back from /people/hidden."""
    _tell(invocation, People(saying="show", person=person))


def _tell(invocation: Invocation, told: People) -> None:
    for line in ask(invocation.settings.state, told, timeout_s=None)["lines"]:
        say(line)


def _meant(photos: tuple[str, ...]) -> tuple[str, ...]:
    """Photos as the daemon knows them: by their names in the tree, or by whole paths."""
    return tuple(os.path.abspath(photo) if "/" in photo else photo for photo in photos)
