"""What users have said of faces: kept by the content of the photo and the place in it, whatever models find there.

So it outlives every detection, every clustering and every model, and a store that is made anew hears it from the
journal before any face is found. A photo that is edited takes along what was said of its faces; the journal is told so
with the next entry (programs that write a rating into a file change its content, too).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from photofsd.records import FaceSaid
from photofsd.store import undo
from photofsd.store.overlap import Box
from photofsd.store.schema import U64, Tables

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction, WriteTransaction

SILENCE: Final = FaceSaid()
_FACE: Final = b"face\0"
_NAMES: Final = b"not-named\0"
_EDITED: Final = b"edited\0"
_UNTOLD: Final = b"edited-untold\0"
_BOX: Final = struct.Struct(">4H")
_WHOLE: Final = 65535
DIGEST_BYTES: Final = 32


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


def contents(txn: ReadTransaction) -> Iterator[bytes]:
    """The contents of the photos of whose faces something was said; one of several faces comes several times."""
    for key in txn.keys(Tables.USER, _FACE):
        yield key[len(_FACE) : -_BOX.size]


def everything(txn: ReadTransaction) -> Iterator[tuple[bytes, FaceSaid]]:
    """What was said of all faces, and of which content."""
    for key, value in txn.items(Tables.USER, _FACE):
        yield key[len(_FACE) : len(_FACE) + DIGEST_BYTES], txn.decode(value, FaceSaid)


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


def edited(txn: WriteTransaction, old: bytes, new: bytes) -> None:
    """The photo of content `old` has `new` now: what was said of it goes along, and the journal is to be told."""
    if carry(txn, old, new):
        last = next(reversed(list(txn.keys(Tables.USER, _UNTOLD))), _UNTOLD + U64.pack(0))
        number = U64.unpack(last[len(_UNTOLD) :])[0] + 1
        txn.put(Tables.USER, _UNTOLD + U64.pack(number), old + new)


def carry(txn: WriteTransaction, old: bytes, new: bytes) -> bool:
    """What was said of the photo of content `old` is said of `new`; False where that was nothing."""
    carried = [(head, key, value) for head in (_FACE, _NAMES) for key, value in txn.items(Tables.USER, head + old)]
    for head, key, value in carried:
        txn.delete(Tables.USER, key)
        txn.put(Tables.USER, head + new + key[len(head + old) :], value)
    if carried:
        undo.carry(txn, old, new)
        txn.put(Tables.USER, _EDITED + old, new)
        txn.delete(Tables.USER, _EDITED + new)
    return bool(carried)


def untold(txn: ReadTransaction) -> list[tuple[bytes, bytes]]:
    """The contents that became others with what was said of them, of which the journal has not been told, in order."""
    edits = [value for _, value in txn.items(Tables.USER, _UNTOLD)]
    return [(edit[:DIGEST_BYTES], edit[DIGEST_BYTES:]) for edit in edits]


def told(txn: WriteTransaction, old: bytes, new: bytes) -> bool:
    """The journal knows that `old` has become `new`; False where that was not to be told."""
    key, edit = next(iter(txn.items(Tables.USER, _UNTOLD)), (b"", b""))
    return edit == old + new and txn.delete(Tables.USER, key)


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
