"""The commands that the daemon takes over its control socket, with their arguments, reports and results.

| command | reports while it works | result |
|---|---|---|
| Ping    | | Pong |
| Status  | | Health |
| Scan    | ScanCount (with `wait`) | ScanResult |
| Wait    | Due | Nothing |
| Stages  | | StagesResult |
| Regroup | Doing | Nothing |
| Search  | | SearchResult |
| People  | | Said |
| Undo    | | Said |
| Reload  | | ReloadResult |
| Stop    | | Nothing, before the daemon ends |

The arguments are frozen dataclasses whose field types are checked when a request arrives; what comes back is plain
JSON, typed here for those who make and read it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Literal, TypedDict, TypeVar

if TYPE_CHECKING:
    from photofsd.query.listed import Listed

State = Literal["starting", "running", "degraded", "paused", "stopping"]
Action = Literal["list", "pause", "resume", "retry", "reset"]
Saying = Literal["name", "merge", "split", "move", "add", "reject", "hide", "show"]
Result = TypeVar("Result")


class Nothing(TypedDict):
    """There is nothing to say but that it is done."""


class Pong(TypedDict):
    """Who answers."""

    version: str
    pid: int
    state: State


class LibraryHealth(TypedDict):
    """One library folder. last_scan: RFC 3339 in UTC, None before the first."""

    path: str
    online: bool
    last_scan: str | None


class StageHealth(TypedDict):
    """Jobs of one stage. waiting: why none can run now, in words. retries_per_min: tried once more, last minute."""

    queued: int
    running: int
    done: int
    failed: int
    waiting: str | None
    rate_per_s: float
    retries_per_min: int


class IndexHealth(TypedDict):
    """Rows in the indexes. tail: vectors that the Annoy generation does not hold yet.

    similar: photos that are in a group of /duplicates/similar. similar_queued: changes that the groups lag behind.
    """

    vectors: int
    annoy_generation: int | None
    tail: int
    text_docs: int
    similar: int
    similar_queued: int


class SearcherHealth(TypedDict):
    """The process that searches by meaning. waiting: why words alone answer; None where it is ready.

    model: whose vectors answer, None = no model's do. floor: the cosine at which answers end. memory_mb: of its own;
    mapped_mb: of its files that are in memory and may leave it.
    """

    state: Literal["off", "starting", "ready"]
    waiting: str | None
    model: str | None
    floor: float | None
    memory_mb: int
    mapped_mb: int
    vectors: int
    annoy_generation: int | None
    tail: int


class PeopleHealth(TypedDict):
    """Counts of people and of faces. waiting: what the grouping of faces waits for or does; None = nothing."""

    named: int
    unknown: int
    faces: int
    waiting: str | None


class ModelHealth(TypedDict):
    """A model in use. about: what it says of itself, such as that it is a demo."""

    id: str
    about: str


class Health(TypedDict):
    """How things stand; `photofsd status --json` prints this as it is. models: by stage. alerts: one line each."""

    version: str
    state: State
    mount: str
    library: list[LibraryHealth]
    photos: int
    files: int
    failed: int
    stages: dict[str, StageHealth]
    index: IndexHealth
    people: PeopleHealth
    searcher: SearcherHealth
    models: dict[str, ModelHealth]
    alerts: list[str]


class ScanCount(TypedDict):
    """How far a scan is: folders and files looked at."""

    folders: int
    files: int


class ScanResult(TypedDict):
    """What a scan found in all library folders; all zero when it was not waited for.

    problems: one line each for what could not be looked at, or could not be believed (too much gone at once).
    """

    folders: int
    files: int
    added: int
    changed: int
    moved: int
    gone: int
    problems: list[str]


class Due(TypedDict):
    """How far the work is. scanned: a first scan has finished; done: jobs so far."""

    scanned: bool
    due: int
    done: int


class Doing(TypedDict):
    """What is done now, for people."""

    doing: str


class StagesResult(TypedDict):
    """The stages after the action. jobs: how many jobs it touched."""

    stages: dict[str, StageHealth]
    jobs: int


class SearchResult(TypedDict):
    """What a query finds, best first. notes: what the user should know, a line each. total: without the limit."""

    photos: list[Listed]
    notes: list[str]
    total: int


class Said(TypedDict):
    """What is true now, or was taken back, a line each."""

    lines: list[str]


class ReloadResult(TypedDict):
    """Keys of settings that changed."""

    applied: list[str]
    needs_restart: list[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[Result]):
    """Base of all commands; `Result` is what the daemon answers."""

    name: ClassVar[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Command[Pong]):
    """Ask whether anybody is there."""

    name = "ping"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Status(Command[Health]):
    """Ask how things stand."""

    name = "status"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scan(Command[ScanResult]):
    """Look for changes in the library now.

    paths: absolute, as os.fsdecode gives them; none = every folder of the library.
    full:  look at every file, not only into folders whose own time changed.
    confirm_deletions: what is gone is gone, however much it is.
    wait:  reply when the scan has finished, not when it has been put in line.
    """

    name = "scan"
    paths: tuple[str, ...] = ()
    full: bool = False
    confirm_deletions: bool = False
    wait: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Command[Nothing]):
    """Reply when a first scan has finished and no job is due (of `stage`, or at all)."""

    name = "wait"
    stage: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stages(Command[StagesResult]):
    """List the stages, or do something to one of them (`stage`) or to all.

    An unknown stage is a UsageError.
    """

    name = "stages"
    action: Action = "list"
    stage: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Regroup(Command[Nothing]):
    """Group all faces anew; reply when that is done."""

    name = "regroup"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Search(Command[SearchResult]):
    """Answer a query. limit: None = the query's, or as configured. explain: say why each photo is in the answer.

    A query that makes no sense is a BadQuery.
    """

    name = "search"
    query: str
    limit: int | None = None
    explain: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class People(Command[Said]):
    """Say something of a person, who is called by name, or as in /people/unknown.

    saying: name (them `other`, or merge them into whoever is called so), merge (into `other`), split (off somebody new,
    called `other`, who is in `photos`), move (`photos` are of `other`), add (they are in `photos`, somebody new where
    nobody is called so), reject (they are in none of `photos`), hide, show.
    photos: names in the tree, or absolute paths of originals or in the tree.
    face: with `add`, which of the photo's faces is theirs: from 1 on, from the left, 0 = none that was found.
    Somebody or a photo that is not there is a UsageError; then nothing is said.
    """

    name = "people"
    saying: Saying
    person: str
    other: str = ""
    photos: tuple[str, ...] = ()
    face: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Command[Said]):
    """Take back what was said last. burst: everything that was said within two seconds of each other."""

    name = "undo"
    burst: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reload(Command[ReloadResult]):
    """Read the configuration again and apply what can be applied."""

    name = "reload"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Command[Nothing]):
    """Unmount and end."""

    name = "stop"


COMMANDS: Final[Mapping[str, type[Command[Any]]]] = MappingProxyType(
    {kind.name: kind for kind in (Ping, Status, Scan, Wait, Stages, Regroup, Search, People, Undo, Reload, Stop)}
)
