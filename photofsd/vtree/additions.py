"""That somebody is in a photo, where nothing tells with which face: the one that is meant, or a line that asks."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, NamedTuple

from photofsd.display import shown
from photofsd.errors import AlreadyThere, NoSuchEntry, NotPermitted
from photofsd.records import Face, Person
from photofsd.store import assets, faces, model_roles, people, person_names
from photofsd.store.overlap import SAME_FACE, overlap
from photofsd.store.somewhere import WHOLE, is_somewhere
from photofsd.store.spoken import Placed
from photofsd.types import NOBODY, AssetId, FaceId, Hold, PersonId
from photofsd.vtree.people import give

if TYPE_CHECKING:
    from photofsd.store.face_rows import FaceRow
    from photofsd.store.transaction import ReadTransaction
    from photofsd.vtree.scope import Library

NOT_FOUND: Final = 0
"""Where the number of a face is asked for: one that nobody has found, somewhere in the picture."""

_STAGE: Final = "faces"
_LISTED: Final = 6


class Addition(NamedTuple):
    """Which face of a photo is to be somebody's: None = one that nobody has found. instead_of: whose it is now."""

    asset: AssetId
    face: FaceId | None = None
    instead_of: PersonId = NOBODY


class Whom(NamedTuple):
    """Who is to be in a photo; NOBODY = somebody new. name: for messages.

    min_photos: in how many photos somebody without a name is to have a folder of their own.
    """

    person: PersonId
    name: str
    min_photos: int


def add(library: Library, asset: AssetId, person: PersonId) -> None:
    """Say that the person is in the photo. Raises as `addition` does."""
    with library.store.read() as txn:
        name = person_names.folder_name(person, people.person(txn, person) or Person())
        what = addition(txn, asset, Whom(person, shown(name), library.people_min_photos))
    say(library, what, person)


def say(library: Library, what: Addition, person: PersonId) -> None:
    """Say that this face is that person's."""
    found = [what.face] if what.face is not None else []
    give(library, what.asset, found, person, instead_of=what.instead_of)


def addition(txn: ReadTransaction, asset: AssetId, whom: Whom, number: int | None = None) -> Addition:
    """The face of the photo that is meant: that with the number, else the only one that is nobody's.

    One that looks like them goes before others, one that was refused them comes last. Where no face was found, they
    are somewhere in the picture.
    Raises AlreadyThere where they are in the photo, NotPermitted where several faces may be meant, NoSuchEntry.
    """
    return _Photo(txn, asset, whom).addition(number)


def numbered(txn: ReadTransaction, asset: AssetId) -> list[Placed]:
    """The faces of a photo from the left, as they are numbered from 1 on; last those that are somewhere in it."""
    return sorted(faces.placed(txn, asset), key=lambda one: (is_somewhere(one[0]), one[0].left, one[0].top, one[0].id))


def where(face: Face) -> str:
    """Where in the picture a face is, in words."""
    if is_somewhere(face):
        return "somewhere"
    left, top, right, bottom = (
        f"{part:.0%}".removesuffix("%")
        for part in (face.left, face.top, face.left + face.width, face.top + face.height)
    )
    return f"{left}-{right} % from the left, {top}-{bottom} % from the top"


class _Photo:
    """A photo that somebody is to be in."""

    def __init__(self, txn: ReadTransaction, asset: AssetId, whom: Whom) -> None:
        record = assets.asset(txn, asset)
        if record is None:
            raise NoSuchEntry("that photo is not there any more")
        self._txn = txn
        self._asset = asset
        self._whom = whom
        self._name = shown(record.name)
        self._faces = numbered(txn, asset)
        self._found = [one for one in self._faces if not is_somewhere(one[0])]

    def addition(self, number: int | None) -> Addition:
        self._require_absent(is_by_name=number is None)
        if number is None:
            chosen = self._only()
        elif number == NOT_FOUND:
            self._require_room()
            chosen = None
        else:
            chosen = self._numbered(number)
        if chosen is None:
            return Addition(self._asset)
        face, at = chosen
        return Addition(self._asset, face.id, people.of_cluster(self._txn, at.cluster))

    def _require_absent(self, *, is_by_name: bool) -> None:
        """Raise where the person is in the photo; is_by_name: also if only its file says so."""
        person = self._whom.person
        if person and (
            faces.of_person(self._txn, self._asset, person)
            or (is_by_name and people.is_in(self._txn, person, self._asset))
        ):
            raise AlreadyThere(f"{self._whom.name} is in {self._name} already: nothing was changed")

    def _only(self) -> Placed | None:
        """The face that is meant where nobody says which; None = one that nobody has found."""
        if not self._found:
            self._require_looked_at()
            return None
        free = [one for one in self._found if not self._owner(one[1])]
        likely = [one for one in free if self._is_suggested(one[1])]
        refused = faces.refusals_in(self._txn, self._asset)
        open_to_them = [one for one in free if self._whom.person not in refused.get(one[0].id, {})]
        best = likely or open_to_them or free
        if len(best) != 1:
            raise self._unclear(best)
        return best[0]

    def _owner(self, at: FaceRow) -> PersonId:
        """Whose a face is: by the user's word, or as the tree shows; NOBODY where nobody's."""
        person = people.of_cluster(self._txn, at.cluster)
        return person if at.hold is Hold.HAND or self._has_folder(person) else NOBODY

    def _has_folder(self, person: PersonId) -> bool:
        found = people.person(self._txn, person)
        if found is None or found.name or found.is_hidden:
            return found is not None
        return bool(people.listed_photos(self._txn, person, self._whom.min_photos))

    def _is_suggested(self, at: FaceRow) -> bool:
        return bool(self._whom.person) and people.of_cluster(self._txn, at.suggested) == self._whom.person

    def _numbered(self, number: int) -> Placed:
        if number > len(self._found):
            raise NoSuchEntry(f"{self._name} has {_counted(self._found)}, so there is no face {number}")
        return self._found[number - 1]

    def _require_looked_at(self) -> None:
        """Raise where a model is yet to say whether there are faces."""
        found = faces.faces(self._txn, self._asset)
        if model_roles.chosen(self._txn, _STAGE) and not (found is not None and found.model):
            raise NotPermitted(
                f"nobody has looked for faces in {self._name} yet: wait for that, `photofsd wait --stage {_STAGE}`, or "
                f"say that {self._whom.name} is somewhere in it ({self._command(NOT_FOUND)})"
            )

    def _require_room(self) -> None:
        """Raise where a face takes so much of the picture that what is said of the whole is said of that face."""
        for number, (face, _) in enumerate(self._found, 1):
            if overlap(face, WHOLE) >= SAME_FACE:
                raise NotPermitted(f"face {number} fills {self._name}: if it is the one, {self._command(number)}")

    def _unclear(self, maybe: list[Placed]) -> NotPermitted:
        all_taken = f"every face that was found in {self._name} is somebody's"
        what = f"{len(maybe)} faces of {self._name} may be {self._whom.name}'s" if maybe else all_taken
        among = maybe or self._found
        told = [self._told(number, *one) for number, one in enumerate(self._found, 1) if one in among]
        more = f" and {len(told) - _LISTED} more" if len(told) > _LISTED else ""
        return NotPermitted(
            f"{what}, counted from the left {', '.join(told[:_LISTED])}{more}: say which by {self._command('N')}, "
            "where 0 is one that was not found"
        )

    def _told(self, number: int, face: Face, at: FaceRow) -> str:
        person = self._owner(at)
        found = people.person(self._txn, person)
        whose = f"{shown(person_names.folder_name(person, found))}, " if found is not None else ""
        return f"{number} ({whose}at {face.left + face.width / 2:.0%})"

    def _command(self, number: int | str) -> str:
        return f"`photofsd people add {shlex.quote(self._whom.name)} {shlex.quote(self._name)} --face {number}`"


def _counted(found: list[Placed]) -> str:
    return {0: "no face", 1: "1 face"}.get(len(found), f"{len(found)} faces")
