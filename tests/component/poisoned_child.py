"""A models process that dies over the photo whose content POISON has in hex, or over every photo: "all"."""

from __future__ import annotations

import os
import signal
from typing import Any

from photofsd.pipeline import model_child
from photofsd.pipeline.sights import Picture
from photofsd.pipeline.stages.clip import Embed
from photofsd.pipeline.stages.faces import FindFaces


def poison(stage: Any) -> None:  # noqa: ANN401 - any class of a model stage
    look = stage.look

    def look_or_die(self: Any, question: Picture, work: Any, model: Any) -> Any:  # noqa: ANN401 - as ModelStage.look
        if os.environ["POISON"] in {question.content.hex(), "all"}:
            os.kill(os.getpid(), signal.SIGKILL)
        return look(self, question, work, model)

    stage.look = look_or_die


if __name__ == "__main__":
    poison(Embed)
    poison(FindFaces)
    model_child.main()
