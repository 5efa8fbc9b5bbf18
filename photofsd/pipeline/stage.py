"""What a stage is: a function from a file, or from what is known of an asset, to facts.

A stage knows nothing of queues, retries, batches or processes: that is the runner's policy. `run` is called in a
child process; `wanted`, `question` and `commit` in the daemon, inside a transaction, so they must be quick.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from photofsd.store import assets
from photofsd.types import AssetId, Subject

if TYPE_CHECKING:
    from photofsd.media.source import Source
    from photofsd.store.schema import Table
    from photofsd.store.transaction import ReadTransaction, WriteTransaction
    from photofsd.store.writer import Writer

VECTORS: Final = "vectors"
"""The folder in the state folder for what models make of photos: a folder a model, by its id."""

Q = TypeVar("Q", bound=msgspec.Struct)
R = TypeVar("R", bound=msgspec.Struct)
S = TypeVar("S")
A = TypeVar("A", bound=msgspec.Struct)
K = TypeVar("K", bound=msgspec.Struct)


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a child needs to know to work, the same for all of its work.

    timezone: IANA name for photos that do not say theirs, None = the system's.
    file_max_mb: a larger file is not read at all. thumbnails: their folder, for Thumbnails.
    """

    timezone: str | None = None
    place_max_km: float = 50.0
    file_max_mb: int = 100_000
    thumbnails: str = ""

    def zone(self) -> tzinfo | None:
        """The time zone, None = the system's."""
        return None if self.timezone is None else ZoneInfo(self.timezone)


class Stage(ABC, Generic[R]):
    """A step from a file to facts.

    name:    as users meet it in `stages list`. version: raise it when results would differ: all is done again.
    needs, makes: names of facts; the order of the stages follows from them.
    cost_ms: about how long one subject takes: of the stages that may run, the cheap ones run first.
    result:  the type of what `run` makes of one subject, as it crosses from the child to the daemon.
    table:   where it is kept, by asset id; None = `commit` keeps it elsewhere.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    subject: ClassVar[Subject] = Subject.ASSET
    needs: ClassVar[frozenset[str]] = frozenset()
    makes: ClassVar[frozenset[str]]
    cost_ms: ClassVar[float] = 1.0
    result: Any
    table: ClassVar[Table | None] = None

    def wanted(self, txn: ReadTransaction, asset: AssetId) -> bool:
        """Claim: there is something to do for `asset`, once what the stage needs is known."""
        return assets.asset(txn, asset) is not None

    def commit(self, txn: WriteTransaction, asset: AssetId, result: R | None) -> bool:
        """Keep the facts, None = there are none; True where that is news, so that what follows is done (again).

        The job is removed in the same transaction.
        """
        if self.table is None:
            raise NotImplementedError(f"stage {self.name} says neither a table nor how to commit")
        return assets.keep(txn, self.table, asset, result)


class WithThumbnails(NamedTuple, Generic[R]):
    """Facts, and smaller pictures that are on the disk before the facts are committed.

    thumbnails: JPEG files by size (media/thumbnails.py has the sizes, and keeps them by content).
    """

    facts: R
    thumbnails: Mapping[int, bytes]


class FileStage(Stage[R]):
    """A stage that reads the file itself. All file stages that are due share one visit: the file is read once.

    is_of_content: its results follow from the content alone, not from names, folders and sidecars.
    """

    is_of_content: ClassVar[bool] = False

    @abstractmethod
    def run(self, source: Source, work: Work) -> R | WithThumbnails[R]:
        """Make the facts. Raises FileUndecodable (for good), FileUnreadable, FileChanged (may pass)."""


class AskingStage(Stage[R], Generic[Q, R]):
    """A stage that works on what is known already, in batches: questions that the daemon asks, and a child answers."""

    query: type[Q]

    @abstractmethod
    def question(self, txn: ReadTransaction, asset: AssetId) -> Q | None:
        """What the child must know of `asset`; None = nothing to do (any more)."""


class FactStage(AskingStage[Q, R]):
    """An asking stage whose answers follow from the questions alone. All of these share one child."""

    batch_max: ClassVar[int] = 1000

    @abstractmethod
    def run(self, questions: Sequence[Q], work: Work) -> Sequence[R | None]:
        """Answer every question, in order; None = there is no such fact. Raises as FileStage.run, for all of them."""


class ModelInUse(msgspec.Struct, frozen=True):
    """The model that a stage shows photos to.

    id: of its vectors (models/folder.py). folder: where it lies. about: what it says of itself, mostly nothing.
    """

    id: str
    purpose: str
    folder: str
    about: str = ""


class Home(NamedTuple):
    """Where answers are brought to. writer: for ids that nobody else must have; what is found is for `commit`."""

    state: Path
    writer: Writer


class ModelStage(AskingStage[Q, K], Generic[Q, S, A, K]):
    """A stage that shows photos to a model. All of these share one child, which keeps the model loaded.

    purpose: of the model, as in models/folder.py. A question says the id of the model that it is for: `model`.
    Q is a question, S what the model is shown of a photo, A (`result`) its answer, K what is kept of that in the store.
    """

    purpose: ClassVar[str]

    @abstractmethod
    def look(self, question: Q, work: Work, model: Any) -> S:  # noqa: ANN401 - each purpose has its own protocol
        """What the model is to be shown of one photo. Several threads call it at once.

        Raises as FileStage.run; it costs that photo alone.
        """

    @abstractmethod
    def run(self, sights: Sequence[S], model: Any) -> Sequence[A]:  # noqa: ANN401 - as above
        """Answer for every photo of a batch, in order. Raises ModelUnusable, OutOfModelMemory."""

    @abstractmethod
    def land(self, found: Sequence[tuple[AssetId, A]], model: ModelInUse, home: Home) -> Sequence[K]:
        """Bring to the disk what the store does not hold; what `commit` is to keep of each. In a thread of the daemon.

        Raises StoreFull, StoreError.
        """


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file to be read once, for every stage that is due.

    path, sidecars: absolute; sidecars most specific first. folder: of the file, below the library.
    known: by content that the file may turn out to have, the stages that have nothing to do then.
    """

    path: bytes
    stages: tuple[str, ...]
    sidecars: tuple[bytes, ...] = ()
    folder: bytes = b""
    known: dict[bytes, tuple[str, ...]] = {}


class Trouble(msgspec.Struct, frozen=True):
    """An error on its way from a child: the class of photofsd.errors by name, and its message."""

    kind: str
    message: str


class VisitReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a visit, by stage name: results as msgpack, thumbnails as JPEG by their size, troubles.

    read: size, mtime in ns and inode of the file as it was read; None where it could not be read to its end.
    """

    read: tuple[int, int, int] | None = None
    results: dict[str, msgspec.Raw] = {}
    thumbnails: dict[str, dict[int, bytes]] = {}
    troubles: dict[str, Trouble] = {}
