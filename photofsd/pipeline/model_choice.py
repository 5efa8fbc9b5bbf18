"""Which models are used: found in their folder, taken into use, exchanged for others without a gap.

Another model looks at all photos anew, in the background, at their previews. What follows from that differs by stage
(stage_model.py and those who are one); here is who looks when.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from photofsd.errors import PhotofsdError, StoreError
from photofsd.models.known_ids import IDS, KnownIds
from photofsd.pipeline.clip_model import StageClip
from photofsd.pipeline.face_model import StageFaces
from photofsd.pipeline.stage_model import Around, StageModel

if TYPE_CHECKING:
    from photofsd.pipeline.graph import Graph
    from photofsd.pipeline.scheduler import Scheduler
    from photofsd.pipeline.stage import ModelInUse
    from photofsd.store.env import Store
    from photofsd.store.writer import Writer

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 10.0
SOON_S: Final = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """folder: where models lie, None = nowhere. clip, faces: name of the one to use, "" = the only or first one."""

    folder: Path | None = None
    clip: str = ""
    faces: str = ""


class ModelChoice:
    """Keeps every stage that shows photos to a model in one. `run` until cancelled.

    in_use: which model each stage has now, by the stage's name. on_work: called when there is something to do.
    """

    def __init__(
        self, store: Store, writer: Writer, graph: Graph, *, scheduler: Scheduler, wanted: Wanted, state: Path
    ) -> None:
        self._store = store
        self._wanted = wanted
        self._asked = trio.Event()
        self._looked = trio.Event()
        self._is_busy = True
        self.in_use: dict[str, ModelInUse] = {}
        around = Around(store, writer, graph, scheduler, self.in_use, KnownIds(state / IDS), state)
        self._clip = StageClip(around)
        self._faces = StageFaces(around)

    async def run(self, on_work: Callable[[], None]) -> None:
        """Look at the models folder now and then."""
        while True:
            self._asked = trio.Event()
            looked, self._looked = self._looked, trio.Event()
            await trio.to_thread.run_sync(self._tend)
            looked.set()
            on_work()
            with trio.move_on_after(SOON_S if self._is_busy else LOOK_EVERY_S):
                await self._asked.wait()

    def want(self, *, clip: str, faces: str) -> None:
        """Other models are to be used. Call from the loop."""
        self._wanted = dataclasses.replace(self._wanted, clip=clip, faces=faces)
        self._asked.set()

    async def look_again(self) -> None:
        """Return when the models folder has been looked at once more."""
        looked = self._looked
        self._asked.set()
        await looked.wait()

    def is_settled(self) -> bool:
        """Claim: the models folder has been looked at, and nothing is left to do but to show photos. In a thread."""
        with self._store.read() as txn:
            return not self._is_busy and self._clip.is_settled(txn) and self._faces.is_settled(txn)

    def _tend(self) -> None:
        """Look at the models folder, and do what follows from it. In a thread."""
        wanted = self._wanted
        is_clip_busy = self._tended(self._clip, wanted.folder, wanted.clip)
        self._is_busy = self._tended(self._faces, wanted.folder, wanted.faces) or is_clip_busy

    def _tended(self, one: StageModel, folder: Path | None, name: str) -> bool:
        """Do so for one stage; True where there is more to do soon."""
        try:
            return one.look(folder, name)
        except StoreError as error:
            log.warning("models: %s", error)
            return True
        except PhotofsdError as error:
            one.do_without(str(error))
        except Exception as error:
            log.exception("models")
            one.do_without(f"internal error: {type(error).__name__}: {error}")
        return False
