"""The description of the store: every table, its key, its value, its invariants.

LMDB, one environment per state folder, one writer. Integers in keys are big-endian, so that LMDB's order is theirs;
records in values are msgpack maps (msgspec), fixed-width rows are little-endian structs. Ids are u32, dense, never
reused. `photofsd check` proves the invariants, and every component test ends with it.

Invariants
I1   every `paths` row agrees with its `files` row, and the other way round; their folder exists
I2   every `children` row agrees with its `dirs` row, and the other way round; the parents end at a root; what is in
     `moved` is there
I3   a file's asset lists that file, and an asset's files point back to it; sidecars have no asset
I4   `contents` and `names` are one to one with `assets`; an asset's `rows` entry says what its records say; what
     the stages found belongs to an asset
I5   the facets of an asset are exactly what `derived.of` makes of its records; no bitmap is empty; `meta` says with
     which version and time zone that was done
I6   every job stands in `jobs` and once in `due`; its subject is there (a path, or an asset with one); it is not at
     the same time failed; what has failed or been done has a stage, and is no path that is gone
I7   counters equal what they count, and nothing is counted that this file does not know
I8   every id is below the `next_*` of its kind; every change, and every follower of them, below or at `sequence`
I9   where follower `similar` has come to `sequence`: what `similar` lists has a file and a look; a group has at least
     two members of one family, and its best copy is one of them
I10  `kin` holds exactly the keys that `kin.of` makes of every asset; `stacks` and `members` say of every asset what
     `shots.py` makes of those that it finds by them
I11  an embedding counts a row of one model at least, each by a CRC-32; the model that answers searches has a name
I12  every face of a photo has its row, and the other way round; a cluster counts its faces and is one person's, who
     has it; a name and an alias are one person's each; whoever was merged has nothing left and is somebody who is
     there; a face is where the user has set it, and only so two of one photo are in one cluster; ids are below `next_*`
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Final

VERSION = 1
"""Raise it with every change that an older daemon could not read, and add the migration to migrate.py."""

MAP_SIZE_BYTES = 1 << 40
"""A sparse map, never resized: resizing under live readers is SIGBUS (lmdb, set_mapsize)."""

VALUE_MAX_BYTES = 480
"""Longest facet value: LMDB keys end at 511 bytes, the rest is kind, separator and chunk."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One LMDB database: what its keys and values are. Compared by identity: it is looked up at every access.

    is_of_assets: its rows are facts about assets, keyed by AssetId; without its asset a row is an error (I4).
    stage:        whose results it keeps, msgpack maps; "" = it is no stage's own.
    """

    name: str
    key: str
    value: str
    holds: str
    is_of_assets: bool = False
    stage: str = ""

    @classmethod
    def of_stage(cls, stage: str, name: str, record: str) -> Table:
        """The table `name` that keeps the results of a stage, a `record` each; /.photofsd/photos shows them."""
        return cls(name, "AssetId", record, f"results of stage `{stage}`", is_of_assets=True, stage=stage)


class Tables:
    """Every table of the store."""

    META = Table(
        "meta",
        "name",
        "u64",
        "schema_version, next_asset, next_file, next_dir, next_face, next_cluster, next_person, sequence, people, "
        "journal, derived (rederive.py), regrouped (grouped.py)",
    )
    ROOTS = Table("roots", "blake2b-16 of the path", "LibraryRecord", "the library folders")
    DIRS = Table("dirs", "DirId", "DirRecord", "folders of the libraries")
    CHILDREN = Table("children", "parent DirId, name (keys.py)", "DirId", "folders by path")
    MOVED = Table("moved", "DirId", "MovedFolder", "folders that were moved, while their photos are told of it")
    FILES = Table("files", "FileId", "FileRecord", "files of the libraries")
    PATHS = Table("paths", "DirId, name (keys.py)", "PathRow", "files by path, and what a rescan compares")
    ASSETS = Table("assets", "AssetId", "AssetRecord", "photos and videos")
    ROWS = Table("rows", "AssetId", "AssetRow + view name", "what a listing needs of an asset", is_of_assets=True)
    METADATA = Table.of_stage("metadata", "metadata", "Metadata")
    PLACES = Table.of_stage("places", "places", "Place")
    LOOKS = Table.of_stage("preview", "looks", "Look")
    EMBEDDINGS = Table.of_stage("clip", "embeddings", "Embedding")
    FACES = Table.of_stage("faces", "faces", "Faces")
    FACE_ROWS = Table("face_rows", "FaceId", "FaceRow", "where each face is: its photo, its cluster")
    CLUSTERS = Table("clusters", "ClusterId", "ClusterRow", "faces that are put together, and whose they are")
    PEOPLE = Table("people", "PersonId", "Person", "who is in the photos")
    PERSON_NAMES = Table("person_names", "name", "PersonId", "people by name")
    PERSON_ALIASES = Table("person_aliases", "name", "PersonId", "people by what files may call them, too")
    SIMILAR = Table("similar", "AssetId", "SimilarRow + quality", "photos that look alike, by group", is_of_assets=True)
    CONTENTS = Table("contents", "blake3 digest", "AssetId", "assets by content")
    NAMES = Table("names", "view name", "AssetId", "assets by view name")
    NAME_COUNTERS = Table("name_counters", "base name", "u32", "the next ~n to try for a name that is taken")
    KIN = Table(
        "kin", "bond, what it is by (kin.py), AssetId", "empty", "assets by what they share with their companions"
    )
    STACKS = Table(
        "stacks", "AssetId", "StackRow", "the cover of the stack that it is in, and the kinds", is_of_assets=True
    )
    MEMBERS = Table("members", "AssetId of the cover", "AssetIds u32", "all in the stack, ascending", is_of_assets=True)
    FACETS = Table("facets", "Facet, value, 0, id >> 16", "roaring bitmap", "assets by what is known of them")
    CHANGES = Table("changes", "sequence u64", "AssetId", "every change of an asset's facets or row, oldest first")
    WATERMARKS = Table("watermarks", "follower", "u64", "how far each follower of `changes` has come")
    STAGES = Table(
        "stages", "stage name", "StageRecord", "the number of a stage in the keys below, its version, paused"
    )
    JOBS = Table("jobs", "stage u8, subject u32", "JobRecord", "what has to be done")
    DUE = Table("due", "stage u8, priority u8, not-before ms u64, subject u32", "empty", "the order of the jobs")
    DONE = Table("done", "stage u8, subject u32", "u16", "with which version a stage has done a subject")
    FAILED = Table("failed", "stage u8, subject u32", "Failure", "jobs that will not run again by themselves")
    COUNTERS = Table("counters", "name", "i64", "counts that would be slow to count")
    USER = Table("user", "kind, 0, name", "msgpack", "user facts, applied from the journal")
    MODELS = Table(
        "models",
        "role",
        "model id",
        "what each model is to photos: which answers searches (embeddings.py), which sees photos (model_roles.py), "
        "which is being exchanged for another (face_change.py)",
    )
    TEXT_VECTORS = Table(
        "text_vectors",
        "model id, 0, blake2b-16 of the text",
        "u64 s, float32s",
        "vectors of texts that were searched for",
    )
    SEARCHES = Table("searches", "query", "u64", "the last searches and when they were made, ns")


PEOPLE_CHANGES: Final = b"people"
"""In `meta`: counts the changes of people, of which the photos that they are in say nothing."""

ALL_TABLES: Final = tuple(table for table in vars(Tables).values() if isinstance(table, Table))

PATH_ROW = struct.Struct("<IQqQ")
"""paths: file id, size, mtime ns, inode."""

ASSET_ROW = struct.Struct("<Qqq")
"""rows: size, mtime ns (when taken), ctime ns; the view name follows."""

SIMILAR_ROW = struct.Struct("<II")
"""similar: the best copy of the group, the family; how good a copy it is follows (index/quality.py)."""

STACK_ROW = struct.Struct("<IBB")
"""stacks: the cover's id, StackKind, 1 for the still of a live photo."""

FACE_ROW = struct.Struct("<IIIB")
"""face_rows: asset, cluster, suggested cluster, Hold."""

CLUSTER_ROW = struct.Struct("<II")
"""clusters: person, how many faces."""

U32 = struct.Struct(">I")
U64 = struct.Struct(">Q")
I64 = struct.Struct(">q")
STAGE_SUBJECT = struct.Struct(">BI")
DUE_KEY = struct.Struct(">BBQI")
