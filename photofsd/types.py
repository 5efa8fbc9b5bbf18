"""The words that every floor shares: ids, kinds of files, where a date came from."""

from __future__ import annotations

import enum
from typing import NewType

AssetId = NewType("AssetId", int)
"""u32, dense, never reused: the roaring bit, the vector row and (plus an offset) the inode."""

FileId = NewType("FileId", int)
"""u32, dense, never reused: one path in a library folder."""

DirId = NewType("DirId", int)
"""u32, dense, never reused: one folder of a library; 0 is the parent of the library roots."""

NO_DIR = DirId(0)

FaceId = NewType("FaceId", int)
"""u32, nearly dense, never reused: one face that a model has found in a photo, and its row in that model's vectors."""

ClusterId = NewType("ClusterId", int)
"""u32, nearly dense, never reused: faces that the machine puts together; 0 = none: the face waits."""

PersonId = NewType("PersonId", int)
"""u32, nearly dense, never reused: whom users see, with a name or without; 0 = nobody."""

WAITING = ClusterId(0)
NOBODY = PersonId(0)


class Kind(enum.IntEnum):
    """What a file of the library is to us."""

    IMAGE = 1
    RAW = 2
    VIDEO = 3
    SIDECAR = 4


class Subject(enum.StrEnum):
    """What a stage works on: a path (before its content is known) or an asset."""

    FILE = "file"
    ASSET = "asset"


class DateSource(enum.StrEnum):
    """Where a photo's date came from, most trusted first."""

    EXIF = "exif"
    XMP = "xmp"
    IPTC = "iptc"
    CONTAINER = "container"
    GPS = "gps"
    SIDECAR = "sidecar"
    NAME = "name"
    FOLDER = "folder"
    MTIME = "mtime"

    @property
    def is_guess(self) -> bool:
        """Claim: nothing says when the photo was taken but the file's own modification time."""
        return self is DateSource.MTIME


class StackKind(enum.IntFlag):
    """What makes files one shot; a stack may be several of it. The numbers are on disk: never renumber, only add."""

    RAW = 1  # RAW, and JPEG or HEIC of the same shot
    LIVE = 2  # a still and its short movie
    BURST = 4  # shots in quick succession
    EDITED = 8  # an original, and what was made of it
    FORMATS = 16  # the same picture in several formats


class Hold(enum.IntEnum):
    """Who has put a face where it is. The numbers are on disk: never renumber, only add."""

    NONE = 0  # the machine, which may put it elsewhere
    FILE = 1  # the file, which names it
    HAND = 2  # the user: it never moves by itself


class Facet(enum.IntEnum):
    """The kinds of facet that the store keeps a roaring bitmap for, one bitmap a value.

    The numbers are on disk: never renumber, only add.
    """

    LIVE = 1  # value b"": assets with at least one file in a library
    YEAR = 2  # b"2024"; b"" = undated
    MONTH = 3  # b"202406"
    DAY = 4  # b"20240615"
    CAMERA = 5  # b"Canon EOS 7D"
    LENS = 6
    TYPE = 7  # b"raw", b"heic", b"video", b"screenshot" ...
    PLACE = 8  # b"Italy", b"Italy/Tuscany", b"Italy/Tuscany/Arezzo"
    TAG = 9
    RATING = 10  # b"0" .. b"5"
    HAS = 11  # b"gps", b"copies", b"date" ...
    WORD = 12  # field letter + folded token, b"nimg", b"fsafari": see query/words.py
    CELL = 13  # cell of 1/32 degree, b"+43.46875+011.87500": see store/derived.py, query/near.py
    DIR = 14  # decimal DirId of the folder that holds a file of the asset
    ALBUM = 15  # b"Holiday 2019"
    SIMILAR = 16  # decimal AssetId of the best copy of the group of photos that look alike
    STACK = 17  # b"raw", b"live", b"burst", b"edited", b"formats": one shot with others; see StackKind
    COMPANION = 18  # value b"": of a stack, all but the cover
    EMBEDDED = 19  # id of an image-text model: its vector of the asset counts
    CLUSTER = 20  # decimal ClusterId that a face of the photo is in; whose that is: store/people.py
    SUGGESTED = 21  # decimal ClusterId whose faces a face of the photo looks like
    FACES = 22  # decimal number of faces
    NAMED = 23  # a person whom the file names, where no face says the same: see store/naming.py
