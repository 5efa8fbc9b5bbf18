"""What `make run` shows: drawings are found by what they show, and the demo model says that it is one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="what runs open_clip's models is not installed: pip install 'photofsd[ml]'")

from contrib.demo_model.captions import truths_of
from contrib.demo_model.laid_out import lay_out
from contrib.sample_library.scenes import SCENES
from tests.mount.walker import daemon

SIZE = (640, 480)
OF_EACH = 3
ANSWERED_S = 60
SAYS = "DEMO MODEL: "


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozenset[str]]:
    """Drawings whose names say nothing, in the folder `library`, and what is true of each."""
    folder = tmp_path_factory.getbasetemp() / "demo" / "library"
    folder.mkdir(parents=True)
    rng = random.Random("a demo")
    truths = {}
    for number, scene in enumerate([scene for scene in SCENES.values() for _ in range(OF_EACH)]):
        picture, traits = scene.draw_with_traits(rng, SIZE)
        picture.convert("RGB").save(folder / f"{number}.jpg", quality=90)
        truths[f"{number}.jpg"] = truths_of(scene, traits)
    return truths


@pytest.fixture(scope="module")
def place(drawn: dict[str, frozenset[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of all: library, models, state, and photos, which is the mount."""
    assert drawn
    folder = tmp_path_factory.getbasetemp() / "demo"
    lay_out(folder / "models")
    with daemon(folder / "library", folder / "state", folder / "photos"):
        photofsd(folder, "wait", "--stage", "clip", "--timeout", "60")
        yield folder


def photofsd(place: Path, *words: str) -> str:
    """What the command says, on stdout and stderr."""
    command = [sys.executable, "-m", "photofsd", *words, "--state", place / "state", "--models", place / "models"]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True, timeout=120
    ).stdout


def test_drawn_beaches_at_sunset_are_found_by_what_they_show(place: Path, drawn: dict[str, frozenset[str]]) -> None:
    def best(count: int) -> set[str]:
        """What is listed first; words alone answer where the searcher took too long."""
        ls = ["ls", "-U", place / "photos/search/beach sunset"]
        return set(subprocess.run(ls, capture_output=True, check=True, text=True).stdout.split()[:count])

    shown = {name for name, truths in drawn.items() if {"beach", "sunset"} <= truths}
    assert len(shown) >= OF_EACH
    deadline = time.monotonic() + ANSWERED_S
    while best(len(shown)) != shown and time.monotonic() < deadline:
        time.sleep(0.5)
    assert best(len(shown)) == shown


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["status", "--json"],
        ["models", "list"],
        ["models", "list", "--json"],
        ["models", "verify"],
        ["search", "--explain", "beach sunset"],
    ],
    ids=" ".join,
)
def test_it_says_that_it_is_a_demo_wherever_it_answers(place: Path, words: list[str]) -> None:
    assert SAYS in photofsd(place, *words)


def test_the_doctor_and_the_readme_of_the_mount_say_so_too(place: Path) -> None:
    where = ["--library", str(place / "library"), "--mount", str(place / "photos")]
    assert SAYS in photofsd(place, "doctor", *where)
    assert SAYS in (place / "photos/.photofsd/README").read_text()


def test_a_search_beside_no_daemon_says_so_too(place: Path, tmp_path: Path) -> None:
    found = photofsd(place, "search", "--explain", "beach sunset", "--limit", "1")
    alone = subprocess.run(
        [sys.executable, "-c", ALONE, str(place), "search", "--explain", "--limit=1", "beach sunset"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, text=True, cwd=tmp_path,
    ).stdout  # fmt: skip
    assert alone == found


ALONE = """
import sys
from photofsd.cli import main, search
from photofsd.errors import DaemonNotRunning

def nobody(*_, **__):
    raise DaemonNotRunning("the daemon is not running")

search.ask = nobody
place = sys.argv[1]
sys.argv[1:] = [*sys.argv[2:], "--state", f"{place}/state", "--models", f"{place}/models"]
main.main()
"""
