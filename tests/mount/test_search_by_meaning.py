"""Search by meaning through a real mount, with the real photos and the small real model beside the checkout."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from photofsd.daemon.client import ask
from photofsd.daemon.commands import Ping
from photofsd.searcher.child import FOLLOW_EVERY_S
from tests.mount.walker import daemon

WORDS_ALONE = frozenset({"Stonehenge", "beach", "dog", "giraffe", "zebra"})
"""The rows that hold by words alone: the names of these files say what they show."""

NONSENSE = ("existential dread", "asdf qwer zxcv", "monetary policy", "the ontological argument")
CATS = frozenset({"9.jpg", "cat_black.jpg", "cat_brown.jpg", "cat_yellow_grey.jpg", "empty_gps.jpg", "flash.jpg"})
READY_S = 60.0


@pytest.fixture(scope="module")
def mounted(
    test_data: Path, test_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Path]]:
    """The mount, and the state folder."""
    place = tmp_path_factory.mktemp("meaning")
    options = ("--models", str(test_models))
    with daemon(test_data, place / "state", place / "photos", *options):
        eventually(lambda: has_caught_up(place / "state"))
        yield place / "photos", place / "state"


def has_caught_up(state: Path) -> bool:
    """Claim: the searcher has all vectors, and two looks of its own at the store changed nothing of how it stands."""
    health = json.loads(photofsd(state, "status", "--json"))
    is_whole = health["searcher"]["vectors"] == health["stages"]["clip"]["done"]
    if not is_whole or health["searcher"]["state"] != "ready":
        return False
    time.sleep(2.5 * FOLLOW_EVERY_S)
    now = searcher(state)
    return all(now[key] == health["searcher"][key] for key in ("state", "vectors", "tail", "floor"))


def eventually(claim: Callable[[], bool]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + READY_S
    while not claim():
        assert time.monotonic() < deadline, f"not so within {READY_S} s"
        time.sleep(0.1)


def photofsd(state: Path, *words: str) -> str:
    command = [sys.executable, "-m", "photofsd", *words, "--state", str(state)]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout


def searcher(state: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(photofsd(state, "status", "--json"))["searcher"]
    return found


def listed(folder: Path) -> list[str]:
    """As `ls -U` lists it."""
    done = subprocess.run(["ls", "-U", folder], capture_output=True, check=True, text=True, timeout=30)
    return done.stdout.splitlines()


def originals(mount: Path, name: str, test_data: Path) -> set[str]:
    """The paths in the test photos of a photo by its view name."""
    said = json.loads((mount / ".photofsd" / "photos" / f"{name}.json").read_text())
    return {os.path.relpath(path, test_data) for path in said["paths"]}


def relevant(test_data: Path) -> dict[str, set[str]]:
    """What shows each query: what the list says, and other copies of the same picture in other formats."""
    with (test_data / "queries.csv").open(newline="") as file:
        found = {row["query"]: set(row["paths (| separated)"].split("|")) for row in csv.DictReader(file)}
    found["ship or boat"].add("metadata-zoo/exiv2/Reagan.jxl")  # "JPEG XL of Reagan.jpg", says manifest.csv
    return found


def acceptance(test_data: Path) -> list[dict[str, str]]:
    with (test_data / "search_acceptance.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def holds(row: dict[str, str], found: Sequence[set[str]], wanted: set[str]) -> bool:
    """Claim: enough of what is relevant stands in the first k. A photo with two paths is two of the files."""
    hits = [paths & wanted for paths in found[: int(row["k"])]]
    enough = sum(map(len, hits)) >= int(row["min_relevant_in_top_k"])
    return enough and (row["top1_must_be_relevant"] == "0" or bool(hits and hits[0]))


def rows_that_hold(mount: Path, test_data: Path) -> dict[str, bool]:
    wanted = relevant(test_data)
    held = {}
    for row in acceptance(test_data):
        names = listed(mount / "search" / row["query"])[: int(row["k"])]
        held[row["query"]] = holds(row, [originals(mount, name, test_data) for name in names], wanted[row["query"]])
    return held


def test_every_row_of_the_acceptance_list_holds(mounted: tuple[Path, Path], test_data: Path) -> None:
    held = rows_that_hold(mounted[0], test_data)
    assert [query for query, is_so in held.items() if not is_so] == []
    assert len(held) == 16


def test_nonsense_finds_little_or_nothing(mounted: tuple[Path, Path]) -> None:
    assert max(len(listed(mounted[0] / "search" / query)) for query in NONSENSE) <= 3


def test_a_literal_match_is_never_hidden(mounted: tuple[Path, Path]) -> None:
    mount, _ = mounted
    assert "IMG_4120" in listed(mount / "search" / "IMG_4120")[0]
    for word in ("dog", "zebra", "Reagan"):
        by_words = set(listed(mount / "search" / f'"{word}"'))
        found = listed(mount / "search" / word)
        assert by_words <= set(found[: 2 * len(by_words)]), word


def test_the_command_and_the_folder_answer_alike_and_say_why(mounted: tuple[Path, Path]) -> None:
    mount, state = mounted
    found = json.loads(photofsd(state, "search", "beach", "--json", "--explain"))
    assert [photo["name"] for photo in found] == listed(mount / "search" / "beach")
    first = found[0]["why"]
    assert first["meaning"]["cosine"] > float(str(searcher(state)["floor"]))
    assert first["words"].keys() == {"beach"}
    scores = [photo["score"] for photo in found]
    assert scores == sorted(scores, reverse=True)


def test_ranked_names_say_the_same_order(mounted: tuple[Path, Path]) -> None:
    ranked = sorted(listed(mounted[0] / "search" / ".ranked" / "flower"))
    assert [name.partition("~")[2] for name in ranked] == listed(mounted[0] / "search" / "flower")


def test_similar_holds_what_looks_like_it_and_not_itself(mounted: tuple[Path, Path]) -> None:
    mount, _ = mounted
    found = listed(mount / "similar" / "cat.jpg")
    assert "cat.jpg" not in found
    assert set(found[:4]) <= {
        "flash.jpg",
        "empty_gps.jpg",
        "cat_brown.jpg",
        "9.jpg",
        "cat_yellow_grey.jpg",
        "cat_black.jpg",
    }
    assert found == listed(mount / "search" / "like:cat.jpg")
    within = listed(mount / "search" / "cat" / "+similar" / "cat.jpg")
    assert set(within) <= set(listed(mount / "search" / "cat"))


def test_a_searcher_that_is_killed_leaves_words_and_comes_again(mounted: tuple[Path, Path], test_data: Path) -> None:
    mount, state = mounted
    for child in children("photofsd.searcher.child", state):
        os.kill(child, signal.SIGKILL)
    found = listed(mount / "search" / "dog limit:150")
    assert {"dog.jpg", "dog_orange.jpg"} <= set(found)
    eventually(lambda: searcher(state)["state"] == "ready")
    assert all(rows_that_hold(mount, test_data).values())


def children(module: str, state: Path) -> list[int]:
    """The processes that run a module for the daemon of that state folder."""
    parent = ask(state, Ping())["pid"]
    listing = ["ps", "--ppid", str(parent), "-o", "pid=,args="]
    found = subprocess.run(listing, capture_output=True, check=True, text=True)
    return [int(line.split()[0]) for line in found.stdout.splitlines() if module in line]


def test_a_new_photo_is_found_and_one_that_is_gone_is_not(test_data: Path, test_models: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for path in sorted((test_data / "Photos" / "Tiere").glob("*.jpg")):  # enough that one may go unasked
        shutil.copy(path, library)
    mount = tmp_path / "photos"
    with daemon(library, tmp_path / "state", mount, "--models", str(test_models)):
        eventually(lambda: searcher(tmp_path / "state")["state"] == "ready")
        shutil.copy(test_data / "Photos/Haustiere – Pets/cat.jpg", library / "new.jpg")
        eventually(lambda: "new.jpg" in listed(mount / "search" / "cat"))
        (library / "new.jpg").unlink()
        eventually(lambda: "new.jpg" not in listed(mount / "recent"))
        assert "new.jpg" not in listed(mount / "search" / "cat")


def test_words_alone_hold_these_rows(test_data: Path, tmp_path: Path) -> None:
    mount = tmp_path / "photos"
    with daemon(test_data, tmp_path / "state", mount, "--models", str(tmp_path / "none")):
        held = rows_that_hold(mount, test_data)
        assert {query for query, is_so in held.items() if is_so} == WORDS_ALONE
        status = (mount / ".photofsd" / "status").read_text()
        assert "searching by words only: no image-text model answers yet" in status


def test_without_the_daemon_the_command_answers_alike_and_calibrates(
    test_data: Path, test_models: Path, tmp_path: Path
) -> None:
    library, state = tmp_path / "library", tmp_path / "state"
    shutil.copytree(test_data / "Photos" / "Tiere", library)
    words = ("search", "an elephant", "--json", "--models", str(test_models))
    with daemon(library, state, tmp_path / "photos", "--models", str(test_models)):
        eventually(lambda: searcher(state)["state"] == "ready")
        asked = json.loads(photofsd(state, *words))
    alone = json.loads(photofsd(state, *words))
    assert alone
    assert [photo["name"] for photo in alone] == [photo["name"] for photo in asked]
    proposal = json.loads(photofsd(state, "models", "calibrate", "elephant", "--json", "--models", str(test_models)))
    assert proposal["texts"][0]["keeps"] >= 1
    assert max(kept["keeps"] for kept in proposal["nonsense"]) <= 2
    assert proposal["photos"] == len(os.listdir(library)) - len(list(library.glob("*.xmp")))


def test_the_score_is_an_extended_attribute_that_names_its_search(
    test_data: Path, test_models: Path, tmp_path: Path
) -> None:
    library, config = tmp_path / "library", tmp_path / "photofsd.toml"
    shutil.copytree(test_data / "Photos" / "Tiere", library)
    config.write_text("[mount]\nxattrs = true\n")
    mount = tmp_path / "photos"
    options = ("--models", str(test_models), "--config", str(config))
    with daemon(library, tmp_path / "state", mount, *options):
        eventually(lambda: searcher(tmp_path / "state")["state"] == "ready")
        first = listed(mount / "search" / "elephant")[0]
        score, _, query = (
            os.getxattr(mount / "search" / "elephant" / first, "user.photofsd.score").decode().partition(" ")
        )
        assert query == "elephant"
        assert 0 < float(score) <= 1
