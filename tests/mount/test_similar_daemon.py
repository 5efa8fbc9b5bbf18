"""Groups of similar photos come and go with the photos, under a real daemon: pictures, their hashes, the index."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from tests.mount.walker import daemon

PATIENCE_S = 60


@dataclass(frozen=True)
class Served:
    library: Path
    groups: Path
    state: Path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    library, mount = tmp_path / "library", tmp_path / "photos"
    library.mkdir()
    for number in range(12):  # so many that two that vanish are believed
        picture(number).save(library / f"{number}.jpg")
    Image.new("RGB", (640, 480), "white").save(library / "white.jpg")
    Image.new("RGB", (640, 480), "#fffffe").save(library / "white as well.jpg")
    with daemon(library, tmp_path / "state", mount):
        yield Served(library, mount / "duplicates" / "similar", tmp_path / "state")


def picture(seed: int) -> Image.Image:
    """Soft spots, as a photo has them: every seed gives another picture."""
    rng = random.Random(seed)
    spots = Image.frombytes("RGB", (9, 7), rng.randbytes(9 * 7 * 3))
    return spots.resize((640, 480), Image.Resampling.BICUBIC)


def eventually(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_groups_come_and_go_with_the_photos(served: Served) -> None:
    assert list(served.groups.iterdir()) == []
    picture(1).resize((320, 240)).save(served.library / "small.jpg")
    eventually(lambda: {path.name for path in served.groups.iterdir()} == {"1.jpg"}, "no group")
    assert [path.name for path in (served.groups / "1.jpg").iterdir()] == ["1.jpg", "small.jpg"]
    picture(1).resize((1280, 960)).save(served.library / "large.webp")
    eventually(lambda: {path.name for path in served.groups.iterdir()} == {"large.webp"}, "the best is not the first")
    assert [path.name for path in (served.groups / "large.webp").iterdir()] == ["large.webp", "1.jpg", "small.jpg"]
    for name in ("large.webp", "small.jpg"):
        (served.library / name).unlink()
    eventually(lambda: not list(served.groups.iterdir()), "the group is still there")
    eventually(lambda: not (served.groups / "large.webp").exists(), "the kernel still knows the group")
    program = [sys.executable, "-m", "photofsd"]
    subprocess.run([*program, "wait", "--timeout", str(PATIENCE_S), "--state", str(served.state)], check=True)
    words = [*program, "status", "--json", "--state", str(served.state)]
    index = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)["index"]
    assert (index["similar"], index["similar_queued"]) == (0, 0)
