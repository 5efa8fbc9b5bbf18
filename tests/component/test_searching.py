"""The searcher as the daemon has it, with a real model and a real child: what is found, and what happens in bad times.

The photos' vectors are those of texts that say what they show: what a picture's vector is, is another test's business.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
import trio
from pyroaring import BitMap

from photofsd.config.load import Overrides, load
from photofsd.config.schema import Settings
from photofsd.daemon import searching
from photofsd.daemon.searching import GAINED, Searching
from photofsd.errors import MeaningAway
from photofsd.index.vectors import VectorFile
from photofsd.models import loading
from photofsd.models.folder import Installed, Purpose, chosen
from photofsd.processes.frames import send_frame
from photofsd.query.meaning import Meant, Ranking, Wish
from photofsd.query.search import Answer, search
from photofsd.query.searches import Searches
from photofsd.searcher import child, cold, engine
from photofsd.searcher.cold import StoredVectors
from photofsd.searcher.messages import Ask, Cancel, Standing
from photofsd.store import assets, embeddings, facets, paths, text_vectors
from photofsd.store.check import check
from photofsd.store.env import Store
from photofsd.store.schema import Tables
from photofsd.store.writer import Writer
from photofsd.types import AssetId
from tests.component.query_library import Shot, add
from tests.writable import copied

TODAY = dt.date(2024, 6, 15)
SHOWN = {
    "a.jpg": "a dog running",
    "b.jpg": "a cat on a sofa",
    "c.jpg": "a sandy beach by the sea",
    "d.jpg": "an airplane in the sky",
    "e.jpg": "a plate of food",
    "f.jpg": "a big brown dog",
    "dog.jpg": "a red flower",
}
PATIENCE_S = 120.0
"""Only what hangs takes so long; the machine may be busy with other things."""


@dataclasses.dataclass
class Place:
    """A store with photos whose vectors say what they show."""

    settings: Settings
    store: Store
    writer: Writer
    model: Installed
    ids: dict[str, AssetId] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def clip(self) -> loading.ClipModel:
        return loading.load(self.model, threads=1, device="cpu")

    def show(self, shown: dict[str, str], model: str = "") -> None:
        """Add photos by their names, and let their vectors count."""
        model = model or self.model.id
        ids = add(self.store, [Shot((name,)) for name in shown])
        self.ids |= dict(zip(shown, ids, strict=True))
        vectors = VectorFile(self.settings.state / "vectors" / model, self.clip.dimension)
        crcs = vectors.write(ids, self.clip.of_texts(list(shown.values())))
        vectors.sync()
        vectors.close()
        with self.store.write() as txn:
            for asset, crc in zip(ids, crcs, strict=True):
                embeddings.count(txn, asset, model, crc)

    def answer_by(self, model: str) -> None:
        with self.store.write() as txn:
            embeddings.set_answering(txn, model)

    def kept(self, text: str) -> int:
        """Bytes of the vector that is kept of a text."""
        with self.store.read() as txn:
            known = text_vectors.vector(txn, self.model.id, text, now_s=int(time.time()))
        return 0 if known is None else len(known[0])

    def live(self) -> BitMap:
        with self.store.read() as txn:
            return facets.live(txn)

    def named(self, ids: Sequence[int]) -> list[str]:
        names = {asset: name for name, asset in self.ids.items()}
        return [names[AssetId(asset)] for asset in ids]

    @contextlib.contextmanager
    def searching(self) -> Iterator[Searching]:
        """The daemon's side, in a loop of its own."""
        found = Searching(self.store, self.writer, self.settings)
        loop: list[trio.CancelScope] = []
        started = threading.Event()

        async def main() -> None:
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(found.run)
                    loop.extend([scope])
                    await trio.lowlevel.checkpoint()
                    token.append(trio.lowlevel.current_trio_token())
                    started.set()

        token: list[trio.lowlevel.TrioToken] = []
        thread = threading.Thread(target=trio.run, args=(main,))
        thread.start()
        try:
            assert started.wait(10)
            self.writer.listen(lambda _: found.wake())
            yield found
        finally:
            with contextlib.suppress(trio.RunFinishedError):
                token[0].run_sync_soon(loop[0].cancel)
            thread.join(20)
            assert not thread.is_alive()

    def rank(self, found: Searching, text: str, *, unlike: Sequence[str] = (), like: str = "") -> Meant:
        asset = self.ids[like] if like else None
        return found.rank([Wish(self.live(), text, tuple(unlike), asset)], 100)

    def ask(self, found: Searching, text: str) -> Answer:
        with self.store.read() as txn:
            return search(txn, text, today=TODAY, meaning=found if found.is_there else None)


@pytest.fixture
def place(tmp_path: Path, test_models: Path) -> Iterator[Place]:
    model = chosen(test_models, Purpose.CLIP)
    assert model is not None
    (tmp_path / "models" / "clip").mkdir(parents=True)
    (tmp_path / "models" / "clip" / model.name).symlink_to(model.folder, target_is_directory=True)
    overrides = Overrides(state=tmp_path / "state", models=tmp_path / "models")
    environ = {"HOME": str(tmp_path)}
    settings = load(overrides, environ=environ, system_file=tmp_path / "none.toml").settings
    settings = dataclasses.replace(settings, search=dataclasses.replace(settings.search, timeout_s=PATIENCE_S))
    store = Store.open(settings.state / "store", timezone=dt.UTC)
    writer = Writer(store)
    try:
        here = Place(settings, store, writer, model)
        here.show(SHOWN)
        here.answer_by(model.id)
        yield here
        with store.read() as txn:
            assert list(check(txn)) == []
    finally:
        writer.close()
        store.close()


def eventually(claim: Callable[[], bool]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline, f"not so within {PATIENCE_S} s"
        time.sleep(0.05)


def wait_ready(found: Searching) -> None:
    eventually(lambda: found.health()["state"] == "ready")


def pid_of(found: Searching) -> int:
    """Its process; 0 = there is none at this moment."""
    process = found._child
    return 0 if process is None else process.pid


def test_what_is_meant_is_found_and_what_is_not_is_not(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)
        found._missed = searching.MISSED_MAX - 1
        assert set(place.named(place.rank(found, "dog").rankings[0].ids)[:2]) == {"a.jpg", "f.jpg"}
        assert found._missed == 0
        assert place.rank(found, "a proof of the Riemann hypothesis").rankings[0].ids == []
        answer = place.ask(found, "dog")
        assert place.named(answer.assets)[:3] == ["dog.jpg", *place.named(answer.assets)[1:3]]
        assert set(place.named(answer.assets)[1:3]) == {"a.jpg", "f.jpg"}
        assert answer.is_whole
        health = found.health()
        assert (health["waiting"], health["model"], health["vectors"]) == (None, place.model.id, len(SHOWN))
        assert 10 < health["memory_mb"] < 4000


def test_photos_that_look_like_one_do_not_hold_itself(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)
        assert place.named(place.ask(found, "like:a.jpg").assets)[0] == "f.jpg"
        assert "a.jpg" not in place.named(place.ask(found, "like:a.jpg").assets)


def test_photos_that_must_not_look_like_one_are_ranked_by_all_else(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)
        like = set(place.ask(found, "like:a.jpg").assets)
        assert like
        assert set(place.ask(found, "-like:a.jpg").assets) == set(place.ids.values()) - like
        unlike = place.ask(found, "dog OR -like:a.jpg").hits
        assert {hit.standing.looks for hit in unlike} == {None}


def test_a_word_with_a_minus_turns_away(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)
        plain = place.rank(found, "a dog and food").rankings[0]
        turned = place.rank(found, "a dog and food", unlike=["food"]).rankings[0]
        food = place.ids["e.jpg"]
        cosines = [dict(zip(r.ids, r.cosines, strict=True)).get(food, -1.0) for r in (plain, turned)]
        assert cosines[1] < cosines[0]


def test_a_photo_without_a_vector_says_so(place: Place) -> None:
    (place.ids["new.jpg"],) = add(place.store, [Shot(("new.jpg",))])
    with place.searching() as found:
        wait_ready(found)
        answer = place.ask(found, "like:new.jpg")
        assert answer.assets == ()
        assert "no vector yet" in answer.notes[0]


def test_a_new_vector_is_found_and_a_deleted_photo_is_not(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)
        place.show({"g.jpg": "a zebra"})
        zebra = place.ids["g.jpg"]
        eventually(lambda: zebra in place.rank(found, "zebra").rankings[0].ids)
        with place.store.write() as txn:
            record = assets.asset(txn, zebra)
            assert record is not None
            paths.remove_file(txn, record.files[0])
        assert zebra not in place.ask(found, "zebra").assets


def test_a_searcher_that_is_killed_over_a_question_costs_that_answer_and_comes_again(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)
        pid = pid_of(found)
        os.kill(pid, signal.SIGSTOP)
        said: list[Answer] = []
        asking = threading.Thread(target=lambda: said.append(place.ask(found, "dog")))
        asking.start()
        eventually(lambda: bool(found._waiting))
        os.kill(pid, signal.SIGKILL)
        asking.join(PATIENCE_S)
        assert place.named(said[0].assets) == ["dog.jpg"]
        assert not said[0].is_whole
        assert said[0].notes == ("searching by words only: the searcher was killed by SIGKILL",)
        eventually(lambda: found.health()["state"] != "ready" or pid_of(found) not in {pid, 0})
        wait_ready(found)
        assert place.ask(found, "dog").is_whole
        assert found.alert is None


def test_a_searcher_that_hangs_is_waited_for_so_long_and_in_the_end_replaced(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MISSED_MAX", 2)
    place.settings = dataclasses.replace(
        place.settings, search=dataclasses.replace(place.settings.search, timeout_s=0.5)
    )
    with place.searching() as found:
        wait_ready(found)
        pid = pid_of(found)
        os.kill(pid, signal.SIGSTOP)
        for _ in range(2):
            with pytest.raises(MeaningAway, match=r"longer than search.timeout_s, 0.5 s"):
                place.rank(found, "dog")
        eventually(lambda: found.health()["state"] == "ready" and pid_of(found) not in {pid, 0})
        assert place.rank(found, "dog").rankings[0].ids


def test_a_searcher_is_not_blamed_for_questions_that_it_was_not_ready_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MISSED_MAX", 1)
    place.settings = dataclasses.replace(
        place.settings, search=dataclasses.replace(place.settings.search, timeout_s=0.1)
    )
    with place.searching() as found:
        eventually(lambda: pid_of(found) != 0)
        pid = pid_of(found)
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(3):
                with pytest.raises(MeaningAway, match="the searcher is starting"):
                    place.rank(found, "dog")
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_ready(found)
        assert pid_of(found) == pid


def test_a_question_that_nobody_waits_for_any_more_is_not_worked_on() -> None:
    ours, its = socket.socketpair()
    daemon = child._Daemon(its)
    for message in (Ask(1, (), 5), Ask(2, (), 5), Cancel(1), Cancel(7), Ask(3, (), 5)):
        send_frame(ours, msgspec.msgpack.encode(message))
    ours.close()
    daemon.listen()
    asked = [daemon.asked.get_nowait() for _ in range(3)]
    assert [daemon.wants(ask) for ask in asked] == [False, True, True]
    assert daemon._wanted == set()
    its.close()


def test_a_vector_that_was_kept_wrongly_is_made_again(place: Place) -> None:
    wrong = [("dog", b"1234"), ("cat", np.full(place.clip.dimension, np.nan, np.float32).tobytes())]
    with place.store.write() as txn:
        text_vectors.keep(txn, place.model.id, wrong, now_s=int(time.time()))
    with place.searching() as found:
        wait_ready(found)
        assert set(place.named(place.rank(found, "dog").rankings[0].ids)[:2]) == {"a.jpg", "f.jpg"}
        assert place.named(place.rank(found, "cat").rankings[0].ids)[0] == "b.jpg"
        eventually(lambda: place.kept("dog") == 4 * place.clip.dimension)


def test_a_floor_that_is_set_is_kept_to(place: Place) -> None:
    place.settings = dataclasses.replace(
        place.settings, search=dataclasses.replace(place.settings.search, floor="0.999")
    )
    with place.searching() as found:
        wait_ready(found)
        assert found.health()["floor"] == 0.999
        assert place.rank(found, "dog").rankings[0].ids == []
    with place.store.read() as txn:
        alone = cold.opened(txn, place.settings)
        assert alone is not None
        assert alone.floor().text == 0.999


def test_a_command_beside_no_daemon_keeps_to_the_floor_that_the_searcher_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.searching() as found:
        wait_ready(found)
        floor = found.health()["floor"]
    monkeypatch.setattr(cold, "calibrated", lambda *_: pytest.fail("it is known"))
    with place.store.read() as txn:
        alone = cold.opened(txn, place.settings)
        assert alone is not None
        assert round(alone.floor().text, 4) == floor


def test_texts_in_memory_are_bounded_and_those_used_lately_stay(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "TEXTS_MAX", 3)
    asked: list[str] = []

    def known(text: str) -> tuple[bytes, bool] | None:
        asked.append(text)
        return None

    pictures = StoredVectors(
        VectorFile(place.settings.state / "vectors" / place.model.id, place.clip.dimension), BitMap()
    )
    at = engine.Engine(place.clip, pictures, known)
    for text in ("a", "b", "a", "c", "d", "a", "b"):
        at.direction(text, (), engine.Learned())
    assert asked == ["a", "b", "c", "d", "b"]


def test_the_loop_is_never_made_to_wait(place: Place) -> None:
    with place.searching() as found:
        wait_ready(found)

        async def ask() -> None:
            place.rank(found, "dog")

        with pytest.raises(MeaningAway, match="cannot wait"):
            trio.run(ask)


def test_without_a_model_nothing_is_started_and_what_would_be_gained_is_said(place: Place) -> None:
    with place.store.write() as txn:
        txn.delete(Tables.MODELS, b"answering")
    with place.searching() as found:
        eventually(lambda: found.health()["waiting"] == GAINED)
        assert found.health()["state"] == "off"
        assert found.alert is None
        answer = place.ask(found, "dog")
        assert (place.named(answer.assets), answer.notes, answer.is_whole) == (["dog.jpg"], (), True)


def test_a_model_that_is_gone_leaves_words_and_an_alert_and_comes_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "AGAIN_MAX_S", 0.5)
    link = place.settings.models.folder / "clip" / place.model.name
    away = link.with_name(".away")
    link.rename(away)
    with place.searching() as found:
        eventually(lambda: found.alert is not None)
        assert found.alert is not None
        assert f"({place.model.id}) is not in {place.settings.models.folder} any more" in found.alert
        answer = place.ask(found, "dog")
        assert place.named(answer.assets) == ["dog.jpg"]
        assert not answer.is_whole
        away.rename(link)
        wait_ready(found)
        assert found.alert is None


def test_another_model_that_answers_is_another_searcher(place: Place) -> None:
    copy = place.settings.models.folder / "clip" / "other"
    copied(place.model.folder, copy)
    (copy / "note.txt").write_text("another model")
    other = chosen(place.settings.models.folder, Purpose.CLIP, "other")
    assert other is not None
    with place.searching() as found:
        wait_ready(found)
        pid = pid_of(found)
        place.show({"z.jpg": "a dog"}, other.id)
        place.writer.run(lambda txn: embeddings.set_answering(txn, other.id))
        eventually(lambda: found.health()["state"] == "ready" and pid_of(found) not in {pid, 0})
        assert place.named(place.rank(found, "dog").rankings[0].ids) == ["z.jpg"]
    assert os.listdir(place.settings.state / "index") == [other.id]


def test_vectors_of_texts_are_kept_and_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.searching() as found:
        wait_ready(found)
        place.rank(found, "dog")
        eventually(lambda: place.kept("dog") == 4 * place.clip.dimension)
    monkeypatch.setattr(text_vectors, "KEPT_MAX", 10)
    monkeypatch.setattr(text_vectors, "SPARED", 5)
    with place.store.write() as txn:
        for number in range(30):
            text_vectors.keep(txn, "m", [(f"text {number}", b"1234")], now_s=number)
            assert txn.count(Tables.TEXT_VECTORS) <= 10
    with place.store.read() as txn:
        assert text_vectors.vector(txn, "m", "text 29", now_s=29) == (b"1234", False)
        assert text_vectors.vector(txn, "m", "text 29", now_s=29 + 2 * 86_400) == (b"1234", True)
        assert text_vectors.vector(txn, "m", "text 0", now_s=29) is None
        assert text_vectors.vector(txn, "another", "text 29", now_s=29) is None


class Away:
    """A model that comes and goes."""

    is_there = True

    def __init__(self) -> None:
        self.generation = 0
        self.sequence = 1 << 40
        self.asked = 0
        self.count = 0
        self.ids: Sequence[int] | None = None

    def rank(self, wishes: Sequence[Wish], count: int) -> Meant:
        self.asked += 1
        self.count = count
        if self.ids is None:
            raise MeaningAway("it is away")
        return Meant([Ranking(self.ids, [0.5] * len(self.ids)) for _ in wishes], self.sequence)


@pytest.fixture
def away() -> Away:
    return Away()


@pytest.fixture
def asked(store: Store, writer: Writer, away: Away) -> Searches:
    add(store, [Shot(("dog.jpg",)), Shot(("b.jpg",))])
    return Searches(store, writer, lambda: TODAY, limit=200, remembered=20, meaning=away)


def ids(asked: Searches, text: str) -> Sequence[int]:
    members = asked.members(text, None)
    members.prepare()
    with asked._store.read() as txn:
        return members.ordered(txn)


def test_an_answer_by_words_alone_is_not_kept_once_the_model_has_come(asked: Searches, away: Away) -> None:
    assert list(ids(asked, "dog")) == [1]
    away.ids, away.generation = [2, 1], 1
    assert sorted(ids(asked, "dog")) == [1, 2]


def test_the_model_is_asked_for_more_where_companions_are_hidden_and_for_nothing_where_nothing_is_allowed(
    asked: Searches, away: Away, store: Store
) -> None:
    assert asked is not None
    away.ids = []
    with store.read() as txn:
        for text, covers_only, count in (
            ("dog", False, 500),
            ("dog limit:900", False, 900),
            ("dog limit:900", True, 3600),
        ):
            search(txn, text, today=TODAY, covers_only=covers_only, meaning=away)
            assert away.count == count
        before = away.asked
        assert search(txn, "dog tag:nothing", today=TODAY, meaning=away).known_to is None
    assert away.asked == before


def test_an_answer_is_kept_until_something_changes(
    asked: Searches, away: Away, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photofsd.query.searches.FRESH_S", 0.0)
    away.ids = [2]
    assert [sorted(ids(asked, "dog")) for _ in range(3)] == [[1, 2]] * 3
    assert away.asked == 1
    add(store, [Shot(("c.jpg",))])
    ids(asked, "dog")
    assert away.asked == 2


def test_an_answer_that_does_not_know_the_last_change_is_not_kept(
    asked: Searches, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photofsd.query.searches.FRESH_S", 0.0)
    away.ids, away.sequence = [2], 0
    ids(asked, "dog")
    ids(asked, "dog")
    assert away.asked >= 2


def test_an_answer_by_words_alone_is_not_kept_and_none_is_kept_over_midnight(
    store: Store, writer: Writer, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photofsd.query.searches.FRESH_S", 0.0)
    add(store, [Shot(("dog.jpg",))])
    today = [TODAY]
    asked = Searches(store, writer, lambda: today[0], limit=200, remembered=20, meaning=away)
    for times in (1, 2):
        ids(asked, "dog")
        assert away.asked == times
    away.ids = [1]
    for day, times in ((TODAY, 3), (TODAY, 3), (TODAY + dt.timedelta(1), 4), (TODAY + dt.timedelta(1), 4)):
        today[0] = day
        ids(asked, "dog")
        assert away.asked == times


def test_an_answer_knows_no_more_than_the_least_that_the_model_knew(asked: Searches, away: Away, store: Store) -> None:
    assert asked is not None
    away.ids, known = [2], itertools.count(5)
    rank = away.rank

    def growing(wishes: Sequence[Wish], count: int) -> Meant:
        away.sequence = next(known)
        return rank(wishes, count)

    away.rank = growing  # type: ignore[method-assign]
    with store.read() as txn:
        assert search(txn, "like:dog.jpg b", today=TODAY, meaning=away).known_to == 5
    assert away.asked > 1


def test_a_searcher_that_is_ready_makes_what_was_answered_without_it_out_of_date(place: Place) -> None:
    found = Searching(place.store, place.writer, place.settings)
    before = found.generation
    for _ in range(2):
        found._stands(Standing(7, is_complete=True, annoy_generation=None, tail=0, floor=0.2))
        assert found.generation == before + 1


def test_the_last_search_that_found_a_photo_says_its_score(asked: Searches, away: Away) -> None:
    away.ids = [2, 1]
    ids(asked, "dog")
    found = asked.score(AssetId(2))
    assert found is not None
    assert found[0] == "dog"
    assert 0 < found[1] < 1
    assert asked.score(AssetId(99)) is None
