"""What the daemon and the child that clusters say to each other in msgpack frames: a request, the answer, Done."""

from __future__ import annotations

import msgspec

from photofsd.config.schema import PeopleSettings


class Setup(msgspec.Struct, frozen=True, tag=True):
    """What to cluster. vectors: the folder of all models' vectors. model: the id of the one that finds faces."""

    store: str
    vectors: str
    model: str
    people: PeopleSettings


class Look(msgspec.Struct, frozen=True, tag=True):
    """The faces of these photos have changed: read them, and let those that wait join whom they are like."""

    photos: tuple[int, ...]


class Regroup(msgspec.Struct, frozen=True, tag=True):
    """Group all faces anew."""


class Move(msgspec.Struct, frozen=True, array_like=True):
    """A face whose person is to be another.

    was:       the cluster that it was in when that was found: where it is elsewhere now, it stays there.
    person:    whose it is to be: a PersonId, 0 = nobody's, below 0 = somebody new, the same for all with that number.
    suggested: whom it looks like; a PersonId or 0.
    """

    face: int
    was: int
    person: int
    suggested: int = 0


class Moves(msgspec.Struct, frozen=True, tag=True):
    """Faces to be moved, those of one photo in one message."""

    moves: tuple[Move, ...]


class Progress(msgspec.Struct, frozen=True, tag=True):
    """What it does now, for people."""

    doing: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """The request is answered. faces: that can be compared; waiting: those of them that are nobody's.

    unfit: why nobody was moved: the model does not tell people apart, in words; "" = it does.
    """

    faces: int
    waiting: int
    unfit: str = ""


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """Nothing can be clustered with that Setup, and why. Nothing else is answered."""

    reason: str


ToClusterer = Setup | Look | Regroup
FromClusterer = Moves | Progress | Done | Unusable
