"""The clusterer as the daemon has it, with a real child: who is found, what binds, and what happens in bad times."""

from __future__ import annotations

import functools
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import numpy as np
import pytest
import trio

from photofsd.clustering import child, messages, moving, roll
from photofsd.clustering.clusterer import Clusterer
from photofsd.clustering.messages import FromClusterer, Move, Setup, Unusable
from photofsd.clustering.neighbours import unit
from photofsd.clustering.owners import Owners
from photofsd.clustering.roll import Roll
from photofsd.config.schema import PeopleSettings
from photofsd.daemon import clustering
from photofsd.daemon.clustering import Clustering
from photofsd.daemon.commands import Regroup
from photofsd.errors import PhotofsdError
from photofsd.index.rows import RowFile
from photofsd.index.vectors import FACE_ROWS, MODEL
from photofsd.processes.child import Child
from photofsd.processes.frames import receive_frame
from photofsd.records import FaceSaid, Metadata, Region
from photofsd.store import assets, changes, face_said, faces, people
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import NOBODY, WAITING, AssetId, FaceId, Hold, Kind, PersonId
from tests.component.album import (
    DIMENSION,
    FACES_MODEL,
    PLACES,
    Album,
    Look,
    doing,
    settled,
    until,
    until_alert,
    until_well,
)
from tests.component.store_kit import add_photo, root, violations


def test_people_who_are_often_there_are_found_and_a_new_face_joins_them(album: Album, looks: Look) -> None:
    first = [album.add(looks(0), looks(1)) for _ in range(5)]
    stranger = album.add(looks(2))
    new: list[list[FaceId]] = []
    album.run(settled, doing(lambda: new.append(album.add(looks(1)))), until(lambda: album.person(new[0][0])), settled)
    assert len({album.person(one) for one, _ in first}) == len({album.person(other) for _, other in first}) == 1
    assert album.person(first[0][0]) != album.person(first[0][1]) == album.person(new[0][0])
    assert album.person(stranger[0]) == NOBODY
    with album.store.read() as txn:
        assert people.counts(txn) == (0, 2, 12)


def test_what_grouping_has_changed_itself_is_no_news(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        album.add(looks(0), looks(9 + album.photos, 2.0))
    told: list[str] = []

    async def answer(found: Clustering) -> None:
        async def report(doing: dict[str, str]) -> None:
            told.append(doing["doing"])

        await found.answer(Regroup(), report)

    asked: list[object] = []
    ask = Clustering._ask

    async def noting(found: Clustering, request: object) -> bool:
        asked.append(request)
        return await ask(found, request)

    album.run(settled)
    monkeypatch.setattr(Clustering, "_ask", noting)
    monkeypatch.setattr(clustering, "LOOK_S", 0.001)
    album.writer.run(lambda txn: [faces.place(txn, FaceId(face), WAITING) for face in range(1, 11)])
    album.run(settled, answer, settled)
    assert album.person(FaceId(1)) != NOBODY
    assert told
    assert isinstance(asked[-1], messages.Regroup)


def test_a_name_that_is_given_stays_whatever_comes(album: Album, looks: Look) -> None:
    first = [album.add(looks(0))[0] for _ in range(5)]
    album.run(settled)
    person = album.person(first[0])
    album.name(person, b"Alice")
    more = [album.add(looks(0))[0] for _ in range(20)]
    album.run(settled, lambda found: found.regroup())
    assert {album.person(face) for face in (*first, *more)} == {person} == {album.named(b"Alice")}


def test_a_face_that_is_nearly_somebody_with_a_name_is_suggested(album: Album, looks: Look) -> None:
    first = [album.add(looks(0, 0.1))[0] for _ in range(5)]
    near = album.add(unit(0.39 * looks(0, 0.0) + 0.92 * looks(7, 0.0)))[0]
    album.run(settled)
    assert (album.person(near), album.suggested(near)) == (NOBODY, NOBODY) != (album.person(first[0]), NOBODY)
    album.name(album.person(first[0]), b"Alice")
    album.run(settled, lambda found: found.regroup())
    assert (album.person(near), album.suggested(near)) == (NOBODY, album.named(b"Alice"))


@pytest.mark.parametrize("quality", [{"px": 23}, {"score": 0.59}, {"sharpness": 14.9}], ids=str)
def test_faces_that_are_too_small_unsure_or_blurred_are_nobody(
    album: Album, looks: Look, quality: dict[str, float]
) -> None:
    bad = [album.add(looks(0), **quality)[0] for _ in range(5)]
    just = [album.add(looks(1), px=24, score=0.6, sharpness=15)[0] for _ in range(5)]
    found = album.run(settled, lambda found: found.regroup())
    assert {album.person(face) for face in bad} == {NOBODY}
    assert len({album.person(face) for face in just} - {NOBODY}) == 1
    assert found.alert is None


def test_a_face_joins_nobody_who_is_no_closer_than_whom_the_user_has_refused(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [album.add(looks(0, 0.1))[0] for _ in range(5)]
    album.run(settled)
    alice = album.person(first[0])
    album.name(alice, b"Alice")
    monkeypatch.setattr(clustering, "SMALL", 0)  # nothing is grouped anew: one by one they join
    found: list[FaceId] = []

    def joins(bar: float) -> tuple[Callable[[Clustering], Awaitable[object]], ...]:
        return doing(lambda: found.extend(album.add(looks(0), bar=bar))), settled

    album.run(settled, *joins(0.5), *joins(0.97))
    assert [(album.person(face), album.suggested(face)) for face in found] == [(alice, NOBODY), (NOBODY, NOBODY)]
    album.run(lambda clusters: clusters.regroup())
    assert [(album.person(face), album.suggested(face)) for face in found] == [(alice, NOBODY), (NOBODY, NOBODY)]


def test_a_region_with_a_name_names_the_face_and_those_like_it(album: Album, looks: Look) -> None:
    first = [album.add(looks(0))[0] for _ in range(5)]
    album.run(settled)
    said = album.add(looks(0), named="Marie")[0]
    album.run(settled, lambda found: found.regroup())
    assert album.hold(said) is Hold.FILE
    assert {album.person(face) for face in (*first, said)} == {album.named(b"Marie")} != {NOBODY}


def test_who_is_named_without_a_face_is_somebody_and_a_name_that_is_no_folder_an_alias(album: Album) -> None:
    def take_out(txn: WriteTransaction) -> None:
        asset = add_photo(txn, root(txn), b"takeout.jpg")
        assets.keep(txn, Tables.METADATA, asset, Metadata("JPEG", Kind.IMAGE, people=("Bob", "unknown", "Thumbs.db")))

    album.writer.run(take_out)
    album.run(settled)
    assert NOBODY not in {album.named(name) for name in (b"Bob", b"unknown", b"Thumbs.db")}
    with album.store.read() as txn:
        assert [name for name, _ in people.names(txn)] == [b"Bob"]
        assert people.size(txn, album.named(b"unknown")) == people.size(txn, album.named(b"Bob")) == 1


def test_a_region_that_is_renamed_or_removed_lets_the_face_go(album: Album, looks: Look) -> None:
    said = album.add(looks(0), named="Marie")[0]
    album.run(settled)

    def say(name: str | None) -> None:
        def keep(txn: WriteTransaction) -> None:
            txn.touch(AssetId(1))
            regions = (Region(PLACES[0], 0.3, 0.2, 0.2, name),)
            assets.keep(txn, Tables.METADATA, AssetId(1), Metadata("JPEG", Kind.IMAGE, regions=regions))

        album.writer.run(keep)

    say("Irene")
    album.run(settled)
    assert album.person(said) == album.named(b"Irene") != NOBODY
    say(None)
    album.run(settled)
    assert album.hold(said) is Hold.NONE


def test_a_torn_row_is_left_out_and_the_others_are_grouped(album: Album, looks: Look) -> None:
    all_faces = [album.add(looks(0))[0] for _ in range(6)]
    rows = RowFile(album.folder / FACE_ROWS, np.float16, DIMENSION)
    rows.write(np.array(all_faces[:1], np.uint32), np.full((1, DIMENSION), np.nan, np.float16))
    rows.close()
    found = album.run(settled, lambda found: found.regroup())
    assert found.alert is None
    assert album.person(all_faces[0]) == NOBODY
    assert len({album.person(face) for face in all_faces[1:]} - {NOBODY}) == 1


def test_rows_that_are_gone_are_left_out(album: Album, looks: Look) -> None:
    for _ in range(5):
        album.add(looks(0))
    (album.folder / FACE_ROWS).unlink()
    found = album.run(settled, lambda found: found.regroup())
    assert found.alert is None
    assert album.person(FaceId(1)) == NOBODY


def test_without_a_model_for_faces_nothing_is_started(album: Album) -> None:
    album.writer.run(lambda txn: txn.delete(Tables.MODELS, b"chosen\0faces"))
    found = album.run(settled)
    assert found._child is None
    with album.store.read() as txn:
        assert "no face model" in (found.waiting(txn) or "")


async def asked(found: Clustering) -> None:
    """Have all faces grouped, as the command does."""

    async def report(_: object) -> None:
        await trio.lowlevel.checkpoint()

    await found.answer(Regroup(), report)


def test_why_faces_cannot_be_grouped_now_is_one_error(album: Album, looks: Look) -> None:
    async def why(found: Clustering) -> None:
        with pytest.raises(PhotofsdError) as raised:
            await asked(found)
        assert said in str(raised.value)

    (album.folder / MODEL).write_text("torn")
    album.add(looks(0))
    said = "people are not kept up to date"
    album.run(why)
    album.writer.run(lambda txn: txn.delete(Tables.MODELS, b"chosen\0faces"))
    said = "no face model"
    album.run(why)


@pytest.mark.parametrize("moment", range(4))
def test_a_child_that_is_killed_is_started_again_and_nothing_is_lost(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """moment: before which of its pieces is committed."""
    everybody = [album.add(looks(0), looks(1)) for _ in range(6)]
    seen: list[int] = []
    commit = moving.moved

    def killed(txn: WriteTransaction, moves: Sequence[Move], newcomers: moving.Newcomers) -> moving.Newcomers:
        seen.append(len(moves))
        if len(seen) == moment + 1:
            assert runs[0]._child is not None
            os.kill(runs[0]._child.pid, signal.SIGKILL)
        return commit(txn, moves, newcomers)

    runs: list[Clustering] = []
    killed_ones: list[int] = []
    monkeypatch.setattr(moving, "moved", killed)

    async def remember(found: Clustering) -> None:
        runs.append(found)
        ready = found._ready

        async def killed_at_once(model: str) -> Child:
            child = await ready(model)
            if not killed_ones:
                killed_ones.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)
            return child

        if moment == 3:  # whoever looks now and then for a child may find none: it may have done its work between
            monkeypatch.setattr(found, "_ready", killed_at_once)

    found = album.run(remember, settled, until(lambda: found_all(album, everybody)), settled, until_well)
    assert found.alert is None
    assert len({album.person(face) for pair in everybody for face in pair}) == 2
    assert violations(album.store) == []


def found_all(album: Album, everybody: list[list[FaceId]]) -> bool:
    return all(album.person(face) for pair in everybody for face in pair)


def test_what_the_user_did_meanwhile_is_left_alone(album: Album, looks: Look) -> None:
    one, two, three, four = (album.add(looks(0))[0] for _ in range(4))

    def meanwhile(txn: WriteTransaction) -> None:
        alice, bob = people.new_person(txn, b"Alice"), people.new_person(txn, b"Bob")
        at = faces.place_of(txn, one)
        assert at is not None
        face_said.say(txn, at[0].content, at[1], FaceSaid(person=alice))
        faces.settle(txn, AssetId(1))
        faces.place(txn, two, people.home(txn, bob))
        album.find(txn, AssetId(3), np.stack([looks(5)]))

    album.writer.run(meanwhile)
    moves = [Move(face, 0, -1) for face in (one, two, three, four, 999)]
    met = album.writer.run(functools.partial(moving.moved, moves=moves, newcomers={}))
    assert (album.person(one), album.person(two)) == (album.named(b"Alice"), album.named(b"Bob"))
    assert album.person(three) == NOBODY
    assert album.person(four) == met[-1]


def test_two_faces_of_a_photo_may_change_places(album: Album, looks: Look) -> None:
    one, two = album.add(looks(0), looks(1))

    def place(txn: WriteTransaction) -> tuple[PersonId, PersonId]:
        alice, bob = people.new_person(txn, b"Alice"), people.new_person(txn, b"Bob")
        faces.place(txn, one, people.home(txn, alice))
        faces.place(txn, two, people.home(txn, bob))
        return alice, bob

    alice, bob = album.writer.run(place)
    with album.store.read() as txn:
        was = [faces.row(txn, face) for face in (one, two)]
    moves = [Move(one, was[0].cluster, bob), Move(two, was[1].cluster, alice)]  # type: ignore[union-attr]
    album.writer.run(functools.partial(moving.moved, moves=moves, newcomers={}))
    assert (album.person(one), album.person(two)) == (bob, alice)
    moves = [Move(one, 1 if was[1] is None else was[1].cluster, alice)]
    album.writer.run(functools.partial(moving.moved, moves=moves, newcomers={}))
    assert (album.person(one), album.person(two)) == (bob, alice)


def test_what_the_log_does_not_know_any_more_is_grouped_also_after_a_kill_before_that(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [album.add(looks(0))[0] for _ in range(5)]
    album.run(settled)

    def unlogged(txn: WriteTransaction) -> None:
        faces.place(txn, first[0], WAITING)
        changes.forget_follower(txn, clustering.FOLLOWER)

    album.writer.run(unlogged)

    async def never(_: Clustering) -> None:
        await trio.sleep_forever()

    with monkeypatch.context() as killed:
        killed.setattr(Clustering, "_regroup", never)
        album.run(until(lambda: not behind(album)))
    assert album.person(first[0]) == NOBODY
    album.run(settled)
    assert album.person(first[0]) == album.person(first[1]) != NOBODY


def behind(album: Album) -> int:
    with album.store.read() as txn:
        return changes.behind(txn, clustering.FOLLOWER)


def test_a_name_that_a_file_brings_while_its_photo_is_being_moved_is_heard(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [album.add(looks(0))[0] for _ in range(5)]
    commit = moving.moved

    def named(txn: WriteTransaction, moves: Sequence[Move], newcomers: moving.Newcomers) -> moving.Newcomers:
        regions = (Region(PLACES[0], 0.3, 0.2, 0.2, "Marie"),)
        assets.keep(txn, Tables.METADATA, AssetId(1), Metadata("JPEG", Kind.IMAGE, regions=regions))
        return commit(txn, moves, newcomers)

    monkeypatch.setattr(moving, "moved", named)
    album.run(settled)
    assert album.person(first[0]) == album.named(b"Marie") != NOBODY


def test_too_little_memory_is_said_and_what_to_do(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(_: Store, __: Setup) -> Clusterer:
        raise MemoryError

    monkeypatch.setattr(child, "Clusterer", too_much)
    monkeypatch.setattr(child.Store, "open", lambda *_, **__: album.store)
    ours, theirs = socket.socketpair()
    setup = Setup(str(album.settings.state / "store"), "", FACES_MODEL, PeopleSettings(memory_mb=512))
    with ours, theirs:
        ours.shutdown(socket.SHUT_WR)
        child._serve(theirs, setup)
        said = msgspec.msgpack.decode(receive_frame(ours) or b"", type=FromClusterer)
    assert said == Unusable("512 MB are too little for so many faces: see people.memory_mb")


def test_many_faces_are_read_in_several_transactions(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roll, "READ_AT_ONCE", 2)
    added = [album.add(looks(0), looks(1)) for _ in range(4)]
    read = Roll(album.settings.state / "vectors", FACES_MODEL, PeopleSettings())
    read.read_all(album.store)
    assert read.comparable().tolist() == sorted(face for pair in added for face in pair)
    assert read.photos[1:9].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_what_is_refused_while_all_faces_are_read_is_for_the_next_look(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    album.add(looks(0))
    check = Roll._check

    def meanwhile(read: Roll, ids: roll.Ids) -> None:
        album.add(looks(1), looks(2))
        album.add(looks(0), bar=0.9)
        check(read, ids)

    monkeypatch.setattr(Roll, "_check", meanwhile)
    read = Roll(album.settings.state / "vectors", FACES_MODEL, PeopleSettings())
    read.read_all(album.store)
    assert read.comparable().tolist() == [1]
    monkeypatch.undo()
    with album.store.read() as txn:
        assert read.read(txn, [AssetId(3)]).tolist() == [4]
        bars = read.known(read.comparable(), Owners(txn)).bars
    assert bars.tolist() == pytest.approx([-1, 0.9])


def test_a_store_that_cannot_be_read_is_said_however_late_the_daemon_asks(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Child.send

    async def late(started: Child, frame: bytes) -> None:
        if isinstance(msgspec.msgpack.decode(frame, type=messages.ToClusterer), messages.Look | messages.Regroup):
            await started.ended()
        await send(started, frame)

    monkeypatch.setattr(Child, "send", late)
    album.add(looks(0))
    (album.folder / MODEL).write_text("torn")
    found = album.run(until_alert)
    assert str(album.folder / MODEL) in (found.alert or "")


def test_a_child_that_says_nonsense_is_started_again(
    album: Album, looks: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[bytes] = []
    receive = Child.receive

    async def nonsense(started: Child) -> bytes:
        said.append(await receive(started))
        return b"\xc1" if len(said) == 2 else said[-1]  # after READY

    first = [album.add(looks(0))[0] for _ in range(5)]
    monkeypatch.setattr(Child, "receive", nonsense)
    album.run(until(lambda: album.person(first[0])), settled, until_well)
    assert len(said) > 2
