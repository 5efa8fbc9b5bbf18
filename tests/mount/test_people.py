"""What moving folders and photos of people means, on the nodes and through a real mount: the same suite twice."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator

import pytest

from photofsd.vtree.removals import AT_MOST, WITHIN_S
from tests.mount.cast import Cast, photo
from tests.mount.walker import Walker, walking_mount, walking_nodes

CROWD = 60
FIXED = {b"unknown", b"hidden", b"suggested"}


def cast() -> Cast:
    """Everybody who has a part in a test, in no two."""
    people = Cast()
    people.somebody("star", 9)
    people.somebody("lead", 7)
    people.somebody("extra", 2)
    people.somebody("Ann", 3, name=b"Ann")
    people.somebody("to be named", 4)
    people.somebody("to be renamed in place", 4)
    people.somebody("to be merged", 3)
    people.somebody("Mona", 3, name=b"Mona")
    people.somebody("to be replaced", 3)
    people.somebody("Nora", 3, name=b"Nora")
    people.somebody("Olga", 3, name=b"Olga")
    people.somebody("Paul", 3, name=b"Paul")
    people.somebody("Quin", 3, name=b"Quin")
    people.somebody("Rosa", 3, name=b"Rosa")
    people.somebody("Twins", 6, name=b"Twins")
    people.somebody("to be hidden", 3)
    people.somebody("to be removed", 3)
    people.somebody("Sam", 3, name=b"Sam")
    people.somebody("Tom", 3, name=b"Tom", is_hidden=True)
    people.somebody("nobody", 3, is_hidden=True)
    people.somebody("Una", 3, name=b"Una")
    people.suggest("Una", 3)
    people.somebody("Vera", 3, name=b"Vera")
    people.somebody("Will", 3, name=b"Will")
    people.named_by_file(b"Xenia", 3)
    people.somebody("Crowd", CROWD, name=b"Crowd")
    people.somebody("Yann", 3, name=b"Yann")
    people.also("Yann", 0)
    people.strangers("a face of nobody", 3)
    people.strangers("two faces of nobody", 1, faces=2)
    people.strangers("no face", 1, faces=0)
    people.somebody("to be linked to", 3)
    people.somebody("Zita", 3, name=b"Zita")
    people.suggest("Zita", 1)
    people.somebody("late star", 8)
    return people


@pytest.fixture(scope="module")
def people() -> Cast:
    return cast()


@pytest.fixture(scope="module", params=["nodes", "mount"])
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, people: Cast) -> Iterator[Walker]:
    place = tmp_path_factory.mktemp(request.param)
    folder = place / "library"
    folder.mkdir()
    people.shoot(folder)
    if request.param == "nodes":
        with walking_nodes(folder, place / "state", people.introduce) as walker:
            yield walker
    else:
        with walking_mount(folder, place / "state", place / "photos", people.introduce) as walker:
            yield walker


def shown(tree: Walker, path: bytes) -> list[bytes]:
    return sorted(tree.names(path))


def is_there(tree: Walker, path: bytes) -> bool:
    try:
        return tree.is_folder(path) or True
    except FileNotFoundError:
        return False


def refusal(tree: Walker, number: int, act: Callable[..., object], *paths: bytes) -> str:
    """Why it was refused, with that errno."""
    with pytest.raises(OSError, match=r"\[Errno") as caught:
        act(*paths)
    assert caught.value.errno == number, os.strerror(caught.value.errno or 0)
    return tree.read(b".photofsd/last-error").decode()


def test_people_with_a_name_and_folders_for_the_others_are_listed(tree: Walker, people: Cast) -> None:
    assert {b"Ann", *FIXED} <= set(tree.names(b"people"))
    assert shown(tree, b"people/Ann") == people.photos("Ann")
    assert tree.inode(b"people/Ann/" + people.photos("Ann")[0]) == tree.inode(b"recent/" + people.photos("Ann")[0])


def test_the_unknown_are_listed_largest_first_from_so_many_photos_on(tree: Walker, people: Cast) -> None:
    unknown = tree.names(b"people/unknown")
    assert unknown[:3] == [people.called(key) for key in ("star", "late star", "lead")]
    assert people.called("extra") not in unknown
    assert shown(tree, b"people/unknown/" + people.called("extra")) == people.photos("extra")
    sizes = [len(tree.names(b"people/unknown/" + name)) for name in unknown]
    assert sizes == sorted(sizes, reverse=True)
    for absent in (b"person-0999", b"person-1", b"person-00001", b"person-0000", people.called("Ann")):
        assert not is_there(tree, b"people/unknown/" + absent)


def test_a_person_gets_a_name_by_a_move(tree: Walker, people: Cast) -> None:
    old = b"people/unknown/" + people.called("to be named")
    assert is_there(tree, old)
    tree.rename(old, b"people/Na\xc3\xafm \xff")
    assert shown(tree, b"people/Na\xc3\xafm \xff") == people.photos("to be named")
    assert not is_there(tree, old)
    assert b"Na\xc3\xafm \xff" in tree.names(b"people")
    assert people.called("to be named") not in tree.names(b"people/unknown")


def test_a_person_gets_a_name_by_a_rename_among_the_unknown(tree: Walker, people: Cast) -> None:
    old = b"people/unknown/" + people.called("to be renamed in place")
    tree.rename(old, b"people/unknown/Inga")
    assert shown(tree, b"people/Inga") == people.photos("to be renamed in place")
    assert not {b"Inga", people.called("to be renamed in place")} & set(tree.names(b"people/unknown"))
    assert shown(tree, b"people/unknown/Inga") == people.photos("to be renamed in place")  # a file manager looks there
    tree.rename(b"people/unknown/Inga", b"people/unknown/Inge")
    assert shown(tree, b"people/Inge") == people.photos("to be renamed in place")
    assert not is_there(tree, b"people/unknown/Inga")


def test_moved_into_the_folder_of_a_person_it_is_the_same_person(tree: Walker, people: Cast) -> None:
    name = people.called("to be merged")
    tree.rename(b"people/unknown/" + name, b"people/Mona/" + name)
    assert shown(tree, b"people/Mona") == sorted(people.photos("Mona") + people.photos("to be merged"))
    assert not is_there(tree, b"people/unknown/" + name)
    tree.rename(b"people/unknown/" + people.called("to be replaced"), b"people/Mona")
    assert set(people.photos("to be replaced")) < set(tree.names(b"people/Mona"))


def test_two_people_with_names_are_one_after_a_move(tree: Walker, people: Cast) -> None:
    tree.rename(b"people/Nora", b"people/Olga/Nora")
    assert shown(tree, b"people/Olga") == sorted(people.photos("Nora") + people.photos("Olga"))
    assert b"Nora" not in tree.names(b"people")


def test_a_person_is_renamed(tree: Walker, people: Cast) -> None:
    tree.rename(b"people/Paul", b"people/Paula")
    assert shown(tree, b"people/Paula") == people.photos("Paul")
    assert not is_there(tree, b"people/Paul")


def test_a_photo_that_is_moved_shows_somebody_else(tree: Walker, people: Cast) -> None:
    first, *rest = people.photos("Quin")
    tree.rename(b"people/Quin/" + first, b"people/Rosa/" + first)
    assert shown(tree, b"people/Quin") == rest
    assert shown(tree, b"people/Rosa") == sorted([first, *people.photos("Rosa")])
    tree.rename(b"people/Rosa/" + first, b"people/Quin/" + first)
    assert shown(tree, b"people/Quin") == [first, *rest]


def test_a_photo_that_is_removed_shows_somebody_else_and_stays_in_the_library(tree: Walker, people: Cast) -> None:
    first, *rest = people.photos("Yann")
    assert first == photo(0)  # where the star of the film is, too
    tree.unlink(b"people/Yann/" + first)
    assert shown(tree, b"people/Yann") == rest
    assert first in tree.names(b"people/unknown/" + people.called("star"))
    assert first in tree.names(b"recent")
    assert not is_there(tree, b"people/Yann/" + first)


def test_a_person_is_split_by_a_new_folder_and_moves(tree: Walker, people: Cast) -> None:
    tree.mkdir(b"people/Twin")
    assert tree.names(b"people/Twin") == []
    assert b"Twin" in tree.names(b"people")
    moved, stayed = people.photos("Twins")[:3], people.photos("Twins")[3:]
    for name in moved:
        tree.rename(b"people/Twins/" + name, b"people/Twin/" + name)
    assert shown(tree, b"people/Twin") == moved
    assert shown(tree, b"people/Twins") == stayed
    with pytest.raises(FileExistsError):
        tree.mkdir(b"people/Twin")


def test_the_unknown_are_hidden_by_a_move_or_by_rmdir_and_come_back(tree: Walker, people: Cast) -> None:
    moved, removed = people.called("to be hidden"), people.called("to be removed")
    tree.rename(b"people/unknown/" + moved, b"people/hidden/" + moved)
    tree.rmdir(b"people/unknown/" + removed)
    assert {moved, removed} <= set(tree.names(b"people/hidden"))
    assert not {moved, removed} & set(tree.names(b"people/unknown"))
    assert not is_there(tree, b"people/unknown/" + moved)
    assert shown(tree, b"people/hidden/" + moved) == people.photos("to be hidden")
    tree.rename(b"people/hidden/" + moved, b"people/unknown/" + moved)
    tree.rename(b"people/hidden/" + removed, b"people/Removed")
    assert moved in tree.names(b"people/unknown")
    assert shown(tree, b"people/Removed") == people.photos("to be removed")
    assert not {moved, removed, b"Removed"} & set(tree.names(b"people/hidden"))


def test_people_with_names_are_hidden_and_come_back(tree: Walker, people: Cast) -> None:
    tree.rename(b"people/Sam", b"people/hidden/Sam")
    assert not is_there(tree, b"people/Sam")
    assert {b"Sam", b"Tom", people.called("nobody")} <= set(tree.names(b"people/hidden"))
    assert shown(tree, b"people/hidden/Sam") == people.photos("Sam")
    assert "hidden" in refusal(tree, errno.EPERM, tree.rmdir, b"people/hidden/Sam")
    taken = refusal(tree, errno.EEXIST, tree.rename, b"people/Ann", b"people/Tom")
    assert "/people/hidden/Tom" in taken
    tree.rename(b"people/hidden/Sam", b"people/Sam")
    assert shown(tree, b"people/Sam") == people.photos("Sam")
    assert b"Sam" not in tree.names(b"people/hidden")


def test_what_is_suggested_is_confirmed_by_a_move_and_refused_by_rm(tree: Walker, people: Cast) -> None:
    right, wrong, last = people.suggested("Una")
    assert b"Una" in tree.names(b"people/suggested")
    assert b"Ann" not in tree.names(b"people/suggested")
    assert shown(tree, b"people/suggested/Una") == [right, wrong, last]
    assert shown(tree, b"people/Una") == people.photos("Una")
    tree.rename(b"people/suggested/Una/" + right, b"people/Una/" + right)
    tree.unlink(b"people/suggested/Una/" + wrong)
    assert shown(tree, b"people/suggested/Una") == [last]
    assert shown(tree, b"people/Una") == sorted([right, *people.photos("Una")])
    tree.rename(b"people/suggested/Una/" + last, b"people/Vera/" + last)
    assert last in tree.names(b"people/Vera")
    assert b"Una" not in tree.names(b"people/suggested")


def test_suggestions_stay_where_they_are_as_a_whole(tree: Walker) -> None:
    assert "one by one" in refusal(tree, errno.EPERM, tree.rename, b"people/suggested/Vera", b"people/Vera/Vera")
    assert "goes by itself" in refusal(tree, errno.EPERM, tree.rmdir, b"people/suggested/Vera")
    assert "suggested" in refusal(tree, errno.EPERM, tree.rename, b"people/Ann", b"people/suggested/Annie")
    assert "made in /people" in refusal(tree, errno.EPERM, tree.mkdir, b"people/suggested/new")


def test_photos_that_only_their_files_give_to_somebody_are_removed_and_moved(tree: Walker, people: Cast) -> None:
    first, second, third = people.photos("Xenia")
    assert shown(tree, b"people/Xenia") == [first, second, third]
    tree.unlink(b"people/Xenia/" + first)
    tree.rename(b"people/Xenia/" + second, b"people/Will/" + second)
    assert shown(tree, b"people/Xenia") == [third]
    assert shown(tree, b"people/Will") == sorted([second, *people.photos("Will")])


BAD_NAMES = {
    b"person-0042": errno.EPERM,
    b".Alice": errno.EPERM,
    b"+ness": errno.EPERM,
    b" ": errno.EPERM,
    b"n" * 256: errno.ENAMETOOLONG,
    b"n" * 1024: errno.ENAMETOOLONG,
    b".Trash-1000": errno.EPERM,
    b".local": errno.EPERM,
    b".xdg-volume-info": errno.EPERM,
}


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: f"{name[:20].decode()!r}, {len(name)} bytes")
def test_nobody_is_called_what_is_no_name(tree: Walker, name: bytes) -> None:
    number = BAD_NAMES[name]
    for path in (b"people/Ann", b"people/unknown/person-0001"):
        assert refusal(tree, number, tree.rename, path, b"people/" + name).strip()
    assert refusal(tree, number, tree.mkdir, b"people/" + name).strip()
    assert b"Ann" in tree.names(b"people")
    assert name not in tree.names(b"people")


def test_the_longest_name_is_a_name(tree: Walker) -> None:
    tree.mkdir(b"people/" + b"n" * 255)
    assert b"n" * 255 in tree.names(b"people")
    tree.rename(b"people/" + b"n" * 255, b"people/Nan")
    assert shown(tree, b"people/Nan") == []


def test_what_is_part_of_the_tree_stays(tree: Walker) -> None:
    for name in sorted(FIXED):
        assert "part of the tree" in refusal(tree, errno.EPERM, tree.rmdir, b"people/" + name)
        assert "part of the tree" in refusal(tree, errno.EPERM, tree.rename, b"people/" + name, b"people/New")
    assert refusal(tree, errno.EPERM, tree.mkdir, b"people/unknown/New")
    assert refusal(tree, errno.EPERM, tree.mkdir, b"people/hidden/New")
    assert "has a name" in refusal(tree, errno.EPERM, tree.rename, b"people/Ann", b"people/unknown/Ann")
    assert set(tree.names(b"people")) >= FIXED


def test_a_photo_goes_to_a_person_and_nowhere_else_and_keeps_its_name(tree: Walker, people: Cast) -> None:
    first = people.photos("Vera")[0]
    for target in (b"people/" + first, b"people/unknown/" + first, b"people/suggested/Ann/" + first):
        assert "folder of a person" in refusal(tree, errno.EPERM, tree.rename, b"people/Vera/" + first, target)
    assert refusal(tree, errno.EPERM, tree.rename, b"people/Vera/" + first, b"albums/" + first)
    assert "keeps its name" in refusal(
        tree, errno.EPERM, tree.rename, b"people/Vera/" + first, b"people/Will/another.jpg"
    )
    assert refusal(tree, errno.EROFS, tree.rename, b"recent/" + first, b"people/Will/" + first)
    assert refusal(tree, errno.EPERM, tree.mkdir, b"people/Vera/sub")
    assert first in tree.names(b"people/Vera")
    assert first not in tree.names(b"people/Will")


def test_a_photo_that_is_linked_into_the_folder_of_a_person_shows_them(tree: Walker, people: Cast) -> None:
    first, second, third = people.photos("a face of nobody")
    inode = tree.inode(b"recent/" + first)
    tree.mkdir(b"people/Pia")
    tree.link(b"recent/" + first, b"people/Pia/" + first)
    tree.link(b"by-date/2013/all/" + second, b"by-date/2013/all/+people/Pia/" + second)
    assert shown(tree, b"people/Pia") == [first, second]
    assert tree.inode(b"people/Pia/" + first) == tree.inode(b"recent/" + first) == inode
    tree.rename(b"people/Pia/" + second, b"people/Zita/" + second)
    unknown = b"people/unknown/" + people.called("to be linked to")
    tree.link(b"folders/" + third, unknown + b"/" + third)
    (likely,) = people.suggested("Zita")
    tree.link(b"people/suggested/Zita/" + likely, b"people/Zita/" + likely)
    (faceless,) = people.photos("no face")
    tree.link(b"recent/" + faceless, b"people/Zita/" + faceless)
    assert shown(tree, b"people/Pia") == [first]
    assert shown(tree, unknown) == sorted([third, *people.photos("to be linked to")])
    assert shown(tree, b"people/Zita") == sorted([second, likely, faceless, *people.photos("Zita")])
    tree.unlink(b"people/Zita/" + faceless)
    assert faceless not in tree.names(b"people/Zita")


def test_a_photo_with_several_faces_or_none_that_is_free_is_not_linked_and_the_reason_says_how(
    tree: Walker, people: Cast
) -> None:
    (both,) = people.photos("two faces of nobody")
    star = people.photos("star")[1]
    why = refusal(tree, errno.EPERM, tree.link, b"recent/" + both, b"people/Vera/" + both)
    assert f"photofsd people add Vera {both.decode()} --face N" in why
    why = refusal(tree, errno.EPERM, tree.link, b"recent/" + star, b"people/Vera/" + star)
    assert people.called("star").decode() in why
    assert not {both, star} & set(tree.names(b"people/Vera"))
    there = people.photos("Ann")[0]
    with pytest.raises(FileExistsError):
        tree.link(b"recent/" + there, b"people/Ann/" + there)
    for place in (b"people/suggested/Una/", b"people/suggested/Ann/"):
        assert "by themselves" in refusal(tree, errno.EPERM, tree.link, b"recent/" + both, place + both)
    for place in (b"people/", b"people/unknown/", b"recent/+types/", b"jpeg/people/Ann/"):
        assert refusal(tree, errno.EROFS, tree.link, b"people/Crowd/" + people.photos("Crowd")[0], place + b"x.jpg")
    why = refusal(tree, errno.EROFS, tree.rename, b"recent/" + both, b"people/Vera/" + both)
    assert "ln PHOTO people/Alice/" in why
    assert "photofsd people add" in why


def test_the_folder_of_a_person_goes_nowhere_else(tree: Walker) -> None:
    assert refusal(tree, errno.EPERM, tree.rename, b"people/Ann", b"albums/Ann")
    assert refusal(tree, errno.EPERM, tree.rename, b"people/Ann", b"jpeg/people/Annie")
    assert is_there(tree, b"people/Ann")


def test_nothing_is_changed_among_renditions(tree: Walker, people: Cast) -> None:
    ann = b"jpeg/people/Ann"
    first = people.photos("Ann")[0]
    assert shown(tree, ann) == people.photos("Ann")
    assert refusal(tree, errno.EROFS, tree.rename, ann, b"jpeg/people/Annie")
    assert refusal(tree, errno.EROFS, tree.rename, ann + b"/" + first, b"jpeg/people/Vera/" + first)
    assert refusal(tree, errno.EROFS, tree.unlink, ann + b"/" + first)
    assert refusal(tree, errno.EROFS, tree.rmdir, ann)
    assert refusal(tree, errno.EROFS, tree.mkdir, b"jpeg/people/New")
    assert refusal(tree, errno.EPERM, tree.rename, b"people/Ann/" + first, b"jpeg/people/Vera/" + first)
    assert shown(tree, b"people/Ann") == people.photos("Ann")


def test_people_and_other_views_narrow_each_other(tree: Walker, people: Cast) -> None:
    assert shown(tree, b"people/Ann/+by-date/2013/all") == people.photos("Ann")
    assert b"2013" in tree.names(b"people/+by-date")
    [day] = [name for name in people.photos("Ann") if name == people.photos("Ann")[0]]
    one = b"people/Ann/+search/name:" + day
    assert tree.names(one + b"/+people") == [b"Ann", b"unknown", b"hidden", b"suggested"]
    assert tree.names(one + b"/+people/Ann") == [day]
    assert tree.names(one + b"/+people/unknown") == []
    assert shown(tree, b"by-date/2013/all/+people/Ann") == people.photos("Ann")


def test_moves_in_a_narrowed_view_mean_the_same(tree: Walker, people: Cast) -> None:
    within = b"by-date/2013/01/all/+people"
    name = people.called("lead")
    assert name in tree.names(within + b"/unknown")
    tree.rename(within + b"/unknown/" + name, within + b"/Leah")
    assert shown(tree, b"people/Leah") == people.photos("lead")
    first = people.photos("lead")[0]
    tree.unlink(within + b"/Leah/" + first)
    assert first not in tree.names(b"people/Leah")
    tree.mkdir(within + b"/Leo")
    assert tree.names(b"people/Leo") == []
    assert b"Leo" not in tree.names(within)
    with pytest.raises(OSError, match="Operation not permitted"):
        tree.rename(b"people/Leah", within + b"/Leah/Leah")


def test_removing_a_folder_with_all_in_it_leaves_everything_as_it_was(tree: Walker, people: Cast) -> None:
    time.sleep(WITHIN_S)  # what other tests have removed does not count
    refused = 0
    for name in people.photos("Crowd"):
        try:
            tree.unlink(b"people/Crowd/" + name)
        except PermissionError:
            refused += 1
    assert refused == CROWD - AT_MOST
    assert "rm -r" in refusal(tree, errno.EPERM, tree.rmdir, b"people/Crowd")
    assert shown(tree, b"people/Crowd") == people.photos("Crowd")
