"""The child that shows photos to models: it keeps those that were asked last, and answers batch after batch.

Run as `python -m photofsd.pipeline.model_child FD MEMORY_MB`. It says READY once it is; then every frame in is an Ask,
answered by a Reply. Limited as a reader is, but for its memory: models are mapped, and so are GPUs, so what counts is
what it allocates. The only pictures that it parses are previews, which are our own.
"""

from __future__ import annotations

import functools
import logging
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec

from photofsd.errors import FileUndecodable, FileUnreadable, ModelUnusable, OutOfModelMemory, PhotofsdError
from photofsd.models.folder import Installed, Purpose, layout_of, what_is_missing
from photofsd.models.loading import load, load_faces
from photofsd.pipeline import graph
from photofsd.pipeline.model_order import Ask, Reply
from photofsd.pipeline.stage import ModelInUse, ModelStage, Trouble
from photofsd.processes.frames import READY, receive_frame, send_frame
from photofsd.processes.lowered import lower_and_limit, silence_libraries

TIMES_ITS_FILES: Final = 4
"""What a model takes in memory, with what it computes, is up to so many times the size of its files."""


def main() -> None:
    """Serve until the parent closes the connection."""
    lower_and_limit(int(sys.argv[2]), maps_much=True)
    silence_libraries()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    os.environ["HF_HUB_OFFLINE"] = "1"
    connection = socket.socket(fileno=int(sys.argv[1]))
    models, stages = Models(int(sys.argv[2])), graph.discover()
    decode, encode = msgspec.msgpack.Decoder(Ask).decode, msgspec.msgpack.encode
    send_frame(connection, READY)
    while (frame := receive_frame(connection)) is not None:
        send_frame(connection, encode(reply(decode(frame), models, stages)))


class Models:
    """Models, loaded: the one that was asked last, and others beside it where memory is ample.

    pool: threads that prepare what models are shown. memory_mb: of this process.
    """

    def __init__(self, memory_mb: int) -> None:
        self._room = (memory_mb << 20) // TIMES_ITS_FILES
        self._loaded: dict[tuple[ModelInUse, int], tuple[Any, int]] = {}
        self._threads = 1
        self.pool = ThreadPoolExecutor(1)

    def get(self, model: ModelInUse, threads: int) -> Any:  # noqa: ANN401 - each purpose has its own protocol
        """The model, loaded. Raises ModelUnusable, OutOfModelMemory."""
        found = self._loaded.pop((model, threads), None)
        if found is None:
            installed = _installed(model)
            self._make_room(installed.size, model.purpose)
            found = _load(installed, threads), installed.size
        self._loaded[model, threads] = found
        if threads != self._threads:
            self.pool.shutdown()
            self.pool, self._threads = ThreadPoolExecutor(threads), threads
        return found[0]

    def _make_room(self, size: int, purpose: str) -> None:
        """Let go of what is for the same purpose, and of what was asked longest ago."""
        for model, threads in list(self._loaded):
            taken = sum(of_it for _, of_it in self._loaded.values())
            if model.purpose == purpose or taken + size > self._room:
                del self._loaded[model, threads]


def _installed(model: ModelInUse) -> Installed:
    purpose, folder = Purpose(model.purpose), Path(model.folder)
    layout = layout_of(purpose, folder)
    if layout is None:
        raise ModelUnusable(f"{folder} is no {purpose} model any more: {what_is_missing(purpose, folder)}")
    return Installed(purpose, folder.name, layout, folder)


def _load(model: Installed, threads: int) -> Any:  # noqa: ANN401 - as above
    loaded = load_faces if model.purpose is Purpose.FACES else load
    try:
        return loaded(model, threads=threads)
    except MemoryError as error:
        raise OutOfModelMemory(f"there is no memory to load {model.name}") from error


def reply(ask: Ask, models: Models, stages: graph.Graph) -> Reply:
    """Answer a batch. A photo that cannot be looked at costs itself alone, whatever else is wrong concerns them all."""
    stage = stages[ask.stage]
    if not isinstance(stage, ModelStage):
        raise TypeError(f"{ask.stage} asks no model")
    try:
        model = models.get(ask.model, ask.threads)
        started = time.monotonic()
        questions = msgspec.msgpack.decode(ask.questions, type=list[stage.query])  # type: ignore[name-defined]
        sights, troubles = _looked(
            stage, questions, functools.partial(stage.look, work=ask.work, model=model), models.pool
        )
        answers = stage.run(sights, model) if sights else ()
    except MemoryError:
        return Reply(trouble=Trouble(OutOfModelMemory.__name__, f"stage {stage.name}: there is no memory for a batch"))
    except PhotofsdError as error:
        return Reply(trouble=Trouble(type(error).__name__, str(error)))
    except Exception as error:  # noqa: BLE001 - the batch fails, not the child
        return Reply(trouble=Trouble(FileUndecodable.__name__, f"stage {stage.name}: {type(error).__name__}: {error}"))
    return Reply(msgspec.Raw(msgspec.msgpack.encode(answers)), troubles, took_s=time.monotonic() - started)


def _looked(
    stage: ModelStage[Any, Any, Any, Any],
    questions: Sequence[Any],
    look: Callable[[Any], Any],
    pool: ThreadPoolExecutor,
) -> tuple[list[Any], dict[int, Trouble]]:
    """What the model is to be shown, and the troubles by place."""

    def looked(question: Any) -> Any:  # noqa: ANN401 - each stage has its own
        try:
            return look(question)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a torn file may raise anything in a decoder
            why = str(error) if isinstance(error, PhotofsdError) else f"it cannot be read: {type(error).__name__}"
            return Trouble(FileUnreadable.__name__, f"stage {stage.name}: the stored preview is made again: {why}")

    sights: list[Any] = []
    troubles: dict[int, Trouble] = {}
    for place, seen in enumerate(pool.map(looked, questions)):
        if isinstance(seen, Trouble):
            troubles[place] = seen
        else:
            sights.append(seen)
    return sights, troubles


if __name__ == "__main__":
    main()
