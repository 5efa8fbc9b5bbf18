"""When something failed: again later, or never? Apart from the code that fails, so that it can be read whole."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from photofsd import errors
from photofsd.errors import ChildDied, PhotofsdError
from photofsd.pipeline.stage import Trouble
from photofsd.store.jobs import POSTPONED_MAX_MS


class Decision(enum.Enum):
    """What becomes of a job that failed."""

    RETRY = enum.auto()
    GIVE_UP = enum.auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision; after_s: how long to wait before a retry."""

    decision: Decision
    after_s: float = 0.0


LONGEST_WAIT_S = POSTPONED_MAX_MS / 1000
DEATHS_FORGIVEN = 1


def decide(trouble: Trouble, attempts: int) -> Verdict:
    """What to do after failing for the (attempts + 1)th time.

    A file system's trouble passes: wait, as long as its class says and longer each time, and never give up (a NAS may
    be away for weeks). A child that died may have been killed for another's sake: once more. What cannot be decoded
    stays so until the file or the stage's version changes.
    """
    first_s = getattr(errors, trouble.kind, PhotofsdError).retry_after_s
    if first_s is not None:
        return Verdict(Decision.RETRY, min(LONGEST_WAIT_S, first_s * 2.0 ** min(attempts, 16)))
    if trouble.kind == ChildDied.__name__ and attempts < DEATHS_FORGIVEN:
        return Verdict(Decision.RETRY)
    return Verdict(Decision.GIVE_UP)
