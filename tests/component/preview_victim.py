"""A process that takes a folder in and is killed on its way from the thumbnails to the facts.

python -m tests.component.preview_victim FOLDER STATE written|finished|committed
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

from photofsd.media.thumbnails import Batch
from photofsd.pipeline.outcome import Outcome
from photofsd.pipeline.runner import Runner
from tests.component.librarian import librarian

P = ParamSpec("P")


def dying_after(work: Callable[P, object]) -> Callable[P, None]:
    """`work`, after which the process is killed."""

    def last(*args: P.args, **kwargs: P.kwargs) -> None:
        work(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    return last


def main(folder: Path, state: Path, when: str) -> None:
    """Take the folder in until killed."""
    if when == "written":
        Batch.add = dying_after(Batch.add)  # type: ignore[method-assign]
    elif when == "finished":
        Batch.finish = dying_after(Batch.finish)  # type: ignore[method-assign]
    else:
        commit = Runner._commit

        async def commit_and_die(self: Runner, outcome: Outcome) -> None:
            await commit(self, outcome)
            if outcome.before is not None:
                os.kill(os.getpid(), signal.SIGKILL)

        Runner._commit = commit_and_die  # type: ignore[method-assign]
    with librarian(folder, state) as here:
        here.take_in()
        here.work_off()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
