"""People by command, through a real daemon: what a command says, the tree shows at once, and queries find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mount.cast import Cast, photo
from tests.mount.walker import MountWalker, walking_mount


class Home:
    """A mounted tree and the program: Ann in 0 to 3, somebody unknown in 4 to 6, whom the program calls as we say."""

    def __init__(self, tree: MountWalker, state: Path, mount: Path) -> None:
        self.tree = tree
        self.state = state
        self.mount = mount

    def run(self, *words: str) -> str:
        """What the program prints."""
        command = [sys.executable, "-m", "photofsd", *words, "--state", str(self.state)]
        done = subprocess.run(command, check=True, capture_output=True, timeout=60)
        return done.stdout.decode()

    def shows(self, folder: str) -> list[bytes]:
        """The photos in a folder of the tree."""
        return sorted(self.tree.names(os.fsencode(folder)))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    place = tmp_path_factory.mktemp("home")
    folder, state, mount = (place / name for name in ("library", "state", "photos"))
    folder.mkdir()
    people = Cast()
    people.somebody("Ann", 4, name=b"Ann")
    people.somebody("unknown", 3)
    people.strangers("pair", 1, faces=2)
    people.shoot(folder)
    with walking_mount(folder, state, mount, people.introduce) as tree:
        yield Home(tree, state, mount)


def photos(*numbers: int) -> list[bytes]:
    return [photo(number) for number in numbers]


def test_what_is_said_by_command_is_seen_at_once_and_can_be_taken_back(home: Home) -> None:
    assert b"person-0002" in home.tree.names(b"people/unknown")
    assert home.run("people", "name", "person-0002", "Bob Smith") == "person-0002 is called Bob Smith now\n"
    assert b"person-0002" not in home.tree.names(b"people/unknown")
    assert home.shows("people/Bob Smith") == home.shows("search/bob") == photos(4, 5, 6)
    path = home.mount / "people" / "Ann" / "002.jpg"
    home.run("people", "move", "Ann", "Bob Smith", "001.jpg", str(path))
    assert home.shows("people/Bob Smith") == home.shows("search/person:smith") == photos(1, 2, 4, 5, 6)
    assert home.shows("people/Ann") == home.shows("search/Ann") == photos(0, 3)
    told = json.loads(home.tree.read(b".photofsd/photos/001.jpg.json"))["faces"]
    assert [(face["person"], face["held_by"]) for face in told] == [("Bob Smith", "user")]
    assert [home.run("undo") for _ in range(2)] == [f"taken back: Bob Smith is in {n}.jpg\n" for n in ("002", "001")]
    assert home.run("undo") == "taken back: person-0002 is called Bob Smith\n"
    assert home.shows("people/Ann") == photos(0, 1, 2, 3)
    assert home.shows("people/unknown/person-0002") == photos(4, 5, 6)


def test_the_faces_of_a_photo_are_numbered_where_it_is_told_what_is_known_of_it(home: Home) -> None:
    told = json.loads(home.tree.read(b".photofsd/photos/007.jpg.json"))["faces"]
    at = [f"{left}-{left + 20} % from the left, 30-50 % from the top" for left in (10, 70)]
    assert [(face["face"], face["at"], face["person"]) for face in told] == [(1, at[0], None), (2, at[1], None)]
    assert home.run("people", "add", "Pia", "007.jpg", "--face", "2") == "Pia, who is new, is in 007.jpg now\n"
    told = json.loads(home.tree.read(b".photofsd/photos/007.jpg.json"))["faces"]
    assert [face["person"] for face in told] == [None, "Pia"]
    assert home.shows("people/Pia") == home.shows("search/pia") == photos(7)
    lines = home.run("undo", "--burst").splitlines()
    assert lines == ["taken back: Pia is in 007.jpg", "taken back: there is somebody new, Pia"]


def test_what_is_said_in_the_tree_is_taken_back_by_command(home: Home) -> None:
    people = home.mount / "people"
    (people / "Ann").rename(people / "Anna")
    assert json.loads(home.run("people", "list", "--json"))[0] == {
        "id": "person-0001",
        "name": "Anna",
        "photos": 4,
        "faces": 4,
        "hidden": False,
    }
    assert home.run("undo") == "taken back: person-0001 is called Anna\n"
    assert home.shows("people/Ann") == photos(0, 1, 2, 3)


def test_searches_that_are_kept_are_taken_back_too(home: Home) -> None:
    (home.mount / "search" / "snow").mkdir()
    assert home.run("undo") == "taken back: the search snow is kept\n"
    assert b"snow" not in home.tree.names(b"search")


def test_status_counts_people(home: Home) -> None:
    people = json.loads(home.run("status", "--json"))["people"]
    assert people.items() >= {"named": 1, "unknown": 1, "faces": 9}.items()
    assert b"people: 1 named, 1 not yet; faces: 9" in home.tree.read(b".photofsd/status")
