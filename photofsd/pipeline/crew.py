"""The child of one hand of the runner: started when there is work, let go when idle; and the size of its batches."""

from __future__ import annotations

import time

from photofsd.pipeline.process import Child

IDLE_S = 30.0
BATCH_TARGET_S = 0.5
BATCH_FIRST = 8
BATCH_MAX = 128


class Crew:
    """A child that comes and goes. batch: how many tasks take about BATCH_TARGET_S."""

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._child: Child | None = None
        self._lost: list[Child] = []
        self._used_s = 0.0
        self.batch = BATCH_FIRST

    async def child(self) -> Child:
        """The child, started if need be. Raises ReadersBroken."""
        self._lost = [child for child in self._lost if not child.is_reaped()]
        if self._child is None:
            self._child = await Child.start(memory_mb=self._memory_mb)
        self._used_s = time.monotonic()
        return self._child

    def fit(self, took_s: float) -> None:
        """A batch took that long: size the next by it."""
        fitting = int(self.batch * BATCH_TARGET_S / max(0.001, took_s))
        self.batch = max(1, min(BATCH_MAX, self.batch * 2, fitting))

    def lose(self) -> None:
        """The child is of no use any more."""
        if self._child is not None:
            self._child.kill()
            self._lost.append(self._child)
            self._child = None

    async def let_go_if_idle(self) -> None:
        """End a child that has had nothing to do for IDLE_S."""
        if self._child is not None and time.monotonic() - self._used_s > IDLE_S:
            await self.dismiss()

    async def dismiss(self) -> None:
        """End the child, and see the lost ones off."""
        if self._child is not None:
            child, self._child = self._child, None
            await child.close()
        for lost in self._lost:
            await lost.ended()
