"""What users have said of faces: kept by the content of the photo and the place in it, whatever models find there.

So it outlives every detection, every clustering and every model, and a store that is made anew hears it from the
journal before any face is found. A photo that is edited takes along what was said of its faces.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from photofsd.records import FaceSaid
from photofsd.store.overlap import Box
from photofsd.store.schema import Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

SILENCE: Final = FaceSaid()
_FACE: Final = b"face\0"
_NAMES: Final = b"not-named\0"
_EDITED: Final = b"edited\0"
_BOX: Final = struct.Struct(">4H")
_WHOLE: Final = 65535


def place(box: Box) -> Box:
    """The place as it is kept: in 65535ths of the picture."""
    return Box(*(part / _WHOLE for part in _parts(box)))


def _parts(box: Box) -> list[int]:
    return [round(min(max(part, 0.0), 1.0) * _WHOLE) for part in box]


def said(txn: ReadTransaction, content: bytes) -> list[tuple[Box, FaceSaid]]:
    """What was said of the faces of a photo, and where in it."""
    prefix = _FACE + content
    return [
        (Box(*(part / _WHOLE for part in _BOX.unpack(key[len(prefix) :]))), txn.decode(value, FaceSaid))
        for key, value in txn.items(Tables.USER, prefix)
    ]


def at(txn: ReadTransaction, content: bytes, box: Box) -> FaceSaid:
    """What was said of the face in exactly that place."""
    return txn.record(Tables.USER, _key(content, box), FaceSaid) or SILENCE


def say(txn: WriteTransaction, content: bytes, box: Box, what: FaceSaid) -> None:
    """Write it; the faces follow by `faces.settle`."""
    if what == SILENCE:
        txn.delete(Tables.USER, _key(content, box))
    else:
        txn.put_record(Tables.USER, _key(content, box), what)


def _key(content: bytes, box: Box) -> bytes:
    return _FACE + content + _BOX.pack(*_parts(box))


def names_refused(txn: ReadTransaction, content: bytes) -> frozenset[bytes]:
    """The values of Facet.NAMED of a photo that are wrong, as the user says."""
    prefix = _NAMES + content
    return frozenset(key[len(prefix) :] for key in txn.keys(Tables.USER, prefix))


def refuse_name(txn: WriteTransaction, content: bytes, name: bytes, *, is_refused: bool) -> None:
    """Say whether that value of Facet.NAMED is wrong; touch the photo before."""
    if is_refused:
        txn.put(Tables.USER, _NAMES + content + name, b"")
    else:
        txn.delete(Tables.USER, _NAMES + content + name)


def carry(txn: WriteTransaction, old: bytes, new: bytes) -> None:
    """The photo of content `old` has `new` from now on: what was said of its faces goes along."""
    carried = [(head, key, value) for head in (_FACE, _NAMES) for key, value in txn.items(Tables.USER, head + old)]
    for head, key, value in carried:
        txn.delete(Tables.USER, key)
        txn.put(Tables.USER, head + new + key[len(head + old) :], value)
    if carried:
        txn.put(Tables.USER, _EDITED + old, new)
        txn.delete(Tables.USER, _EDITED + new)


def current(txn: ReadTransaction, content: bytes) -> bytes:
    """The content that a photo has now which had `content` when something was said of it."""
    seen = {content}
    while txn.get(Tables.CONTENTS, content) is None:
        later = txn.get(Tables.USER, _EDITED + content)
        if later is None or later in seen:
            break
        content = later
        seen.add(content)
    return content
