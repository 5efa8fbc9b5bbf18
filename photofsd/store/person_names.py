"""What a person may be called: a name is a folder in /people, and some of these are taken by the tree itself."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from photofsd.display import shown
from photofsd.errors import NameTooLong, NotPermitted
from photofsd.store import facets
from photofsd.store.probes import is_probe
from photofsd.types import PersonId

if TYPE_CHECKING:
    from photofsd.records import Person

NAME_MAX_BYTES: Final = 255
RESERVED: Final = frozenset({b"unknown", b"hidden", b"suggested"})
_UNNAMED: Final = re.compile(rb"person-([0-9]{4,10})")
_LARGEST: Final = (1 << 32) - 1


def unnamed(person: PersonId) -> bytes:
    """What a person is called whom nobody has named: b"person-0007"."""
    return b"person-%04d" % person


def folder_name(person: PersonId, found: Person) -> bytes:
    """What a person's folder is called: their name, or as `unnamed` says."""
    return found.name or unnamed(person)


def person_called(name: bytes) -> PersonId | None:
    """Whom `unnamed` calls so; None where it calls nobody so."""
    found = _UNNAMED.fullmatch(name)
    person = PersonId(int(found[1])) if found is not None else PersonId(0)
    return person if 0 < person <= _LARGEST and unnamed(person) == name else None


def value(name: bytes) -> bytes:
    """The name as a file's would be kept: a value of Facet.NAMED."""
    return facets.value_of(os.fsdecode(name))


def require(name: bytes) -> None:
    """Raise NotPermitted or NameTooLong, in one clear line, where nobody can be called `name`."""
    if len(name) > NAME_MAX_BYTES:
        raise NameTooLong(f"a person's name is that of a folder: {NAME_MAX_BYTES} bytes at most, not {len(name)}")
    reason = _why_not(name)
    if reason:
        raise NotPermitted(f"nobody can be called '{shown(name)}': {reason}")


def _why_not(name: bytes) -> str:
    reasons = (
        (not value(name), "a name has at least one letter"),
        (b"/" in name or b"\0" in name, "a name of a folder has neither slash nor NUL"),
        (name.startswith((b".", b"+")), "names that begin with '.' or '+' mean something else in the tree"),
        (name in RESERVED, f"/people/{os.fsdecode(name)} is a folder of its own"),
        (_UNNAMED.fullmatch(name) is not None, "that is what people are called whom nobody has named"),
        (is_probe(name), "programs look for that everywhere, so no folder holds it"),
    )
    return next((reason for is_so, reason in reasons if is_so), "")
