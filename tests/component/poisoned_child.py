"""A models process that dies over the photo whose content POISON has in hex, or over every photo: "all"."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photofsd.pipeline import model_child, runner
from photofsd.pipeline.sights import Picture
from photofsd.pipeline.stages.clip import Embed
from photofsd.pipeline.stages.faces import FindFaces
from photofsd.processes.child import Program

if TYPE_CHECKING:
    import pytest

CHECKOUT = Path(__file__).parents[2]


def put_into_service(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """Let models run in such a process. content: in hex, or "all"."""
    monkeypatch.setenv("POISON", content)
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))  # children import nothing from the current folder
    monkeypatch.setattr(runner, "MODELS", Program("tests.component.poisoned_child", "models process", "-"))


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
