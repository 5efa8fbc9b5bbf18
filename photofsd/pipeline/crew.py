"""The child of one hand of the runner: started for work, let go when idle or worn; the size of its batches."""

from __future__ import annotations

import time

from photofsd.processes.child import Child, Program

READER = Program("photofsd.pipeline.worker", "reader", "readers.memory_mb")
IDLE_S = 30.0
BATCH_TARGET_S = 0.5
BATCH_FIRST = 8
BATCH_MAX = 128
TASKS_MAX = 5_000
"""A child that has done so much makes room for a new one: decoders leak, and nobody knows which."""
WORN_SHARE = 0.75
"""A child whose address space has grown to this share of its limit has too little left for a large file."""


class Crew:
    """A child that comes and goes. batch: how many tasks take about BATCH_TARGET_S."""

    def __init__(self, memory_mb: int, program: Program = READER) -> None:
        self._memory_mb = memory_mb
        self._program = program
        self._child: Child | None = None
        self._lost: list[Child] = []
        self._used_s = 0.0
        self._done = 0
        self.batch = BATCH_FIRST

    async def child(self) -> Child:
        """The child, started if need be. Raises ChildrenBroken."""
        self._lost = [child for child in self._lost if not child.is_reaped()]
        if self._child is None:
            self._child = await Child.start(self._program, memory_mb=self._memory_mb)
            self._done = 0
        self._used_s = time.monotonic()
        return self._child

    async def rate(self, tasks: int, took_s: float) -> None:
        """A batch of so many tasks took that long: size the next by it, and see whether the child is still fit."""
        self._done += tasks
        if self._child is not None and (self._done >= TASKS_MAX or self._is_worn(self._child)):
            await self._dismiss_child()
        fitting = int(self.batch * BATCH_TARGET_S / max(0.001, took_s))
        self.batch = max(1, min(BATCH_MAX, self.batch * 2, fitting))

    def _is_worn(self, child: Child) -> bool:
        return child.address_space_bytes() > WORN_SHARE * (self._memory_mb << 20)

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

    async def _dismiss_child(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            await child.close()

    async def dismiss(self) -> None:
        """End the child, and see the lost ones off."""
        await self._dismiss_child()
        for lost in self._lost:
            await lost.ended()
