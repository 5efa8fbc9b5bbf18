"""What is known of a folder, a file, a photo: the records that travel between floors and into the store.

Encoded with msgspec as msgpack maps without defaults, so that a field may be added and old rows still read.
Times are ns since 1970 (UTC) unless a name says `local`; paths and names are bytes as the kernel gives them.
"""

from __future__ import annotations

import msgspec

from photofsd.types import (
    NO_DIR,
    NOBODY,
    AssetId,
    ClusterId,
    DateSource,
    DirId,
    FaceId,
    FileId,
    Kind,
    PersonId,
    Subject,
)


class Record(msgspec.Struct, omit_defaults=True, frozen=True):
    """Base of all records: immutable; `msgspec.structs.replace` makes a changed copy."""


class LibraryRecord(Record, frozen=True):
    """One library folder, as configured.

    path:       absolute. dir: its root folder.
    is_online:  what the last look said; see library/marker.py for how that is decided.
    fsid:       identity of the file system that it lay on, 0 = never seen.
    has_marker: the user's marker file has been seen there, so that its absence means offline.
    scanned_ns: when the last complete scan ended, 0 = never; swept_ns: the last that looked at every file.
    looked_for: the names that are taken, as a number (sniff.LOOKED_FOR): with others, every file is looked at again.
    """

    path: bytes
    dir: DirId
    is_online: bool = False
    fsid: int = 0
    has_marker: bool = False
    scanned_ns: int = 0
    swept_ns: int = 0
    looked_for: int = 0


class DirRecord(Record, frozen=True):
    """One folder of a library.

    mtime_ns: the folder's own at the last complete listing; 0 = list it again.
    dev:      st_dev of the folder, to notice that a file system mounted below the library went away.
    inode:    st_ino of the folder, to know it again under another name; 0 = not known.
    """

    parent: DirId
    name: bytes
    mtime_ns: int = 0
    dev: int = 0
    inode: int = 0


class MovedFolder(Record, frozen=True):
    """A folder that has been moved, while its photos are told of it (store/moved.py), in the order of folders and ids.

    names:         what it was called before, from below the library folder.
    last:          folders with higher ids have come since.
    folder, asset: the last photo that has been told, and the folder in which that was.
    """

    names: tuple[bytes, ...]
    last: DirId
    folder: DirId = NO_DIR
    asset: AssetId = AssetId(0)


class FileRecord(Record, frozen=True):
    """One path in a library. `asset` is None until `identify` has read it (and for sidecars)."""

    dir: DirId
    name: bytes
    size: int
    mtime_ns: int
    inode: int
    kind: Kind
    asset: AssetId | None = None


class AssetRecord(Record, frozen=True):
    """One photo or video: a content, whatever its paths.

    content:    blake3 digest, 32 bytes.
    name:       the view name, unique in the library, fixed.
    files:      live paths, best first; empty = gone (kept: it may come back with its names and tags).
    added_ns:   when it was first seen; changed_ns: when its content or facts last changed.
    """

    content: bytes
    size: int
    name: bytes
    kind: Kind
    files: tuple[FileId, ...] = ()
    added_ns: int = 0
    changed_ns: int = 0
    file_mtime_ns: int = 0


class Taken(Record, frozen=True):
    """When a photo was taken: the wall clock of that place.

    local_ns:   the wall-clock time as if it were UTC, ns since 1970, negative before.
    offset_min: minutes east of UTC where the file says so.
    """

    local_ns: int
    source: DateSource
    offset_min: int | None = None


class Region(Record, frozen=True):
    """A face that a file's own metadata marks (MWG, Microsoft, Picasa); name is None where only the box is there.

    left, top, width, height: fractions 0..1 of the picture as it is seen, upright.
    """

    left: float
    top: float
    width: float
    height: float
    name: str | None = None


class Metadata(Record, frozen=True):
    """What a file says about itself (stage `metadata`). Text is NFC, stripped, never empty; absent is None.

    width, height: pixels as stored, before `orientation` (EXIF 1..8).
    latitude, longitude: degrees, WGS 84. rating: 0..5, -1 = rejected. duration_s: videos and animations.
    types: values of Facet.TYPE that apply, e.g. ("raw",) or ("png", "screenshot").
    live_id: what the still and the video of a Live Photo share; burst_id: what the shots of a burst share.
    regions: faces marked in the file or its sidecars. people, albums: named by sidecars (Google Takeout) alone.
    problems: one line each for what was wrong with the file, empty when nothing was.
    """

    format: str
    kind: Kind
    width: int | None = None
    height: int | None = None
    orientation: int = 1
    taken: Taken | None = None
    make: str | None = None
    model: str | None = None
    camera: str | None = None
    lens: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    tags: tuple[str, ...] = ()
    rating: int | None = None
    title: str | None = None
    caption: str | None = None
    software: str | None = None
    iso: int | None = None
    f_number: float | None = None
    exposure_s: float | None = None
    focal_mm: float | None = None
    duration_s: float | None = None
    types: tuple[str, ...] = ()
    live_id: str | None = None
    burst_id: str | None = None
    regions: tuple[Region, ...] = ()
    people: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Look(Record, frozen=True):
    """What a photo looks like (stage `preview`).

    width, height: pixels, upright, in full size. phash: 64 bits (DCT of 32 x 32 luminances, imagehash's bit order).
    contrast:      standard deviation of the luminance, 0..127; below a few it is a blank picture.
    colours:       the average colours of a 3 x 3 grid, row by row, each 0xRRGGBB.
    preview_bytes, thumb_bytes: sizes of the two files under the state folder, to know a torn one.
    frames:        key frames of a video that are kept in a third (media/frames.py), 0 = none; frames_bytes: its size.
    problems:      one line each for what was wrong with the pixels, empty when nothing was.
    """

    width: int
    height: int
    phash: int
    contrast: float
    colours: tuple[int, ...]
    preview_bytes: int
    thumb_bytes: int
    frames: int = 0
    frames_bytes: int = 0
    problems: tuple[str, ...] = ()


class Place(Record, frozen=True):
    """The nearest known place of a photo (stage `places`); latitude and longitude are the place's own."""

    country: str
    region: str
    city: str
    latitude: float
    longitude: float
    distance_km: float


class Embedding(Record, frozen=True):
    """Which vectors of a photo count (stage `clip`).

    rows: by model id, the CRC-32 of the fp16 row at the asset's place in that model's file: one that differs is torn.
    """

    rows: dict[str, int]


class Face(Record, frozen=True):
    """A face in a photo.

    left, top, width, height: fractions 0..1 of the upright picture.
    landmarks: x and y of the eyes, the nose, the corners of the mouth, in the same fractions; () = not known.
    score: how sure the detector is, 0..1. px: shorter side of the box in pixels of the preview.
    sharpness, yaw: see models/faces.py. crc: CRC-32 of its fp16 row in the vectors of the model, None = it has none.
    is_missed: the model has not found it; it is there because the user says so.
    """

    id: FaceId
    left: float
    top: float
    width: float
    height: float
    landmarks: tuple[float, ...] = ()
    score: float = 0.0
    px: int = 0
    sharpness: float = 0.0
    yaw: float = 0.0
    crc: int | None = None
    is_missed: bool = False


class Faces(Record, frozen=True):
    """The faces that a model has found in a photo (stage `faces`), and those that the user knows to be there."""

    model: str
    faces: tuple[Face, ...] = ()


class Person(Record, frozen=True):
    """Somebody in photos.

    name:     b"" = nobody has named them. aliases: what files may call them, as values of Facet.NAMED.
    clusters: whose faces are theirs, ascending.
    merged_into: this is the same person as that one; then there is no name, no alias and no cluster.
    is_said:  the journal says how to know them again in a store made anew.
    """

    name: bytes = b""
    is_hidden: bool = False
    clusters: tuple[ClusterId, ...] = ()
    aliases: tuple[bytes, ...] = ()
    merged_into: PersonId = NOBODY
    is_said: bool = False


class FaceSaid(Record, frozen=True):
    """What the user has said of a face, whatever a model finds there.

    person:  who it is, 0 = not said. refused: who it is not, and how like that person it was (cosine; 0 = not known).
    example: it was that person's when the journal was told of them: where it is found anew, it is again.
    """

    person: PersonId = NOBODY
    refused: dict[PersonId, float] = {}
    example: PersonId = NOBODY


class Failure(Record, frozen=True):
    """A job that will not run again by itself."""

    reason: str
    attempts: int
    version: int
    at_ns: int


class StageRecord(Record, frozen=True):
    """A stage as the store knows it: its number in keys, whose jobs it has.

    is_paused: by the user. is_left_out: the daemon that ran last did not have it.
    """

    number: int
    version: int
    subject: Subject
    is_paused: bool = False
    is_left_out: bool = False


class JobRecord(Record, frozen=True):
    """Something that has to be done. priority: 0 runs first; not_before_ms: wall clock; error: of the last try."""

    priority: int
    not_before_ms: int = 0
    attempts: int = 0
    error: str | None = None
