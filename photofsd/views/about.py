"""/.photofsd: plain text about the daemon and about single photos."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from photofsd.query.members import EVERYTHING
from photofsd.records import Look
from photofsd.store import assets, embeddings, faces, facets, paths, people, person_names, stacks
from photofsd.store.somewhere import is_somewhere
from photofsd.types import AssetId, Facet, Hold, PersonId
from photofsd.vtree import additions
from photofsd.vtree.failed import Failed
from photofsd.vtree.folders import FixedFolder, WholePhotoFolder
from photofsd.vtree.node import Directory, Listing, Names, Node, Photo, TextFile
from photofsd.vtree.scope import Library, Scope, View

if TYPE_CHECKING:
    from photofsd.store.transaction import ReadTransaction

JSON = b".json"

_SHOWN_BY_NAME = frozenset({"metadata", "places", "looks", "faces"})
"""Tables of stages that `facts` knows; those of others are shown as they are."""

HEADER = """\
This is a photofsd mount: the folders here are generated from your photo library.
The originals are never changed, moved or deleted, and nothing leaves this machine.

"""
FOOTER = """
Narrow any folder of photos by +view:   ls 'by-date/2024/all/+cameras'
Search by opening a folder:             ls -U 'search/beach 2024'
Keep a search:                          mkdir 'search/beach 2024'
Name somebody:                          mv people/unknown/person-0001 people/Alice
Say that somebody is in a photo:        ln recent/IMG_0001.jpg people/Alice/
Take back what was said last:           photofsd undo
What is known of a photo:               cat '.photofsd/photos/IMG_0001.jpg.json'
What the daemon is doing:               cat .photofsd/status
What it could not do, and why:          ls .photofsd/failed/preview
Why something was refused:              cat .photofsd/last-error
"""
WITHOUT_MODEL = """
Searches find words: names, folders, tags, titles, places. With an image-text model they also find what photos show,
like 'sunset at the sea', whatever they are called. It is run on this machine and shown nothing but small previews:
                                        photofsd models install ViT-B-32__laion2b-s34b-b79k
"""


WITHOUT_FACES = """
/people is empty: no faces have been looked for yet. With a model for faces they are found, and put together to people
whom you name by renaming their folders. It runs on this machine, too:
                                        photofsd models install buffalo_l
"""


class Photos(Directory):
    """One JSON file a photo; they can be opened but are not listed, there are as many as photos."""

    def __init__(self, scope: Scope) -> None:
        self._library = scope.library
        self._photos = WholePhotoFolder(scope, EVERYTHING)

    def lookup(self, name: bytes) -> Node | None:
        photo = self._photos.entry(name.removesuffix(JSON)) if name.endswith(JSON) else None
        if not isinstance(photo, Photo):
            return None
        asset = photo.asset
        return TextFile(lambda: _encoded(facts(self._library, asset)))

    def listing(self) -> Listing:
        return Names([])


def facts(library: Library, asset: AssetId) -> dict[str, Any]:
    """All that is known of a photo."""
    with library.store.read() as txn:
        record = assets.asset(txn, asset)
        if record is None:
            return {"id": asset}
        files = [paths.file(txn, file) for file in record.files]
        metadata, place, look = assets.metadata(txn, asset), assets.place(txn, asset), assets.look(txn, asset)
        return {
            "id": asset,
            "name": _text(record.name),
            "paths": [_text(paths.file_path(txn, file)) for file in files if file is not None],
            "size": record.size,
            "blake3": record.content.hex(),
            "metadata": None if metadata is None else msgspec.to_builtins(metadata),
            "place": None if place is None else msgspec.to_builtins(place),
            "look": None if look is None else _seen(look),
            "stack": _stack(txn, asset),
            "faces": _faces(txn, asset),
            **{name: found for name, found in assets.results(txn, asset) if name not in _SHOWN_BY_NAME},
        }


def _stack(txn: ReadTransaction, asset: AssetId) -> dict[str, Any] | None:
    """The stack that the photo is in: what makes it one, and the view names."""
    row = stacks.row(txn, asset)
    if row is None:
        return None
    records = [assets.asset(txn, member) for member in (row.cover, *stacks.members(txn, row.cover))]
    cover, *members = [_text(record.name) for record in records if record is not None]
    return {"kinds": stacks.names(row.kinds), "cover": cover, "members": sorted(members)}


def _faces(txn: ReadTransaction, asset: AssetId) -> list[dict[str, Any]] | None:
    """The faces of the photo, from the left; None where nobody has looked for any.

    face: its number, for `photofsd people add`; None where it is only known to be somewhere. at: where, in words.
    held_by: who says that it is that person, "user" or "file"; None = it looks like them. suggested: who it may be.
    """
    if faces.faces(txn, asset) is None:
        return None
    return [
        {
            "face": None if is_somewhere(face) else number,
            "at": additions.where(face),
            "box": [face.left, face.top, face.width, face.height],
            "person": _person(txn, people.of_cluster(txn, at.cluster)),
            "held_by": {Hold.HAND: "user", Hold.FILE: "file"}.get(at.hold),
            "suggested": _person(txn, people.of_cluster(txn, at.suggested)),
            "score": face.score,
            "px": face.px,
            "sharpness": face.sharpness,
            "yaw": face.yaw,
        }
        for number, (face, at) in enumerate(additions.numbered(txn, asset), 1)
    ]


def _person(txn: ReadTransaction, person_id: PersonId) -> str | None:
    """What a person is called, in /people too."""
    record = people.person(txn, person_id) if person_id else None
    return None if record is None else _text(person_names.folder_name(person_id, record))


def _seen(look: Look) -> dict[str, Any]:
    """A look with its bit patterns as people and tools write them."""
    colours = [f"#{colour:06x}" for colour in look.colours]
    return {**msgspec.to_builtins(look), "phash": f"{look.phash:016x}", "colours": colours}


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"


def readme(library: Library) -> str:
    """What the folders are, one line each, and what is missing for more."""
    lines = [
        f"  {'/' + view.name.decode():16} {view.about}" for view in library.views.values() if view.name[:1] != b"."
    ]
    with library.store.read() as txn:
        hint = "" if embeddings.answering(txn) else WITHOUT_MODEL
        hint += "" if any(facets.values(txn, Facet.FACES)) else WITHOUT_FACES
    notes = "".join(f"\n{note}\n" for note in library.told.model_notes())
    return HEADER + "\n".join(lines) + "\n" + notes + FOOTER + hint


def _root(scope: Scope) -> Directory:
    library = scope.library
    return FixedFolder(
        {
            b"status": TextFile(lambda: library.told.status().encode("utf-8", "replace")),
            b"README": TextFile(lambda: readme(library).encode()),
            b"last-error": TextFile(lambda: library.told.last_error().encode("utf-8", "replace")),
            b"photos": Photos(scope),
            b"failed": Failed(library),
        }
    )


VIEW = View(b".photofsd", "about the daemon and about single photos", _root)
