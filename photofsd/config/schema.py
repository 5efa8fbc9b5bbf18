"""Every setting: its type, default, bounds and the one line that `config show` and the docs print.

Each floor takes its own slice, a frozen struct. A key in the file is the path to the field: `[library] settle_s`.
Paths are absolute; `os.fsencode` gives their bytes, whatever they hold.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_type_hints
from zoneinfo import ZoneInfo


@dataclasses.dataclass(frozen=True, slots=True)
class Doc:
    """What is known of a setting beside its type.

    text:     one line, a full sentence.
    default:  the default in words, where it depends on the machine, the user or the profile.
    at_least, at_most: bounds of a number, both included.
    """

    text: str
    default: str | None = None
    at_least: float | None = None
    at_most: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LibrarySettings:
    """Where the originals lie and how changes there are noticed."""

    folders: Annotated[tuple[Path, ...], Doc("The folders that hold the originals; one at least.")] = ()
    exclude: Annotated[
        tuple[str, ...],
        Doc("Files and folders to leave out: globs over a name (`*.tmp`) or a path in the folder (`scans/raw/*`)."),
    ] = ()
    prune: Annotated[
        tuple[str, ...],
        Doc("Globs over names of folders that are never entered; hidden folders never are."),
    ] = ("@eaDir", ".Trash*", "#recycle", "lost+found")
    scan_interval_s: Annotated[
        float,
        Doc("Seconds between two looks at the folders.", default="`300` (small), `900` (large)", at_least=1),
    ] = 300
    full_scan_interval_s: Annotated[
        float, Doc("Seconds between two looks at every single file (finds files rewritten in place).", at_least=1)
    ] = 86_400
    settle_s: Annotated[
        float, Doc("Seconds that a new or changed file must rest before it is read.", at_least=0, at_most=3600)
    ] = 2
    watch: Annotated[bool, Doc("Whether the file system is asked to tell of changes (inotify).")] = True
    vanish_guard_percent: Annotated[
        float,
        Doc(
            "When more of a folder's photos than this are gone at once, `scan --confirm-deletions` is asked for.",
            at_least=0,
            at_most=100,
        ),
    ] = 20
    marker: Annotated[
        str, Doc("Name of a file in each library folder without which that folder counts as offline; empty: none.")
    ] = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MountSettings:
    """Where the tree is mounted and how it behaves."""

    point: Annotated[
        Path,
        Doc("The folder where the tree is mounted.", default="`~/Photos`; `/mnt/photos` for the system service"),
    ]
    allow_other: Annotated[
        bool, Doc("Whether other users may look into the tree (needs `user_allow_other` in `/etc/fuse.conf`).")
    ] = False
    xattrs: Annotated[
        bool, Doc("Whether photos have extended attributes with tags and ratings (listings get ten times slower).")
    ] = False
    links: Annotated[bool, Doc("Whether photos are symbolic links to the originals instead of files.")] = False
    entry_timeout_s: Annotated[float, Doc("Seconds that the kernel may remember names and attributes.", at_least=0)] = (
        60
    )
    search_timeout_s: Annotated[float, Doc("Seconds that opening a search folder may take.", at_least=0.1)] = 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """How much a search answers and remembers."""

    default_limit: Annotated[int, Doc("Photos in the answer to a query that names no `limit:`.", at_least=1)] = 200
    recent: Annotated[int, Doc("Last searches that `/search` lists.", at_least=0)] = 20
    floor: Annotated[
        str,
        Doc(
            "How close a photo must come to what words mean: a cosine, or `auto`: closer than photos of this library"
            " come to texts that none of them shows (see `photofsd models calibrate`)."
        ),
    ] = "auto"
    timeout_s: Annotated[
        float, Doc("Seconds that the image-text model may take for a search before words alone answer.", at_least=0.1)
    ] = 3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """How photos are found by what they show."""

    text: Annotated[
        Literal["auto", "exact", "annoy"],
        Doc(
            "How words are looked for in pictures: `exact` looks at every photo, `annoy` at some,"
            " `auto` is `exact` up to `index.exact_max_rows`."
        ),
    ] = "auto"
    exact_max_rows: Annotated[
        int, Doc("Photos up to which `auto` looks at every one; about 20 ms a million and core.", at_least=0)
    ] = 5_000_000
    annoy_trees: Annotated[
        int, Doc("Trees of the Annoy index; more make it larger, and hardly better.", at_least=1, at_most=1000)
    ] = 10
    threads: Annotated[int, Doc("Cores that one search may use.", at_least=1, at_most=64)] = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RecentSettings:
    """The folder /recent."""

    photos: Annotated[int, Doc("Photos in `/recent`, newest first.", at_least=1)] = 500


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PlacesSettings:
    """Names for coordinates."""

    max_distance_km: Annotated[
        float, Doc("How far a photo may be from the nearest known town and still get its name.", at_least=0)
    ] = 50


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ReaderSettings:
    """The child processes that read originals."""

    processes: Annotated[
        int, Doc("Readers at work at once; 0: one a core, in half of the memory at most.", at_least=0, at_most=256)
    ] = 0
    memory_mb: Annotated[
        int,
        Doc("Megabytes that one reader may use.", default="`1024` (small), `2048` (large)", at_least=512),
    ] = 1024
    file_timeout_s: Annotated[
        float, Doc("Seconds that one file may take before it is given up; a second more for every 5 MB.", at_least=1)
    ] = 60
    file_max_mb: Annotated[
        int,
        Doc("Megabytes of the largest file that is read at all; a larger one stands in `/folders` alone.", at_least=1),
    ] = 100_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """The models that understand pictures, and the child process that runs them."""

    folder: Annotated[
        Path,
        Doc(
            "The folder that models are looked for in.",
            default="`~/.local/share/photofsd/models`; `models` in the state folder for the system service",
        ),
    ]
    clip: Annotated[
        str, Doc("Name of the image-text model for search by meaning; empty: the only one, or the first by name.")
    ] = ""
    faces: Annotated[
        str, Doc("Name of the pack of models that finds faces; empty: the only one, or the first by name.")
    ] = ""
    threads: Annotated[int, Doc("Threads that a model computes with; 0: one a core.", at_least=0, at_most=256)] = 0
    memory_mb: Annotated[
        int,
        Doc("Megabytes that models and what they compute may take; 0: half of the machine's.", at_least=0),
    ] = 0
    batch_max: Annotated[
        int,
        Doc(
            "Photos that a model is shown at once, at most; fewer where they take long, or memory.",
            at_least=1,
            at_most=1024,
        ),
    ] = 128


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSettings:
    """Which faces are good enough to tell whose they are, and which people are shown."""

    min_score: Annotated[
        float, Doc("How sure the detector must be of a face, for it to be grouped: 0 to 1.", at_least=0, at_most=1)
    ] = 0.6
    min_px: Annotated[
        int, Doc("Pixels of the preview along the shorter side of a face, for it to be grouped.", at_least=0)
    ] = 24
    min_sharpness: Annotated[
        float,
        Doc("Sharpness of a face, for it to be grouped: the variance of its Laplacian at 112 pixels.", at_least=0),
    ] = 15
    min_photos: Annotated[
        int, Doc("Photos of somebody without a name, from which on `/people/unknown` shows them.", at_least=1)
    ] = 3
    link_cosine: Annotated[
        float, Doc("How alike two faces must be to count as neighbours when faces are grouped.", at_least=0, at_most=1)
    ] = 0.35
    dense_cosine: Annotated[
        float,
        Doc(
            "How alike the faces in the core of a group must be; a group without a core is nobody.",
            at_least=0,
            at_most=1,
        ),
    ] = 0.48
    merge_cosine: Annotated[
        float, Doc("How alike two groups must be in the middle to be one person.", at_least=0, at_most=1)
    ] = 0.6
    join_cosine: Annotated[float, Doc("How like a person a face must be to join them.", at_least=0, at_most=1)] = 0.42
    suggest_cosine: Annotated[
        float,
        Doc("How like a person with a name a face must be to be in `/people/suggested`.", at_least=0, at_most=1),
    ] = 0.36
    regroup_percent: Annotated[
        float, Doc("When so many more faces have been found, all are grouped anew.", at_least=0.1, at_most=1000)
    ] = 5
    memory_mb: Annotated[
        int, Doc("Megabytes that grouping faces may take; a million of 512 numbers takes 2500.", at_least=512)
    ] = 4096


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JpegSettings:
    """The folder /jpeg."""

    quality: Annotated[
        int, Doc("Quality of the JPEGs in `/jpeg`, where it fits into their size.", at_least=50, at_most=95)
    ] = 90
    max_px: Annotated[
        int, Doc("Pixels of the long edge of the JPEGs in `/jpeg`, about; 0: as large as the photos.", at_least=0)
    ] = 0
    cache_mb: Annotated[
        int, Doc("Megabytes of the state folder's disk for JPEGs that have been made once.", at_least=0)
    ] = 2048


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """How the store is written."""

    commit_max: Annotated[int, Doc("Results written in one transaction, at most.", at_least=1, at_most=10_000)] = 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, resolved: what the daemon is composed from."""

    state: Annotated[
        Path,
        Doc(
            "The folder for all that photofsd knows: the store, indexes, the journal.",
            default="`$STATE_DIRECTORY`, else `~/.local/state/photofsd`; `/var/lib/photofsd` for the system service",
        ),
    ]
    runtime: Annotated[
        Path,
        Doc("The folder for the control socket.", default="`$RUNTIME_DIRECTORY`, else the state folder"),
    ]
    profile: Annotated[
        Literal["auto", "small", "large"],
        Doc(
            "Which defaults to take: `small` up to 350,000 photos, `large` for a million; `auto` looks at the machine."
        ),
    ] = "auto"
    timezone: Annotated[
        str, Doc("Time zone of photos that do not say theirs, like `Europe/Rome`; empty: the system's.")
    ] = ""
    stacks: Annotated[
        Literal["all", "cover"],
        Doc("Of RAW and JPEG, bursts, edited copies and other files of one shot, show `all`, or only the `cover`."),
    ] = "all"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Doc("The least important messages that are logged.")
    ] = "info"
    library: LibrarySettings
    mount: MountSettings
    search: SearchSettings
    index: IndexSettings
    recent: RecentSettings
    places: PlacesSettings
    readers: ReaderSettings
    models: ModelSettings
    people: PeopleSettings
    jpeg: JpegSettings
    store: StoreSettings

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of photos that do not say theirs; None = the system's."""
        return ZoneInfo(self.timezone) if self.timezone else None


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a whole.

    key:     its path, like "library.settle_s".
    type:    bool, int, float, str, Path, a Literal, or a tuple of str or Path.
    default: None where it depends on the machine (then `doc.default` says how).
    """

    key: str
    type: object
    default: object
    doc: Doc


def settings_of(struct: type, prefix: str = "") -> Iterator[Setting]:
    """Every setting of a struct and of the structs in it, in the order of the schema."""
    hints = get_type_hints(struct, include_extras=True)
    for field in dataclasses.fields(struct):
        hint = hints[field.name]
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from settings_of(hint, f"{prefix}{field.name}.")
        else:
            default = None if field.default is dataclasses.MISSING else field.default
            yield Setting(prefix + field.name, hint.__origin__, default, hint.__metadata__[0])


SETTINGS: Final[Mapping[str, Setting]] = MappingProxyType({setting.key: setting for setting in settings_of(Settings)})
"""Every setting by its key, in the order of the schema."""


def value_of(settings: Settings, key: str) -> object:
    """The value of the setting called `key`."""
    value: object = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value
