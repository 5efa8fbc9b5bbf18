"""What the daemon and the child that has the models say to each other."""

from __future__ import annotations

import msgspec

from photofsd.pipeline.stage import ModelInUse, Trouble, Work


class Ask(msgspec.Struct, frozen=True):
    """Questions of a stage (msgpack of a list of its `query`) about a batch, for a model that computes in `threads`."""

    work: Work
    stage: str
    model: ModelInUse
    threads: int
    questions: msgspec.Raw


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a batch.

    answers: msgpack of a list of the stage's `result`, of all questions but those in `troubles` (by their place).
    trouble: of the whole batch; then there is nothing else. took_s: without what loading the model took.
    """

    answers: msgspec.Raw = msgspec.Raw(b"\x90")
    troubles: dict[int, Trouble] = {}
    trouble: Trouble | None = None
    took_s: float = 0.0
