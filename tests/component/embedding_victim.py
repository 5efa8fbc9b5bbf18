"""A process that embeds photos and is killed on its way from the vectors to the store.

python -m tests.component.embedding_victim FOLDER STATE MODELS written|synced|committed
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from pathlib import Path

from photofsd.index.vectors import VectorFile
from photofsd.pipeline.model_choice import Wanted
from photofsd.pipeline.model_questions import ModelSettings
from photofsd.pipeline.outcome import Outcome
from photofsd.pipeline.runner import Runner
from tests.component.librarian import SETTINGS, librarian
from tests.component.preview_victim import dying_after

BATCH = 3


def main(folder: Path, state: Path, models: Path, when: str) -> None:
    """Take the folder in without any model, then embed until killed."""
    how = dataclasses.replace(SETTINGS, wanted=Wanted(models), models=ModelSettings(batch_max=BATCH))
    with librarian(folder, state) as here:
        here.take_in()
        here.work_off()
        if when == "committed":
            commit = Runner._commit

            async def commit_and_die(self: Runner, outcome: Outcome) -> None:
                await commit(self, outcome)
                os.kill(os.getpid(), signal.SIGKILL)

            Runner._commit = commit_and_die  # type: ignore[method-assign]
        else:
            step = {"written": "write", "synced": "sync"}[when]
            setattr(VectorFile, step, dying_after(getattr(VectorFile, step)))
        here.work_off(how)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
