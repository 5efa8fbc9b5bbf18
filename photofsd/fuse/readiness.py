"""Folders that must work before they can answer (a search) are made ready once, whoever waits for them."""

from __future__ import annotations

import dataclasses

import trio

from photofsd.fuse.offloop import OffLoop
from photofsd.vtree.node import Directory


@dataclasses.dataclass(slots=True)
class _Preparation:
    """A `prepare` under way, and how it ended."""

    done: trio.Event = dataclasses.field(default_factory=trio.Event)
    error: Exception | None = None


class Readiness:
    """Runs `prepare` off the loop. All who ask for the same folder meanwhile share its outcome."""

    def __init__(self, work: OffLoop) -> None:
        self._work = work
        self._running: dict[int, _Preparation] = {}

    async def ensure(self, directory: Directory) -> None:
        """Return once `lookup` in the folder is cheap. Raises what its `prepare` raises, and TooSlow."""
        while not directory.is_ready():
            running = self._running.get(id(directory))
            if running is None:
                return await self._prepare(directory)
            await running.done.wait()
            if running.error is not None:
                raise running.error
        return None

    async def _prepare(self, directory: Directory) -> None:
        preparation = self._running[id(directory)] = _Preparation()
        try:
            await self._work.run(directory.prepare)
        except Exception as error:
            preparation.error = error
            raise
        finally:
            del self._running[id(directory)]
            preparation.done.set()
