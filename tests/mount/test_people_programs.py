"""Programs at work in /people, through the mount of a real daemon: mv, rm, cp, rmdir, and what others see meanwhile."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from photofsd.store.undo import BURST_S
from photofsd.vtree.removals import AT_MOST, WITHIN_S
from tests.mount.cast import Cast
from tests.mount.served import names_of
from tests.mount.test_fuse_changes import EXCHANGE, NOREPLACE, eventually, rename2
from tests.mount.test_fuse_faults import error_of
from tests.mount.test_fuse_invalidate import IN_CREATE, IN_DELETE, IN_ISDIR, Watch, watching
from tests.mount.walker import walking_mount

PATIENCE_S = 60


@dataclass(frozen=True)
class Stage:
    """Where the people of a cast are mounted."""

    cast: Cast
    mount: Path

    @property
    def people(self) -> Path:
        return self.mount / "people"

    def unknown(self, key: str) -> Path:
        return self.people / "unknown" / os.fsdecode(self.cast.called(key))

    def photos(self, key: str) -> list[str]:
        return list(map(os.fsdecode, self.cast.photos(key)))

    def last_error(self) -> str:
        return (self.mount / ".photofsd/last-error").read_text()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    cast = Cast()
    for key, photos in {"one": 9, "two": 8, "three": 7, "four": 6, "five": 5, "six": 4}.items():
        cast.somebody(key, photos)
    for name in ("Ann", "Bea", "Cleo", "Dora", "Emma", "Fay", "Gus", "Hal", "Ivo", "Jon", "Kit", "Lou"):
        cast.somebody(name, 3, name=name.encode())
    cast.also("Ivo", int(cast.photos("Jon")[0][:3]))
    cast.strangers("free", 4)
    cast.strangers("pair", 1, faces=2)
    for name in ("Crowd", "Mob"):
        cast.somebody(name, AT_MOST + 20, name=name.encode())
    place = tmp_path_factory.mktemp("programs")
    folder = place / "library"
    folder.mkdir()
    cast.shoot(folder)
    with walking_mount(folder, place / "state", place / "photos", cast.introduce):
        yield Stage(cast, place / "photos")


def run(*command: str | Path) -> str:
    """What the program complains of; empty where it has ended well."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    assert (done.returncode == 0) == (not done.stderr), done
    return done.stderr


def test_mv_names_somebody_who_stays_the_same_folder(stage: Stage) -> None:
    old, new = stage.unknown("one"), stage.people / "Otto"
    inode = old.stat().st_ino
    inside = os.open(old, os.O_RDONLY)
    assert run("mv", old, new) == ""
    assert new.stat().st_ino == inode
    assert Path(f"/proc/self/fd/{inside}").readlink() == new
    assert sorted(os.listdir(inside)) == names_of(new) == stage.photos("one")
    assert os.stat(stage.photos("one")[0], dir_fd=inside).st_ino == (new / stage.photos("one")[0]).stat().st_ino
    os.close(inside)
    assert not old.exists()
    assert old.name not in names_of(old.parent)
    old.parent.stat()


def test_mv_onto_somebody_is_a_merge_also_where_it_is_to_replace(stage: Stage) -> None:
    ann = stage.people / "Ann"
    assert run("mv", stage.unknown("two"), ann) == ""
    assert names_of(ann) == sorted(stage.photos("Ann") + stage.photos("two"))
    assert run("mv", "-T", stage.people / "Bea", ann) == ""
    assert names_of(ann) == sorted(stage.photos("Ann") + stage.photos("two") + stage.photos("Bea"))
    assert not (stage.people / "Bea").exists()
    assert eventually(lambda: not (ann / stage.unknown("two").name).exists())
    assert ann.is_dir()


def test_a_rename_that_must_not_replace_or_is_to_exchange_is_refused(stage: Stage) -> None:
    cleo, dora = stage.people / "Cleo", stage.people / "Dora"
    assert rename2(cleo, dora, NOREPLACE) == errno.EEXIST
    assert rename2(cleo, dora, EXCHANGE) == errno.EINVAL
    assert names_of(cleo) == stage.photos("Cleo")
    assert names_of(dora) == stage.photos("Dora")


def test_what_is_renamed_among_the_unknown_is_seen_in_people_by_who_watches(stage: Stage) -> None:
    old = stage.unknown("three")
    with watching(stage.people) as people, watching(old.parent) as unknown:
        assert old.name in names_of(old.parent)
        names_of(stage.people)
        old.rename(old.with_name("Ines"))
        assert heard(people, (IN_CREATE | IN_ISDIR, "Ines"))
        assert names_of(stage.people / "Ines") == stage.photos("three")
        assert names_of(old.with_name("Ines")) == stage.photos("three")  # whoever has renamed it looks there
        assert not {"Ines", "Otto"} & {name for _, name in unknown.next(0)}
    assert not {old.name, "Ines"} & set(names_of(old.parent))


def test_mv_of_photos_says_who_they_show(stage: Stage) -> None:
    first, second, third = stage.photos("Emma")
    emma, fay = stage.people / "Emma", stage.people / "Fay"
    narrowed = stage.mount / "by-date/2013/all/+people/Emma"
    assert (narrowed / first).exists()
    assert run("mv", emma / first, emma / second, fay) == ""
    assert names_of(emma) == [third]
    assert names_of(fay) == sorted([first, second, *stage.photos("Fay")])
    assert not (emma / first).exists()
    assert (fay / first).samefile(stage.mount / "recent" / first)
    names_of(narrowed)  # what is looked at is told at once
    assert eventually(lambda: not (narrowed / first).exists())


def test_a_photo_of_two_people_is_not_moved_from_one_to_the_other(stage: Stage) -> None:
    ivo, jon, both = stage.people / "Ivo", stage.people / "Jon", stage.photos("Jon")[0]
    assert "same file" in run("mv", ivo / both, jon)
    (ivo / both).rename(jon / both)  # for the kernel, two names of one file: nothing to do
    assert both in names_of(ivo)
    assert both in names_of(jon)


def test_rm_says_who_is_not_in_a_photo(stage: Stage) -> None:
    first, *rest = stage.photos("Gus")
    gus = stage.people / "Gus"
    with watching(gus) as watch:
        names_of(gus)
        assert run("rm", gus / first) == ""
        assert heard(watch, (IN_DELETE, first))
    assert names_of(gus) == rest
    assert not (gus / first).exists()
    assert (stage.mount / "recent" / first).exists()


def test_ln_and_cp_l_say_who_is_in_a_photo_and_others_see_it(stage: Stage) -> None:
    first, second, third, fourth = stage.photos("free")
    recent, pia = stage.mount / "recent", stage.people / "Pia"
    narrowed = stage.mount / "by-date/2013/all/+people/Pia"
    assert run("mkdir", pia) == ""
    assert not (narrowed / first).exists()
    names_of(narrowed)
    with watching(pia) as watch, watching(narrowed) as elsewhere:
        names_of(pia)
        assert run("ln", recent / first, pia) == ""
        assert heard(watch, (IN_CREATE, first))
        assert heard(elsewhere, (IN_CREATE, first))
    assert run("cp", "-l", recent / second, pia) == ""
    assert run("ln", "-s", recent / third, pia) == ""
    assert run("ln", recent / fourth, pia / "another.jpg") == ""  # under the name that it has
    assert names_of(pia) == sorted([first, second, third, fourth])
    assert not (pia / third).is_symlink()
    assert not (pia / "another.jpg").exists()
    here, there = (pia / first).stat(), (recent / first).stat()
    assert (here.st_ino, here.st_nlink) == (there.st_ino, there.st_nlink) == (there.st_ino, 2)
    assert (pia / first).read_bytes() == (recent / first).read_bytes()
    assert (narrowed / first).samefile(recent / first)
    assert "File exists" in run("ln", recent / first, pia)
    (both,) = stage.photos("pair")
    assert "Operation not permitted" in run("ln", recent / both, pia)
    assert f"2 faces of {both} may be Pia's" in stage.last_error()
    say(stage, "people", "add", "Pia", str(recent / both), "--face", "2")
    assert eventually((pia / both).exists)
    for _ in range(5):
        say(stage, "undo")
    assert eventually(lambda: names_of(pia) == [])
    assert eventually(lambda: not (pia / first).exists())


def heard(watch: Watch, event: tuple[int, str]) -> bool:
    """Claim: the event comes, whatever else does."""
    while events := watch.next(PATIENCE_S):
        if event in events:
            return True
    return False


@pytest.fixture
def burst() -> Iterator[None]:
    """Neither counts what is removed before, nor is refused what comes after."""
    time.sleep(WITHIN_S)
    yield
    time.sleep(WITHIN_S)


@pytest.mark.usefixtures("burst")
def test_rm_of_a_whole_person_is_refused_and_nothing_of_it_stays_done(stage: Stage) -> None:
    crowd = stage.people / "Crowd"
    before = stage.photos("Crowd")
    said = run("rm", "-r", crowd)
    assert said.count("Operation not permitted") >= len(before) - AT_MOST
    assert "rm -r" in stage.last_error()
    assert eventually(lambda: names_of(crowd) == before)
    assert all((crowd / name).exists() for name in before)
    assert "Crowd" not in names_of(stage.people / "hidden")


@pytest.mark.usefixtures("burst")
def test_two_people_removed_at_once_are_one_burst(stage: Stage) -> None:
    mob, crowd = stage.people / "Mob", stage.people / "Crowd"
    with ThreadPoolExecutor() as pool:
        assert all(pool.map(lambda folder: run("rm", "-r", folder), (mob, crowd)))
    assert names_of(mob) == stage.photos("Mob")
    assert names_of(crowd) == stage.photos("Crowd")


def test_rmdir_and_mv_hide_and_mv_brings_back(stage: Stage) -> None:
    four, hidden = stage.unknown("four"), stage.people / "hidden"
    assert run("rmdir", four) == ""
    assert run("mv", stage.people / "Hal", hidden) == ""
    assert {four.name, "Hal"} <= set(names_of(hidden))
    assert not four.exists()
    assert run("mv", hidden / four.name, four.parent) == ""
    assert run("mv", hidden / "Hal", stage.people) == ""
    assert names_of(four) == stage.photos("four")
    assert names_of(stage.people / "Hal") == stage.photos("Hal")


def test_mkdir_and_mv_split_and_rmdir_takes_the_empty_folder_out_of_sight(stage: Stage) -> None:
    lou = stage.people / "Lou's twin"
    assert run("mkdir", lou) == ""
    assert lou.stat().st_mode & 0o777 == 0o755
    first = stage.photos("Lou")[0]
    assert run("mv", stage.people / "Lou" / first, lou) == ""
    assert names_of(lou) == [first]
    assert run("mkdir", stage.people / "New Folder") == ""
    assert run("rmdir", stage.people / "New Folder") == ""
    assert "New Folder" not in names_of(stage.people)
    assert run("mkdir", stage.people / "New Folder") == ""
    assert names_of(stage.people / "New Folder") == []
    assert "New Folder" in names_of(stage.people)


@pytest.mark.parametrize(
    "command",
    [
        ("mv", "{photo}", "albums"),
        ("mv", "{photo}", "recent"),
        ("mv", "recent/{name}", "people/Dora"),
        ("mv", "{person}", "albums"),
        ("mv", "{person}", "by-date"),
        ("cp", "/etc/hostname", "people/Dora"),
        ("cp", "{photo}", "people/Dora"),
        ("ln", "recent/{name}", "people/Dora/{name}"),
        ("ln", "-s", "../../recent/{name}", "people/Dora/{name}"),
        ("mv", "{person}", "people/.Trash-1000"),
        ("mkdir", "people/Cleo/.Trash"),
        ("mkdir", "-p", "people/.local/share/Trash/files"),
        ("rm", "-d", "people/unknown"),
        ("touch", "people/Dora/new.jpg"),
        ("chmod", "777", "{person}"),
    ],
    ids=" ".join,
)
def test_anything_else_is_refused_with_a_reason_and_changes_nothing(stage: Stage, command: tuple[str, ...]) -> None:
    name = stage.photos("Cleo")[0]
    parts = {"person": "people/Cleo", "photo": f"people/Cleo/{name}", "name": name}
    program, *words = (word.format(**parts) for word in command)
    done = subprocess.run([program, *words], cwd=stage.mount, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert stage.last_error().strip()
    assert names_of(stage.people / "Cleo") == stage.photos("Cleo")
    assert names_of(stage.people / "Dora") == stage.photos("Dora")
    assert names_of(stage.mount / "albums") == []


def test_mv_to_another_file_system_is_a_copy_and_rm_which_can_be_taken_back(stage: Stage, tmp_path: Path) -> None:
    kit = stage.people / "Kit"
    before = {name: (kit / name).read_bytes() for name in stage.photos("Kit")}
    time.sleep(BURST_S + 1)  # the journal's times are whole seconds
    assert run("mv", kit, tmp_path) == ""
    assert {path.name: path.read_bytes() for path in (tmp_path / "Kit").iterdir()} == before
    assert names_of(stage.people / "hidden" / "Kit") == []
    say(stage, "undo", "--burst")
    assert eventually(kit.is_dir)
    assert names_of(kit) == stage.photos("Kit")


def test_what_is_said_by_command_is_seen_in_the_tree_at_once(stage: Stage) -> None:
    old, kit = stage.unknown("six"), stage.people / "Kit"
    narrowed = stage.mount / "by-date/2013/all/+people/Kit"
    first = stage.photos("six")[0]
    assert old.is_dir()
    assert not (narrowed / first).exists()
    with watching(stage.people) as people, watching(old.parent) as unknown:
        names_of(stage.people)
        names_of(old.parent)
        say(stage, "people", "name", old.name, "Zoe")
        assert heard(people, (IN_CREATE | IN_ISDIR, "Zoe"))
        assert heard(unknown, (IN_DELETE, old.name))
        assert not old.exists()
        say(stage, "people", "merge", "Zoe", "Kit")
        assert heard(people, (IN_DELETE, "Zoe"))
        assert (kit / first).exists()
        assert (narrowed / first).exists()
        say(stage, "undo")
        assert heard(people, (IN_CREATE | IN_ISDIR, "Zoe"))
    assert eventually(lambda: not (kit / first).exists())
    assert eventually(lambda: not (narrowed / first).exists())
    assert kit.is_dir()
    assert names_of(stage.people / "Zoe") == stage.photos("six")


def say(stage: Stage, *words: str) -> None:
    """Run a command of ours."""
    command = [sys.executable, "-m", "photofsd", *words, "--state", stage.mount.parent / "state"]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)


def test_a_name_taken_in_the_wrong_case_is_another_name(stage: Stage) -> None:
    (stage.people / "dora").mkdir()
    assert names_of(stage.people / "dora") == []
    assert error_of((stage.people / "dora" / "x").mkdir) == errno.EPERM
    assert names_of(stage.people / "Dora") == stage.photos("Dora")


def test_whoever_works_in_a_folder_sees_it_under_its_new_name(stage: Stage) -> None:
    five = stage.unknown("five")
    held = os.open(five, os.O_RDONLY)
    name = stage.photos("five")[0]
    try:
        for target in (stage.people / "Eve", stage.people / "Eva", stage.people / "hidden" / "Eva"):
            Path(f"/proc/self/fd/{held}").readlink().rename(target)
            assert Path(f"/proc/self/fd/{held}").readlink() == target
            assert (target / name).stat().st_ino == os.stat(name, dir_fd=held).st_ino
    finally:
        os.close(held)
