"""What the daemon answers over its socket, where that hangs on what happens between two looks."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import trio

from photofsd.daemon.commands import Wait
from photofsd.daemon.handlers import Control
from photofsd.daemon.protocol import Message


def control(**parts: object) -> Control:
    """The commands over these parts of a daemon."""
    others = dict.fromkeys(("doctor", "writer", "runner", "scans", "search", "sayings", "stop", "reload"))
    return Control(**cast("dict[str, Any]", others | parts))


def test_work_that_a_model_brings_while_it_is_looked_whether_there_is_any_is_waited_for() -> None:
    taken = SimpleNamespace(is_taken=False, jobs=3)

    def is_idle(_stage: str | None) -> bool:
        taken.jobs -= taken.is_taken
        return not taken.is_taken or taken.jobs <= 0

    def is_settled() -> bool:
        taken.is_taken = True
        return True

    async def look_again() -> None:
        """The models folder is looked at all the time."""

    told: list[Mapping[str, object]] = []

    async def report(message: Message) -> None:
        told.append(message)

    waits = control(
        doctor=SimpleNamespace(stages=dict, is_indexed=lambda: True),
        scans=SimpleNamespace(has_finished_once=True, is_settled=True),
        runner=SimpleNamespace(
            scheduler=SimpleNamespace(is_idle=is_idle),
            models=SimpleNamespace(is_settled=is_settled, look_again=look_again),
        ),
    )
    trio.run(waits.wait, Wait(), report)
    assert taken.jobs <= 0
    assert told
