"""Hostile files against a real reader child: each costs itself alone, with one clear line.

The short run belongs to the suite. `make fuzz` goes on for minutes (FUZZ_S), by chance (FUZZ_SEED repeats it), over the
drawn files and the test photos; what it finds is kept in .run/fuzz. A reader that dies is listed and is no failure: the
decoders are C libraries, and that they may die is why there are readers. Whatever else is no clean answer is a failure.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest
import trio

from photofsd.errors import ChildDied, FileUndecodable
from photofsd.pipeline.crew import READER
from photofsd.pipeline.graph import discover
from photofsd.pipeline.stage import Visit, VisitReport, Work
from photofsd.pipeline.worker import Request
from photofsd.processes.child import Child
from tests.fuzz import seeds
from tests.fuzz.mutate import mutated

BATCH = 20
SHORT_FILES = 600
FILE_TIMEOUT_S = 60.0
MEMORY_MB = 1024
SIDECARS = (".xmp", ".json")
STAGES = tuple(stage.name for stage in discover().file_stages)
ONE_LINE = re.compile(r"[^\n\r]{1,600}")
OUR_FAULT = re.compile(r"cannot be understood: ")
"""What a reader says of an error that no parser of ours should let through."""
KEPT = Path(".run/fuzz")


class Findings:
    """What came of it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.deaths: list[str] = []
        self.outcomes: Counter[str] = Counter()

    def judge(self, file: Path, report: VisitReport) -> None:
        """Note what is wrong with an answer."""
        for stage in STAGES:
            trouble = report.troubles.get(stage)
            self.outcomes[f"{stage}: {'done' if trouble is None else trouble.kind}"] += 1
            if trouble is None:
                if stage not in report.results:
                    self._keep(file, self.faults, f"{stage} neither done nor in trouble")
            elif trouble.kind != FileUndecodable.__name__ or OUR_FAULT.search(trouble.message):
                self._keep(file, self.faults, f"{stage}: {trouble.kind}: {trouble.message}")
            elif ONE_LINE.fullmatch(trouble.message) is None:
                self._keep(file, self.faults, f"{stage}: not one line: {trouble.message!r}")

    def died(self, file: Path, how: str) -> None:
        """The reader died over a file, or had to be killed."""
        self._keep(file, self.faults if "took longer" in how else self.deaths, how)

    def _keep(self, file: Path, into: list[str], what: str) -> None:
        KEPT.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, KEPT / file.name)
        into.append(f"{KEPT / file.name}: {what}")


def hostile_files(folder: Path, sound: Mapping[str, bytes], chance: random.Random) -> Iterator[Path]:
    """Write damaged files, one after the other, without end."""
    names, contents = sorted(sound), list(sound.values())
    for number in itertools.count():
        name = chance.choice(names)
        path = folder / f"{number:06d}-{name}"
        path.write_bytes(mutated(chance, sound[name], contents))
        yield path


def visit(file: Path, sound: Path) -> Visit:
    """Read the file; a sidecar is read beside a photo that is in order."""
    if file.suffix in SIDECARS:
        return Visit(bytes(sound), STAGES, sidecars=(bytes(file),))
    return Visit(bytes(file), STAGES)


async def ask(child: Child, visits: Sequence[tuple[Path, Visit]], findings: Findings) -> int:
    """Have a batch read; how many files were answered for. Raises ChildDied."""
    answered = 0
    await child.send(msgspec.msgpack.encode(Request(Work(), tuple(visit for _, visit in visits))))
    for file, _ in visits:
        try:
            with trio.fail_after(FILE_TIMEOUT_S):
                frame = await child.receive()
        except ChildDied as error:
            findings.died(file, str(error))
            return answered + 1
        except trio.TooSlowError:
            findings.died(file, f"took longer than {FILE_TIMEOUT_S:g} s")
            return answered + 1
        findings.judge(file, msgspec.msgpack.decode(frame, type=VisitReport))
        answered += 1
    return answered


async def feed(files: Iterator[Path], sound: Path, findings: Findings, until: Iterator[object]) -> None:
    """Let a reader read, a new one whenever it dies, as long as `until` goes on."""
    child = await Child.start(READER, memory_mb=MEMORY_MB)
    try:
        for _ in until:
            batch = [(file, visit(file, sound)) for file in itertools.islice(files, BATCH)]
            left = batch
            while left:
                left = left[await ask(child, left, findings) :]
                if left:
                    child.kill()
                    child = await Child.start(READER, memory_mb=MEMORY_MB)
            for file, _ in batch:
                file.unlink()
    finally:
        await child.close()


def run(folder: Path, sound: Mapping[str, bytes], seed: int, until: Iterator[object]) -> Findings:
    """Read hostile files; what was found."""
    findings = Findings()
    in_order = folder / "in-order.jpg"
    in_order.write_bytes(seeds.drawn()["photo.jpg"])
    files = hostile_files(folder, sound, random.Random(seed))
    trio.run(feed, files, in_order, findings, until)
    return findings


def test_hostile_files_cost_themselves_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    findings = run(tmp_path, seeds.drawn(), 20130708, iter(range(SHORT_FILES // BATCH)))
    assert not findings.faults, "\n".join(findings.faults)
    assert not capfd.readouterr().err, "what C libraries say of broken files is for nobody's log"
    assert findings.outcomes["metadata: done"] > SHORT_FILES / 4
    assert findings.outcomes[f"metadata: {FileUndecodable.__name__}"] > SHORT_FILES / 100


def say(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_hostile_files_for_minutes(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seed = int(os.environ.get("FUZZ_SEED") or time.time_ns())
    ends_s = time.monotonic() + float(os.environ.get("FUZZ_S") or 300)
    sound = dict(seeds.drawn())
    try:
        sound |= seeds.real(request.getfixturevalue("test_data"))
    except pytest.skip.Exception as absent:
        say(f"without the test photos: {absent}")
    say(f"FUZZ_SEED={seed}, {len(sound)} files to begin with")
    findings = run(tmp_path, sound, seed, itertools.takewhile(lambda _: time.monotonic() < ends_s, itertools.count()))
    for outcome, count in sorted(findings.outcomes.items()):
        say(f"{count:9,} {outcome}")
    say(f"{len(findings.deaths)} readers died", *findings.deaths)
    assert not findings.faults, "\n".join(findings.faults)
