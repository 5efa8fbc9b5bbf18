"""How things stand, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from photofsd.daemon.commands import (
    Health,
    IndexHealth,
    LibraryHealth,
    ModelHealth,
    PeopleHealth,
    SearcherHealth,
    StageHealth,
)
from photofsd.display import shown, width


def health_lines(health: Health) -> Iterator[str]:
    """The answer of `photofsd status`."""
    yield f"photofsd {health['version']} is {health['state']}; the tree is at {health['mount']}"
    yield from (f"! {shown(alert)}" for alert in health["alerts"])
    yield ""
    yield from columns([_library(folder) for folder in health["library"]])
    yield f"{health['photos']:,} photos, {health['files']:,} files, {health['failed']:,} failed"
    yield _similar(health["index"])
    yield _people(health["people"])
    yield searcher_line(health["searcher"])
    yield from (_model(stage, model) for stage, model in health["models"].items())
    if health["stages"]:
        yield ""
        yield from stage_lines(health["stages"])


def stage_lines(stages: Mapping[str, StageHealth]) -> list[str]:
    """A table with a line for each stage."""
    head = ("stage", "queued", "running", "done", "failed", "per second", "retries/min", "waiting for")
    return columns([head, *(_stage(name, stage) for name, stage in stages.items())])


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines whose cells stand below each other: a row is a line, whatever its cells hold."""
    table = [[shown(cell) for cell in row] for row in rows]
    widths = [max(map(width, cells)) for cells in zip(*table, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in table]


def _padded(cell: str, columns_wide: int) -> str:
    return cell + " " * (columns_wide - width(cell))


def _library(folder: LibraryHealth) -> tuple[str, str, str]:
    scanned = f"last scan {folder['last_scan']}" if folder["last_scan"] else "not scanned yet"
    return (folder["path"], "online" if folder["online"] else "OFFLINE", scanned)


def _similar(index: IndexHealth) -> str:
    queued = index["similar_queued"]
    to_do = "up to date" if not queued else "1 change to go" if queued == 1 else f"{queued:,} changes to go"
    return f"{index['similar']:,} photos look alike: {to_do}"


def _people(people: PeopleHealth) -> str:
    waiting = f"; {people['waiting']}" if people["waiting"] else ""
    return f"people: {people['named']:,} named, {people['unknown']:,} not yet; faces: {people['faces']:,}{waiting}"


def searcher_line(searcher: SearcherHealth) -> str:
    """Whether pictures are found by what they show, and if not, why, and what would be gained."""
    if searcher["waiting"] is None:
        memory = f"{searcher['memory_mb']:,} MB of memory, {searcher['mapped_mb']:,} MB of files mapped"
        return f"searching by meaning: {searcher['vectors']:,} photos, model {searcher['model']}; {memory}"
    return f"searching by words only: {searcher['waiting']}"


def _model(stage: str, model: ModelHealth) -> str:
    return f"stage {stage}: {shown(model['id'])}" + (f" ({shown(model['about'])})" if model["about"] else "")


def _stage(name: str, stage: StageHealth) -> tuple[str, ...]:
    counts = (f"{count:,}" for count in (stage["queued"], stage["running"], stage["done"], stage["failed"]))
    rates = (f"{stage['rate_per_s']:.1f}", f"{stage['retries_per_min']:,}")
    return (name, *counts, *rates, stage["waiting"] or "")
