"""The child's side: reads files, makes facts, sends them home. Untrusted content is parsed here and nowhere else.

Run as `python -m photofsd.pipeline.worker FD MEMORY_MB`. It says READY once it is; then every frame in is a Request,
answered by one frame a visit, in order, as each is done (so that when a file kills this process, the daemon knows
which), or by one frame of answers. It lowers itself (nice 10, idle I/O), limits its memory, may write no file, and dies
with its parent.
"""

from __future__ import annotations

import logging
import socket
import sys
import warnings
from typing import Any

import msgspec

from photofsd.display import shown
from photofsd.errors import FileUndecodable, FileUnreadable, PhotofsdError
from photofsd.media.source import Source
from photofsd.pipeline import graph
from photofsd.pipeline.stage import (
    FactStage,
    FileStage,
    Trouble,
    Visit,
    VisitReport,
    WithThumbnails,
    Work,
)
from photofsd.pipeline.stages.identify import Identity
from photofsd.processes.frames import READY, receive_frame, send_frame
from photofsd.processes.lowered import lower_and_limit, silence_libraries


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """Either files to visit, or a fact stage and its questions (msgpack of a list of its `query`)."""

    work: Work
    visits: tuple[Visit, ...] = ()
    stage: str = ""
    questions: msgspec.Raw = msgspec.Raw(b"\x90")


class Answers(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a fact stage answered: msgpack of a list of its `result`, or the trouble."""

    answers: msgspec.Raw = msgspec.Raw(b"\x90")
    trouble: Trouble | None = None


def main() -> None:
    """Serve requests until the parent closes the connection."""
    descriptor, memory_mb = int(sys.argv[1]), int(sys.argv[2])
    lower_and_limit(memory_mb)
    silence_libraries()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    connection = socket.socket(fileno=descriptor)
    stages = graph.discover()
    decode = msgspec.msgpack.Decoder(Request).decode
    send_frame(connection, READY)
    while (frame := receive_frame(connection)) is not None:
        for answer in answers(decode(frame), stages):
            send_frame(connection, answer)


def answers(request: Request, stages: graph.Graph) -> Any:  # noqa: ANN401
    """Yield the frames that answer a request."""
    encode = msgspec.msgpack.Encoder().encode
    if request.stage:
        yield encode(_answered(request, stages))
        return
    for visit in request.visits:
        yield encode(report(visit, stages, request.work))


def report(visit: Visit, stages: graph.Graph, work: Work) -> VisitReport:
    """Read one file for all of the visit's stages. What goes wrong is reported for each, never raised.

    A stage that has nothing to do, since the content turns out to be known, is not run and not reported.
    """
    try:
        with Source.open(visit.path, visit.sidecars, visit.folder) as source:
            if source.size > work.file_max_mb * 10**6:
                raise FileUndecodable(f"{shown(visit.path)} is larger than readers.file_max_mb ({work.file_max_mb})")
            made = _facts(source, visit, stages, work)
            source.verify_unchanged()
    except PhotofsdError as error:
        return VisitReport(troubles={name: trouble_of(error, visit.path) for name in visit.stages})
    return made


def _facts(source: Source, visit: Visit, stages: graph.Graph, work: Work) -> VisitReport:
    report = VisitReport((source.stat.st_size, source.stat.st_mtime_ns, source.stat.st_ino), {}, {}, {})
    done: tuple[str, ...] = ()
    for name in visit.stages:
        if name in done:
            continue
        stage = stages[name]
        if not isinstance(stage, FileStage):
            raise TypeError(f"{name} does not read files")
        try:
            made = stage.run(source, work)
        except Exception as error:  # noqa: BLE001 - a hostile file may raise anything in a parser
            report.troubles[name] = trouble_of(error, visit.path)
            continue
        if isinstance(made, WithThumbnails):
            made, report.thumbnails[name] = made.facts, dict(made.thumbnails)
        if isinstance(made, Identity):
            done = visit.known.get(made.content, ())
        report.results[name] = msgspec.Raw(msgspec.msgpack.encode(made))
    return report


def trouble_of(error: Exception, path: bytes) -> Trouble:
    """The error for the way home: what no parser should raise is the file's fault, and stays so."""
    if isinstance(error, PhotofsdError):
        return Trouble(type(error).__name__, str(error))
    if isinstance(error, MemoryError):
        return Trouble(FileUndecodable.__name__, f"{shown(path)} needs more memory than readers.memory_mb allows")
    if isinstance(error, OSError) and error.errno is not None:  # decoders raise their own without one
        return Trouble(FileUnreadable.__name__, f"{shown(path)} cannot be read: {error.strerror or error}")
    return Trouble(FileUndecodable.__name__, f"{shown(path)} cannot be understood: {type(error).__name__}: {error}")


def _answered(request: Request, stages: graph.Graph) -> Answers:
    stage = stages[request.stage]
    if not isinstance(stage, FactStage):
        raise TypeError(f"{request.stage} reads files")
    try:
        questions = msgspec.msgpack.decode(request.questions, type=list[stage.query])  # type: ignore[name-defined]
        return Answers(msgspec.Raw(msgspec.msgpack.encode(list(stage.run(questions, request.work)))))
    except Exception as error:  # noqa: BLE001 - as above: the batch fails, not the child
        if isinstance(error, PhotofsdError):
            return Answers(trouble=Trouble(type(error).__name__, str(error)))
        return Answers(
            trouble=Trouble(FileUndecodable.__name__, f"stage {stage.name}: {type(error).__name__}: {error}")
        )


if __name__ == "__main__":
    main()
