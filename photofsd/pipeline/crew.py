"""The child of one hand of the runner: started for work, let go when idle or worn; the size of its batches."""

from __future__ import annotations

import time
from dataclasses import dataclass

from photofsd.processes.child import Child, Program

READER = Program("photofsd.pipeline.worker", "reader", "readers.memory_mb")
IDLE_S = 30.0


@dataclass(frozen=True, slots=True)
class Shift:
    """How a child is worked. batch_s: how long a batch should take; first, most: how many tasks that is.

    tasks_max:  a child that has done so much makes room for a new one: decoders leak, and nobody knows which.
    worn_share: so does one whose address space has grown to this share of its limit: a large file needs some.
    """

    batch_s: float = 0.5
    first: int = 8
    most: int = 128
    tasks_max: int = 5_000
    worn_share: float = 0.75


READING = Shift()


class Crew:
    """A child that comes and goes. batch: how many tasks make a batch of the shift's length."""

    def __init__(self, memory_mb: int, program: Program = READER, shift: Shift = READING) -> None:
        self._memory_mb = memory_mb
        self._shift = shift
        self._program = program
        self._child: Child | None = None
        self._lost: list[Child] = []
        self._used_s = 0.0
        self._done = 0
        self.batch = shift.first

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
        if self._child is not None and (self._done >= self._shift.tasks_max or self._is_worn(self._child)):
            await self.replace()
        fitting = int(self.batch * self._shift.batch_s / max(0.001, took_s))
        self.batch = max(1, min(self._shift.most, self.batch * 2, fitting))

    def _is_worn(self, child: Child) -> bool:
        return child.address_space_bytes() > self._shift.worn_share * (self._memory_mb << 20)

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

    async def replace(self) -> None:
        """Let the child end; the next task has another."""
        if self._child is not None:
            child, self._child = self._child, None
            await child.close()

    async def dismiss(self) -> None:
        """End the child, and see the lost ones off."""
        await self.replace()
        for lost in self._lost:
            await lost.ended()
