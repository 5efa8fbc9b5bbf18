"""Another model for faces, also one that tells nobody apart: people stay, and nobody is moved meanwhile."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import trio

from photofsd.clustering.neighbours import Vectors, unit
from photofsd.daemon import clustering
from photofsd.daemon.clustering import Clustering
from photofsd.errors import PhotofsdError
from photofsd.records import Failure
from photofsd.store import face_change, grouped, jobs
from photofsd.store.transaction import WriteTransaction
from photofsd.types import NOBODY
from tests.component.album import DIMENSION, FACES_MODEL, Album, Look, settled, until_alert

OTHER = "faces-other"
NAMES = (b"Alice", b"Bob", b"Carol")
Change = Callable[[Vectors], Vectors]


@pytest.fixture
def family(album: Album, looks: Look) -> list[Vectors]:
    """Three people with names and one without, in ten photos of two; the faces of each photo."""
    photos = [np.stack((looks(one), looks(one + 1))) for _ in range(5) for one in (0, 2)]
    for photo in photos:
        album.add(*photo)
    album.run(settled)
    whose = [person for photo in album.who()[:2] for person in photo]
    assert NOBODY not in whose
    for person, name in zip(whose, NAMES, strict=False):
        album.name(person, name)
    return photos


def turned(photo: Vectors) -> Vectors:
    """As a model sees them that is as good, and not comparable."""
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((DIMENSION, DIMENSION)))[0]
    found: Vectors = photo @ basis.astype(np.float32)
    return found


def shifted(photo: Vectors) -> Vectors:
    """As a model sees them to which all are alike."""
    return unit(photo + 1.2 * unit(np.random.default_rng(2).standard_normal(DIMENSION)))


_at_random = np.random.default_rng(3)


def junk(photo: Vectors) -> Vectors:
    """As no model sees them."""
    return unit(_at_random.standard_normal((len(photo), 64)))


def swap(album: Album, photos: Sequence[Vectors], model: str, change: Change = lambda photo: photo) -> None:
    """Have another model find everybody again."""
    dimension = change(photos[0]).shape[1]
    album.use(model, dimension)
    for number, photo in enumerate(photos, 1):
        album.look_again(number, change(photo))


@pytest.mark.parametrize("change", [shifted, junk])
def test_a_model_that_tells_nobody_apart_moves_nobody_and_the_good_one_finds_everybody_as_before(
    album: Album, looks: Look, family: list[Vectors], change: Change, caplog: pytest.LogCaptureFixture
) -> None:
    before = album.who()
    caplog.set_level(logging.WARNING)
    swap(album, family, OTHER, change)
    new = np.stack([looks(0), looks(7)])
    late = album.add(*change(new))
    found = album.run(settled, until_alert, settled)
    assert f"{OTHER} does not tell people apart: of the faces of 3 people with a name" in (found.alert or "")
    assert "models.faces" in (found.alert or "")
    assert [record.message for record in caplog.records] == [found.alert]
    assert album.who() == [*before, [NOBODY, NOBODY]]
    with album.store.read() as txn:
        assert found.waiting(txn) is None

    async def asked_in_vain(found: Clustering) -> None:
        with pytest.raises(PhotofsdError, match="does not tell people apart"):
            await found.regroup()

    album.run(asked_in_vain)
    assert album.who() == [*before, [NOBODY, NOBODY]]
    swap(album, [*family, new], FACES_MODEL)
    found = album.run(settled)
    assert found.alert is None
    assert album.who() == [*before, [album.named(b"Alice"), NOBODY]]
    assert not set(late) & set(album.in_photo(len(family) + 1))


def test_a_daemon_that_has_said_so_goes_on_by_itself_with_another_model(album: Album, family: list[Vectors]) -> None:
    before = album.who()
    swap(album, family, OTHER, shifted)
    album.writer.run(lambda txn: grouped.note(txn, 0))

    async def exchanged(_: Clustering) -> None:
        await trio.to_thread.run_sync(swap, album, family, "faces-third", turned)

    found = album.run(until_alert, settled, exchanged, settled)
    assert found.alert is None
    assert album.who() == before


def test_other_cosines_make_a_model_fit_whose_faces_are_all_alike(album: Album, family: list[Vectors]) -> None:
    before = album.who()
    swap(album, family, OTHER, shifted)
    assert album.run(settled, until_alert).alert
    higher = {f"{what}_cosine": 0.85 for what in ("link", "suggest", "join", "dense", "merge")}
    album.settings = dataclasses.replace(album.settings, people=dataclasses.replace(album.settings.people, **higher))
    found = album.run(settled, lambda found: found.regroup())
    assert found.alert is None
    assert album.who() == before


def test_nobody_joins_one_by_one_where_the_model_tells_nobody_apart(
    album: Album, looks: Look, family: list[Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    swap(album, family, OTHER, shifted)

    def as_if_grouped(txn: WriteTransaction) -> None:
        face_change.end(txn)
        grouped.note(txn, grouped.given(txn))

    album.writer.run(as_if_grouped)
    monkeypatch.setattr(clustering, "SMALL", 0)
    late = album.add(*shifted(np.stack([looks(0)])))
    assert "does not tell people apart" in (album.run(until_alert).alert or "")
    assert album.person(late[0]) == NOBODY


def test_a_model_that_is_as_good_is_taken_and_everybody_stays_who_they_are(
    album: Album, looks: Look, family: list[Vectors]
) -> None:
    before = album.who()
    swap(album, family, OTHER, turned)
    late = album.add(*turned(np.stack([looks(1)])))
    found = album.run(settled, lambda found: found.regroup())
    assert found.alert is None
    assert album.who() == [*before, [album.named(b"Bob")]]
    assert album.person(late[0]) != NOBODY


def test_while_photos_wait_for_another_model_nobody_is_moved_and_that_is_said(
    album: Album, looks: Look, family: list[Vectors], caplog: pytest.LogCaptureFixture
) -> None:
    before = album.who()
    caplog.set_level(logging.INFO)
    album.use(OTHER)
    for number, photo in enumerate(family[:6], 1):
        album.look_again(number, turned(photo))
    late = [album.add(*turned(np.stack([looks(0), looks(7)])))[0] for _ in range(5)]

    async def asked_in_vain(found: Clustering) -> None:
        with pytest.raises(PhotofsdError, match=f"until {OTHER} has looked at all photos again, 4 to go"):
            await found.regroup()

    found = album.run(settled, asked_in_vain, settled)
    with album.store.read() as txn:
        assert "4 to go" in (found.waiting(txn) or "")
    assert (found.alert, found._child) == (None, None)
    assert "everybody in /people stays where they are" in caplog.text
    assert album.who() == [*before, *([NOBODY, NOBODY] for _ in late)]
    for number, photo in enumerate(family[6:], 7):
        album.look_again(number, turned(photo))
    album.run(settled)
    assert album.who()[:10] == before
    assert {album.person(face) for face in late} == {album.named(b"Alice")}
    with album.store.read() as txn:
        assert not face_change.is_under_way(txn)


def test_photos_that_fail_under_another_model_or_had_no_faces_keep_nobody_waiting(
    album: Album, looks: Look, family: list[Vectors]
) -> None:
    before = album.who()
    album.add(looks(9))
    album.look_again(11, np.zeros((0, DIMENSION), np.float32))
    album.use(OTHER)
    for number, photo in enumerate(family[:8], 1):
        album.look_again(number, turned(photo))

    def fail(txn: WriteTransaction) -> None:
        jobs.fail(txn, album.stage(txn), 9, Failure("no such preview", 1, 1, 0))
        jobs.postpone(txn, album.stage(txn), 10, 1 << 60, "the disk is away")

    album.writer.run(fail)
    late = album.add(*turned(np.stack([looks(0)])))
    found = album.run(settled)
    assert found.alert is None
    assert album.who()[:10] == before
    assert album.person(late[0]) == album.named(b"Alice")
    with album.store.read() as txn:
        assert jobs.counts(txn, jobs.stage(txn, face_change.STAGE)).queued == 2


def test_photos_that_wait_for_the_only_model_there_has_been_keep_nobody_waiting(album: Album, looks: Look) -> None:
    first = [album.add(looks(0))[0] for _ in range(5)]
    album.use(FACES_MODEL)  # all are queued again, as after `stages reset faces`, or while many arrive
    album.run(settled)
    assert len({album.person(face) for face in first} - {NOBODY}) == 1
    found = album.run(functools.partial(Clustering.regroup))
    assert found.alert is None


def test_a_change_that_begins_while_faces_are_to_be_grouped_is_seen_to_its_end(
    album: Album, family: list[Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = album.who()
    ask, asked = Clustering._ask, []

    async def exchanged_before(found: Clustering, request: object) -> bool:
        if not asked:
            await trio.to_thread.run_sync(album.use, OTHER)
        asked.append(request)
        return await ask(found, request)

    async def interrupted(found: Clustering) -> None:
        with pytest.raises(PhotofsdError, match="10 to go"):
            await found.regroup()

    monkeypatch.setattr(Clustering, "_ask", exchanged_before)
    album.run(interrupted, settled)
    assert album.who() == before
    for number, photo in enumerate(family, 1):
        album.look_again(number, turned(photo))
    album.run(settled, lambda found: found.regroup())
    assert album.who() == before
