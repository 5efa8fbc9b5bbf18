"""Where a view stands: the library that it shows, and the folder that it narrows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from photofsd.media.rendition import RenderSettings
from photofsd.query.members import Covers, Members, narrowed
from photofsd.types import DirId, FaceId, PersonId
from photofsd.vtree.removals import Removals

NARROWINGS_MAX: Final = 32
"""`+view` in one path. Each is another set to be asked, by a call within a call, for every name below it: nobody needs
more than there are views, and somebody who goes on and on would exhaust the stack."""

if TYPE_CHECKING:
    from photofsd.query.searches import Searches
    from photofsd.store.env import Store
    from photofsd.store.journal import UserFacts
    from photofsd.vtree.node import Directory


@dataclass(frozen=True, slots=True)
class View:
    """A generated folder at the root of the tree, and behind `+name` in every photo folder.

    about: one line for /.photofsd/README. root: its folder, for a scope. empty: why it holds nothing yet, or not all
    that it will, for /.photofsd/status.
    """

    name: bytes
    about: str
    root: Callable[[Scope], Directory]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What the daemon has to tell in the tree, as text. model_notes: what the models in use say of themselves."""

    status: Callable[[], str]
    last_error: Callable[[], str]
    model_notes: Callable[[], list[str]] = list


@dataclass(frozen=True, slots=True)
class Library:
    """What every view may use.

    roots: the library folders, by the names they have in /folders. today: the local date, for /on-this-day.
    recent_photos: how many /recent shows. rendering: how photos are shown as JPEG.
    covers_only: says whether companions are hidden where their cover is shown.
    people_min_photos: of how many photos somebody without a name is listed. removals: guards against rm -r.
    likeness: how like somebody a face is (cosine), None = not known; it may wait for the disk.
    """

    store: Store
    searches: Searches
    facts: UserFacts
    told: Told
    views: Mapping[bytes, View]
    roots: Mapping[bytes, DirId]
    today: Callable[[], dt.date]
    recent_photos: int
    rendering: RenderSettings
    covers_only: Callable[[], bool]
    people_min_photos: int
    removals: Removals = field(default_factory=Removals)
    likeness: Callable[[FaceId, PersonId], float | None] = lambda _, __: None


@dataclass(frozen=True, slots=True)
class Scope:
    """The library, or the part of it that `within` leaves. narrowings: how many `+view` led here."""

    library: Library
    within: Members | None = None
    narrowings: int = 0

    def members(self, members: Members) -> Members:
        """`members`, as far as the scope lets them through."""
        return narrowed(self.within, members)

    def shown(self, members: Members) -> Members:
        """What of `members` a folder shows: all of them, or what stands for each shot."""
        return Covers(members) if self.library.covers_only() else members

    def narrowed_to(self, members: Members) -> Scope | None:
        """The scope of what `+view` opens in a folder of `members`; None where a path has enough of them."""
        if self.narrowings == NARROWINGS_MAX:
            return None
        return Scope(self.library, members, self.narrowings + 1)
