"""What is said of people by command: the program, a real control socket, a real journal and store behind it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from photofsd.daemon.commands import People, Said, Undo
from photofsd.daemon.control import Report
from photofsd.daemon.retelling import called
from photofsd.daemon.sayings import Sayings
from photofsd.errors import NotPermitted
from photofsd.records import Face, Metadata
from photofsd.store import assets, faces, model_roles, paths, people
from photofsd.store.journal import Journal, UserFacts
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.store.verbs import VERBS
from photofsd.types import WAITING, AssetId, FaceId, Kind, PersonId
from photofsd.views.about import facts
from photofsd.vtree import removals
from photofsd.vtree.node import Directory
from photofsd.vtree.removals import Removals
from photofsd.vtree.tree import LibraryTree
from tests.component.face_kit import LEFT, MIDDLE, MODEL, RIGHT, find, together
from tests.component.librarian import Librarian, librarian
from tests.component.store_kit import add_photo
from tests.mount.walker import library

Program = Callable[..., subprocess.CompletedProcess[bytes]]
Serving = Callable[..., contextlib.AbstractContextManager[None]]
NAMES = [b"%d.jpg" % number for number in range(5)]


class World:
    """Alice in the left of 0 to 3, somebody unknown in the middle of 0 and 1, Bob in 4; the file of 2 names Bob."""

    def __init__(self, here: Librarian, program: Program) -> None:
        self.here = here
        self._program = program
        here.take_in()
        here.writer.run(self.fill)
        shared = dataclasses.replace(library(here), removals=Removals(lambda: 0.0))
        self.library = shared
        self.root = LibraryTree(shared, refuse=str).root
        self.sayings = Sayings(shared, self.root, Path("/mnt/photos"))

    def fill(self, txn: WriteTransaction) -> None:
        self.photos, found = self.fill_anew(txn)
        together(txn, [faces[0] for faces in found[:4]], b"Alice")
        together(txn, [faces[1] for faces in found[:2]])
        together(txn, [found[4][0]], b"Bob Smith")
        assets.keep(txn, Tables.METADATA, self.photos[2], Metadata("x", Kind.IMAGE, people=("Bob Smith",)))

    def fill_anew(self, txn: WriteTransaction) -> tuple[list[AssetId], list[list[FaceId]]]:
        """The photos, and the faces in them, of nobody yet."""
        (known,) = paths.libraries(txn)
        photos = [add_photo(txn, known.dir, name) for name in NAMES]
        return photos, [find(txn, photo, (LEFT, MIDDLE)) for photo in photos]

    def run(self, *arguments: str, code: int = 0) -> list[str]:
        """The lines that the program prints: of errors where there is one."""
        done = self._program(*arguments, "--state", self.here.state)
        assert done.returncode == code, done.stderr.decode()
        return (done.stderr if code else done.stdout).decode().splitlines()

    def who(self) -> dict[str, list[int]]:
        """Everybody who is not merged, hidden ones in parentheses, and the photos that they are in."""
        with self.here.store.read() as txn:
            return {
                f"({self._called(person)})" if record.is_hidden else self._called(person): [
                    self.photos.index(photo) for photo in people.photos(txn, person)
                ]
                for person, record in people.people(txn)
            }

    def _called(self, person: PersonId) -> str:
        with self.here.store.read() as txn:
            return called(txn, person)


@pytest.fixture
def world(here: Librarian, photofsd: Program, serving: Serving) -> Iterator[World]:
    made = World(here, photofsd)

    async def say(command: People, _report: Report) -> Said:
        return await trio.to_thread.run_sync(made.sayings.say, command)

    async def take_back(command: Undo, _report: Report) -> Said:
        return await trio.to_thread.run_sync(made.sayings.take_back, command)

    with serving(here.state, {People: say, Undo: take_back}):
        yield made


BEFORE = {"Alice": [0, 1, 2, 3], "person-0002": [0, 1], "Bob Smith": [2, 4]}


def test_somebody_gets_a_name(world: World) -> None:
    assert world.who() == BEFORE
    assert world.run("people", "name", "person-0002", "Zo\u00eb") == ["person-0002 is called Zo\u00eb now"]
    assert world.who()["Zo\u00eb"] == [0, 1]
    assert world.run("people", "name", "Alice", "Alicia") == ["Alice is called Alicia now"]
    assert world.run("undo") == ["taken back: person-0001 is called Alicia"]
    assert json.loads("".join(world.run("undo", "--json"))) == {"lines": ["person-0002 is called Zo\u00eb"]}
    assert world.who() == BEFORE
    assert world.run("undo", code=1) == ["photofsd: there is nothing to undo"]


def test_a_name_that_somebody_has_makes_one_person_of_two(world: World) -> None:
    assert world.run("people", "name", "person-0002", "Bob Smith") == ["person-0002 is called Bob Smith now"]
    assert world.who() == {"Alice": [0, 1, 2, 3], "Bob Smith": [0, 1, 2, 4]}
    assert world.run("undo") == ["taken back: person-0002 is Bob Smith"]
    assert world.who() == BEFORE


def test_two_are_one(world: World) -> None:
    assert world.run("people", "merge", "person-0002", "person-0003") == ["person-0002 is Bob Smith now"]
    assert world.who() == {"Alice": [0, 1, 2, 3], "Bob Smith": [0, 1, 2, 4]}
    assert world.run("people", "merge", "person-0002", "person-0003", code=1) == [
        "photofsd: 'Bob Smith' and 'Bob Smith' are one person already"
    ]


def test_somebody_new_is_split_off_by_photos(world: World) -> None:
    original, in_tree = os.fspath(world.here.folder / "1.jpg"), "/mnt/photos/people/Alice/3.jpg"
    said = world.run("people", "split", "Alice", "Twin", "0.jpg", original, in_tree, "0.jpg")
    assert said == ["3 photos of Alice are of Twin now"]
    assert world.who() == BEFORE | {"Alice": [2], "Twin": [0, 1, 3]}
    assert world.run("undo", "--burst") == [
        *(f"taken back: Twin is in {n}.jpg" for n in (3, 1, 0)),
        "taken back: there is somebody new, Twin",
    ]
    assert world.who() == BEFORE


def test_photos_are_moved_and_rejected(world: World) -> None:
    assert world.run("people", "move", "Alice", "Bob Smith", "0.jpg") == ["1 photo of Alice is of Bob Smith now"]
    assert world.run("people", "reject", "Alice", "1.jpg", "3.jpg") == ["Alice is not in 2 photos"]
    assert world.who() == {"Alice": [2], "person-0002": [0, 1], "Bob Smith": [0, 2, 4]}
    assert world.run("people", "reject", "Bob Smith", "2.jpg") == ["Bob Smith is not in 1 photo"]
    assert world.who()["Bob Smith"] == [0, 4]
    assert world.run("undo") == ["taken back: Bob Smith, whom its file names, is not in 2.jpg"]
    assert world.run("undo") == ["taken back: Alice is not in 3.jpg"]
    assert world.who() == {"Alice": [2, 3], "person-0002": [0, 1], "Bob Smith": [0, 2, 4]}


def told(world: World, photo: int) -> list[tuple[str | None, str | None]]:
    """Whose each face of a photo is, from the left, and who says so."""
    return [(face["person"], face["held_by"]) for face in facts(world.library, world.photos[photo])["faces"]]


def test_a_face_that_waits_is_given_to_somebody(world: World) -> None:
    assert world.run("people", "add", "Bob Smith", "3.jpg") == ["Bob Smith is in 3.jpg now"]
    assert world.who() == BEFORE | {"Bob Smith": [2, 3, 4]}
    assert told(world, 3) == [("Alice", None), ("Bob Smith", "user")]
    assert world.run("undo") == ["taken back: Bob Smith is in 3.jpg"]
    assert world.who() == BEFORE
    assert told(world, 3) == [("Alice", None), (None, None)]


def test_a_friend_who_is_in_two_photos_gets_a_name(world: World) -> None:
    original, in_tree = os.fspath(world.here.folder / "0.jpg"), "/mnt/photos/recent/1.jpg"
    said = world.run("people", "add", "Pa\u00fal", original, in_tree, "0.jpg")
    assert said == ["Pa\u00fal, who is new, is in 2 photos now"]  # in which person-0002 was, whom nobody could see
    assert world.who() == {"Alice": [0, 1, 2, 3], "person-0002": [], "Bob Smith": [2, 4], "Pa\u00fal": [0, 1]}
    assert told(world, 1) == [("Alice", None), ("Pa\u00fal", "user")]
    assert world.run("undo", "--burst") == [
        *(f"taken back: Pa\u00fal is in {n}.jpg" for n in (1, 0)),
        "taken back: there is somebody new, Pa\u00fal",
    ]
    assert world.who() == BEFORE


def test_somebody_without_a_name_or_out_of_sight_is_added_like_everybody(world: World) -> None:
    assert world.run("people", "add", "person-0002", "3.jpg") == ["person-0002 is in 3.jpg now"]
    assert world.who()["person-0002"] == [0, 1, 3]
    world.run("people", "hide", "Bob Smith")
    assert world.run("people", "add", "Bob Smith", "2.jpg", "--face", "2") == ["Bob Smith is in 2.jpg now"]
    assert told(world, 2)[1] == ("Bob Smith", "user")  # his name alone was there before
    assert world.who()["(Bob Smith)"] == [2, 4]


def test_a_face_that_looks_like_them_goes_before_others_and_one_that_was_refused_comes_last(world: World) -> None:
    def find_more(txn: WriteTransaction) -> None:
        _, _, right = find(txn, world.photos[4], (LEFT, MIDDLE, RIGHT))
        alice = people.named(txn, b"Alice")
        assert alice
        assert faces.place(txn, right, WAITING, suggested=people.home(txn, alice))

    world.here.writer.run(find_more)
    world.run("people", "add", "Alice", "4.jpg")
    assert [who for who, _ in told(world, 4)] == ["Bob Smith", None, "Alice"]
    world.run("people", "reject", "Alice", "4.jpg")
    world.run("people", "add", "Alice", "4.jpg")
    assert [who for who, _ in told(world, 4)] == ["Bob Smith", "Alice", None]
    world.run("people", "reject", "Alice", "4.jpg")
    (line,) = world.run("people", "add", "Alice", "4.jpg", code=1)  # she is neither, it was said
    assert line.startswith("photofsd: 2 faces of 4.jpg may be Alice's")
    world.run("people", "add", "Alice", "4.jpg", "--face", "3")
    assert [who for who, _ in told(world, 4)] == ["Bob Smith", None, "Alice"]


def test_a_face_of_somebody_else_is_taken_by_its_number(world: World) -> None:
    assert world.run("people", "add", "person-0002", "3.jpg", "--face", "1") == ["person-0002 is in 3.jpg now"]
    assert world.who() == BEFORE | {"Alice": [0, 1, 2], "person-0002": [0, 1, 3]}
    assert told(world, 3) == [("person-0002", "user"), (None, None)]
    world.run("undo")
    assert world.who() == BEFORE


def test_people_of_whom_no_face_was_found_are_somewhere_in_a_photo(world: World) -> None:
    world.here.writer.run(lambda txn: find(txn, world.photos[3], ()))
    assert world.who()["Alice"] == [0, 1, 2]
    for who in ("Alice", "person-0002", "Bob Smith"):  # none of them in the place of another
        assert world.run("people", "add", who, "3.jpg") == [f"{who} is in 3.jpg now"]
    after = {"Alice": [0, 1, 2, 3], "person-0002": [0, 1, 3], "Bob Smith": [2, 3, 4]}
    assert world.who() == after
    shown = facts(world.library, world.photos[3])["faces"]
    assert [(face["face"], face["at"]) for face in shown] == 3 * [(None, "somewhere")]
    world.here.writer.run(lambda txn: find(txn, world.photos[3], (LEFT, MIDDLE), model="another"))
    assert world.who() == after
    assert told(world, 3)[:2] == [(None, None), (None, None)]  # numbers are of those that were found
    world.run("people", "reject", "person-0002", "3.jpg")
    assert world.who() == after | {"person-0002": [0, 1]}
    world.run("undo")
    assert world.who() == after
    assert len(world.run("undo", "--burst")) == 3
    assert world.who() == BEFORE | {"Alice": [0, 1, 2]}


def test_somebody_is_in_a_photo_without_any_face_that_was_found(world: World) -> None:
    world.run("people", "add", "Bob Smith", "0.jpg", "--face", "0")
    assert told(world, 0) == [("Alice", None), ("person-0002", None), ("Bob Smith", "user")]
    assert world.who()["Bob Smith"] == [0, 2, 4]


def test_all_that_was_added_is_said_again_in_a_store_that_is_made_anew(world: World, tmp_path: Path) -> None:
    world.run("people", "add", "Paul", "0.jpg", "3.jpg")
    world.run("people", "add", "Alice", "4.jpg", "--face", "0")
    with librarian(world.here.folder, tmp_path / "anew") as here:
        here.take_in()
        shutil.copytree(world.here.state / "journal", tmp_path / "anew" / "journal", dirs_exist_ok=True)
        here.writer.run(world.fill_anew)
        UserFacts(Journal(tmp_path / "anew" / "journal"), here.writer, VERBS).catch_up()
        with here.store.read() as txn:
            who = {found.name: [*people.photos(txn, person)] for person, found in people.people(txn) if found.name}
            paul = people.named(txn, b"Paul")
            assert paul
            assert [len(faces.of_person(txn, photo, paul)) for photo in world.photos] == [1, 0, 0, 1, 0]
        assert who[b"Paul"] == [world.photos[0], world.photos[3]]
        assert world.photos[4] in who[b"Alice"]


@pytest.mark.parametrize(
    "words, line",
    [
        (["Alice", "0.jpg"], "Alice is in 0.jpg already: nothing was changed"),
        (["Alice", "0.jpg", "--face", "2"], "Alice is in 0.jpg already: nothing was changed"),
        (["Bob Smith", "2.jpg"], "Bob Smith is in 2.jpg already: nothing was changed"),
        (["Alice", "4.jpg", "--face", "3"], "4.jpg has 2 faces, so there is no face 3"),
        (["Paul", "4.jpg", "5.jpg"], "there is no photo 5.jpg: nothing was changed"),
        (["Paul", "3.jpg", "4.jpg", "--face", "1"], "which face it is can be said of one photo at a time"),
        (["person-0099", "3.jpg"], "nobody is called person-0099: `photofsd people list` says who there is"),
        (["unknown", "3.jpg"], "nobody can be called 'unknown': /people/unknown is a folder of its own"),
    ],
)
def test_who_cannot_be_in_a_photo_is_not_added_to_any(world: World, words: list[str], line: str) -> None:
    code = 2 if line.startswith(("there is no photo", "which face", "nobody is called")) else 1
    (said,) = world.run("people", "add", *words, code=code)
    assert said.startswith(f"photofsd: {line}")
    assert world.who() == BEFORE


def test_where_several_faces_may_be_meant_it_is_asked_which(world: World) -> None:
    world.run("people", "reject", "Alice", "3.jpg")
    assert world.run("people", "add", "Bob Smith", "2.jpg", "3.jpg", "--face", "1", code=2)
    (line,) = world.run("people", "add", "O'Hara", "4.jpg", "3.jpg", code=1)
    assert "2 faces of 3.jpg may be O'Hara's, counted from the left 1 (at 20%), 2 (at 50%): say which by" in line
    assert line.endswith("""'O'"'"'Hara' 3.jpg --face N`, where 0 is one that was not found""")
    assert world.who() == BEFORE | {"Alice": [0, 1, 2]}
    world.run("people", "add", "Bob Smith", "3.jpg", "--face", "2")
    world.run("people", "add", "person-0002", "3.jpg", "--face", "1")
    (line,) = world.run("people", "add", "Alice", "3.jpg", code=1)
    assert "every face that was found in 3.jpg is somebody's" in line
    assert "1 (person-0002, at 20%), 2 (Bob Smith, at 50%)" in line


def test_a_photo_that_a_model_is_yet_to_look_at_is_waited_for(world: World) -> None:
    world.here.writer.run(lambda txn: model_roles.choose(txn, "faces", MODEL))
    world.photos += world.here.writer.run(lambda txn: [add_photo(txn, paths.libraries(txn)[0].dir, b"5.jpg")])
    (line,) = world.run("people", "add", "Alice", "5.jpg", code=1)
    assert "nobody has looked for faces in 5.jpg yet" in line
    world.run("people", "add", "Alice", "5.jpg", "--face", "0")
    assert world.who()["Alice"] == [0, 1, 2, 3, 5]


def test_a_face_that_fills_the_picture_is_not_taken_for_one_that_was_not_found(world: World) -> None:
    def find_large(txn: WriteTransaction) -> None:
        face = Face(faces.reserve(txn, 1), 0.1, 0.1, 0.8, 0.8, score=0.9, px=500)
        faces.keep(txn, world.photos[4], MODEL, [face])
        together(txn, [face.id], b"Carl")

    world.here.writer.run(find_large)
    (line,) = world.run("people", "add", "Alice", "4.jpg", "--face", "0", code=1)
    assert "face 1 fills 4.jpg" in line
    assert told(world, 4) == [("Carl", None)]


def test_somebody_is_hidden_and_shown_and_keeps_hidden_under_a_new_name(world: World) -> None:
    assert world.run("people", "hide", "Alice") == ["Alice is hidden now"]
    assert world.run("people", "name", "Alice", os.fsdecode(b"Al\xff")) == [r"Alice is called Al\xff now"]
    assert world.run("people", "name", os.fsdecode(b"Al\xff"), "Al") == [r"Al\xff is called Al now"]
    assert world.who()["(Al)"] == [0, 1, 2, 3]
    assert world.run("people", "show", "Al") == ["Al is shown now"]
    assert world.run("people", "show", "Al", code=1) == ["photofsd: 'Al' is shown already"]
    assert world.run("undo") == ["taken back: Al is shown again"]
    assert "(Al)" in world.who()


def test_a_burst_that_was_taken_back_by_command_is_refused_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removals, "AT_MOST", 3)
    people_folder = world.root.lookup(b"people")
    assert isinstance(people_folder, Directory)
    alice = people_folder.lookup(b"Alice")
    assert isinstance(alice, Directory)
    for name in NAMES[:3]:
        alice.unlink(name)
    assert len(world.run("undo", "--burst")) == 3
    for _ in range(2):
        with pytest.raises(NotPermitted, match="look like rm -r"):
            alice.unlink(NAMES[3])
    assert world.who() == BEFORE


def test_a_path_in_the_tree_is_of_the_photo_that_is_there(world: World) -> None:
    def copy(txn: WriteTransaction) -> None:
        (known,) = paths.libraries(txn)
        folder = paths.add_folder(txn, known.dir, b"card")
        world.photos.append(add_photo(txn, folder, b"0.jpg", "another"))
        left, _ = find(txn, world.photos[-1], (LEFT, MIDDLE))
        alice = people.named(txn, b"Alice")
        assert alice
        assert faces.place(txn, left, people.home(txn, alice))

    world.here.writer.run(copy)
    assert world.who()["Alice"] == [0, 1, 2, 3, 5]
    for path in (
        "folders/card/0.jpg",
        "people/Alice/0~2.jpg",
        "jpeg/people/Alice/0~2.jpg",
        "recent/+people/Alice/0~2.jpg",
    ):
        assert world.run("people", "reject", "Alice", f"/mnt/photos/{path}") == ["Alice is not in 1 photo"]
        assert world.who()["Alice"] == [0, 1, 2, 3], path
        world.run("undo")
    for path in ("people/Alice/4.jpg", "people/0.jpg", "people/Alice", "people/Alice/0.jpg/x", "nowhere/0.jpg"):
        (line,) = world.run("people", "reject", "Alice", f"/mnt/photos/{path}", code=2)
        assert line == f"photofsd: there is no photo /mnt/photos/{path}: nothing was changed"


@pytest.mark.parametrize(
    "words, line",
    [
        (["hide", "Alcie"], "nobody is called Alcie: did you mean Alice?"),
        (["hide", "person-0099"], "nobody is called person-0099: `photofsd people list` says who there is"),
        (["merge", "Alice", "Xyz"], "nobody is called Xyz: `photofsd people list` says who there is"),
        (["reject", "Alice", "0.jpg", "4.jpg"], "Alice is not in 4.jpg: nothing was changed"),
        (["reject", "Alice", "0.jpg", "5.jpg"], "there is no photo 5.jpg: nothing was changed"),
        (["split", "Alice", "Twin", "/elsewhere/0.jpg"], "there is no photo /elsewhere/0.jpg: nothing was changed"),
        (["split", "Alice", "Twin", "4.jpg"], "Alice is not in 4.jpg: nothing was changed"),
    ],
)
def test_who_or_what_is_not_there_changes_nothing(world: World, words: list[str], line: str) -> None:
    assert world.run("people", *words, code=2) == [f"photofsd: {line}"]
    assert world.who() == BEFORE


@pytest.mark.parametrize("name", ["unknown", "person-0007", "a/b", ".x", "+x", "x" * 256, " ", "\u00a0", "Thumbs.db"])
def test_a_name_that_cannot_be_a_folder_is_refused(world: World, name: str) -> None:
    (line,) = world.run("people", "name", "Alice", name, code=1)
    assert line.startswith("photofsd: ")
    world.run("people", "split", "Alice", name, "0.jpg", code=1)
    assert world.who() == BEFORE


@pytest.mark.parametrize("words", [["name", "Alice"], ["split", "Alice", "Twin"], ["reject", "Alice"], ["hide"]])
def test_wrong_usage_exits_2(photofsd: Program, words: list[str]) -> None:
    assert photofsd("people", *words).returncode == 2


@pytest.mark.parametrize("words", [["people", "hide", "Alice"], ["undo"]])
def test_without_the_daemon_nothing_is_said(photofsd: Program, tmp_path: Path, words: list[str]) -> None:
    done = photofsd(*words, "--state", tmp_path)
    assert done.returncode == 3
    assert b"the daemon isn't running" in done.stderr
