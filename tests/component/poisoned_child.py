"""A models process that dies over the photo whose content POISON has in hex, or over every photo: "all"."""

from __future__ import annotations

import os
import signal
from typing import Any

from photofsd.pipeline import model_child
from photofsd.pipeline.stages.clip import Embed, Picture

look = Embed.look


def look_or_die(self: Embed, question: Picture, work: Any, model: Any) -> Any:  # noqa: ANN401 - as Embed.look
    if os.environ["POISON"] in {question.content.hex(), "all"}:
        os.kill(os.getpid(), signal.SIGKILL)
    return look(self, question, work, model)


if __name__ == "__main__":
    Embed.look = look_or_die  # type: ignore[method-assign]
    model_child.main()
