"""The renderer: real children over real files, a real cache; what may go wrong with any of them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import trio
import trio.testing

from photofsd.errors import NotRendered
from photofsd.media.rendition import RenderSettings
from photofsd.pipeline import crew as crews
from photofsd.pipeline import renderer
from photofsd.pipeline.renderer import Renderer
from photofsd.pipeline.rendition_cache import RenditionCache
from photofsd.pipeline.visits import Patience
from photofsd.processes.child import Child
from tests.component.librarian import Librarian, librarian
from tests.component.rendered_library import RENDERED, draw_library, is_upright
from tests.component.small_disk import small_disk

LIMIT_S = 60


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Librarian]:
    draw_library(tmp_path / "library")
    with librarian(tmp_path / "library", tmp_path / "state") as known:
        known.take_in()
        known.work_off()
        yield known


class Studio:
    """A renderer at work, and what it opened."""

    def __init__(self, here: Librarian, worker: Renderer, cache: RenditionCache) -> None:
        self.here = here
        self.worker = worker
        self.cache = cache

    async def open(self, name: str) -> bytes:
        """The content of a rendition."""
        fd = await self.worker.open(self.here.named(name.rpartition("/")[2].encode()))
        try:
            return os.pread(fd, 1 << 30, 0)
        finally:
            os.close(fd)

    async def why_not(self, name: str) -> str:
        """Why a photo is not rendered."""
        with pytest.raises(NotRendered) as caught:
            await self.open(name)
        return str(caught.value)

    def size(self, name: str) -> int:
        """What stat() shows."""
        plan = self.worker.plan(self.here.named(name.rpartition("/")[2].encode()))
        assert plan is not None
        return plan.size

    def files(self) -> list[Path]:
        """What is in the cache."""
        return [path for path in (self.here.state / "jpeg").glob("*/*") if path.is_file()]


@contextlib.asynccontextmanager
async def studio(
    here: Librarian, *, cache_bytes: int = 1 << 30, free_min_bytes: int = 0, children: int = 2, **options: object
) -> AsyncIterator[Studio]:
    cache = RenditionCache(here.state / "jpeg", cache_bytes, free_min_bytes=free_min_bytes)
    settings = {"memory_mb": 1024, "patience": Patience(30), **options}
    worker = Renderer(here.store, cache, RenderSettings(), children=children, **settings)  # type: ignore[arg-type]
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.run)
            yield Studio(here, worker, cache)
            nursery.cancel_scope.cancel()


def run(main: Callable[[], Awaitable[None]]) -> None:
    trio.run(main)  # type: ignore[arg-type]


def test_every_rendition_is_an_upright_jpeg_of_exactly_the_size_that_was_said(here: Librarian) -> None:
    async def main() -> None:
        async with studio(here) as at:
            for name in RENDERED:
                content = await at.open(name)
                assert len(content) == at.size(name), name
                assert is_upright(content), name

    run(main)


def test_a_rendition_is_made_once_and_again_by_nobody_after_a_restart(
    here: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def first() -> None:
        async with studio(here) as at:
            content = await at.open("beach.heic")
            assert await at.open("beach.heic") == content
            assert len(at.files()) == 1

    async def second() -> None:
        async with studio(here) as at:
            assert is_upright(await at.open("beach.heic"))

    run(first)
    monkeypatch.setattr(renderer, "PROGRAM", dataclasses.replace(renderer.PROGRAM, module="photofsd.no_such_module"))
    run(second)


def test_many_who_want_the_same_at_once_wait_for_one_child(here: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    send = Child.send

    async def counted(child: Child, message: bytes) -> None:
        asked.append(child.pid)
        await send(child, message)

    monkeypatch.setattr(Child, "send", counted)
    contents = set()

    async def main() -> None:
        async def want() -> None:
            contents.add(await at.open("turned.tif"))

        async with studio(here) as at, trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(want)

    run(main)
    assert len(contents) == 1
    assert len(asked) == 1


def test_what_was_evicted_is_made_again_and_is_the_same(here: Librarian) -> None:
    async def main() -> None:
        async with studio(here, cache_bytes=0) as at:
            first = await at.open("beach.heic")
            assert not at.files()
            assert await at.open("beach.heic") == first

    run(main)


def test_a_child_that_is_killed_costs_a_second_try(here: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = _kill_at_work(monkeypatch, times=1)

    async def main() -> None:
        async with studio(here, children=1) as at:
            assert is_upright(await at.open("beach.heic"))

    run(main)
    assert len(killed) == 1


def test_a_photo_over_which_every_child_dies_is_given_up_and_costs_no_other(
    here: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = _kill_at_work(monkeypatch, times=2)

    async def main() -> None:
        async with studio(here, children=1) as at:
            assert "killed by SIGKILL" in await at.why_not("beach.heic")
            assert "beach.heic" in await at.why_not("beach.heic")
            assert is_upright(await at.open("turned.tif"))

    run(main)
    assert len(killed) == 2


def _kill_at_work(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Kill that many children as they get their first order."""
    killed: list[int] = []
    send = Child.send

    async def fatal(child: Child, message: bytes) -> None:
        if len(killed) < times:
            killed.append(child.pid)
            os.kill(child.pid, signal.SIGKILL)
        await send(child, message)

    monkeypatch.setattr(Child, "send", fatal)
    return killed


def test_what_cannot_be_decoded_is_tried_once_and_says_why(here: Librarian) -> None:
    async def main() -> None:
        async with studio(here) as at:
            why = await at.why_not("torn.heic")
            assert str(here.folder / "torn.heic") in why
            (here.folder / "torn.heic").unlink()
            assert await at.why_not("torn.heic") == why
            assert not at.files()

    run(main)


def test_a_photo_that_takes_too_long_is_given_up(here: Librarian) -> None:
    async def main() -> None:
        async with studio(here, patience=Patience(0.0)) as at:
            assert "took longer than 0 s to render" in await at.why_not("beach.heic")

    run(main)


def test_without_its_library_what_was_rendered_stays_and_the_rest_says_why(here: Librarian) -> None:
    away = here.folder.with_name("away")

    async def main() -> None:
        async with studio(here) as at:
            content = await at.open("beach.heic")
            here.folder.rename(away)
            assert await at.open("beach.heic") == content
            assert "turned.tif is gone" in await at.why_not("turned.tif")
            away.rename(here.folder)
            assert is_upright(await at.open("turned.tif"))

    run(main)


def test_a_file_that_changed_since_the_scan_is_not_taken_for_the_photo(here: Librarian) -> None:
    async def main() -> None:
        async with studio(here) as at:
            photo = here.folder / "turned.tif"
            photo.write_bytes((here.folder / "deep" / "scan.tif").read_bytes())
            assert "has changed since the last scan" in await at.why_not("turned.tif")

    run(main)


def test_of_several_copies_any_one_that_is_there_will_do(here: Librarian) -> None:
    (here.folder / "copy.tif").write_bytes((here.folder / "turned.tif").read_bytes())
    here.take_in()
    here.work_off()
    (here.folder / "turned.tif").unlink()

    async def main() -> None:
        async with studio(here) as at:
            assert is_upright(await at.open("turned.tif"))

    run(main)


def test_new_facts_make_a_new_rendition_of_the_same_size(here: Librarian) -> None:
    sidecar = here.folder / "turned.xmp"

    async def first() -> None:
        async with studio(here) as at:
            assert b"Sunday walk" not in await at.open("turned.tif")

    async def second() -> None:
        async with studio(here) as at:
            content = await at.open("turned.tif")
            assert b"Sunday walk" in content
            assert len(content) == at.size("turned.tif") == before

    async def measured() -> None:
        async with studio(here) as at:
            sizes.append(at.size("turned.tif"))

    sizes: list[int] = []
    run(measured)
    before = sizes[0]
    run(first)
    sidecar.write_text(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        "<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:description><rdf:Alt>"
        "<rdf:li xml:lang='x-default'>Sunday walk</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF>"
        "</x:xmpmeta>"
    )
    here.take_in()
    here.work_off()
    run(second)


def test_a_full_disk_is_an_alert_until_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "IDLE_LOOK_S", 0.05)
    draw_library(tmp_path / "library")
    with (
        small_disk(tmp_path, kind="tmpfs", megabytes=6) as disk,
        librarian(tmp_path / "library", tmp_path / "state") as here,
    ):
        here.take_in()
        here.work_off()
        (here.state / "jpeg").symlink_to(disk)
        filler = disk / "filler"

        async def main() -> None:
            async with studio(here, free_min_bytes=1 << 20) as at:
                with contextlib.suppress(OSError), filler.open("ab", buffering=0) as opened:
                    while opened.write(b"x" * 4096):
                        pass
                assert "the disk is full" in await at.why_not("beach.heic")
                await trio.sleep(0.2)
                assert at.worker.alert is not None
                filler.unlink()
                while at.worker.alert is not None:  # noqa: ASYNC110 - what the daemon's health looks at
                    await trio.sleep(0.05)
                assert is_upright(await at.open("beach.heic"))

        run(main)


def test_children_that_cannot_be_started_are_an_alert_and_no_photos_fault(
    here: Librarian, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "PROGRAM", dataclasses.replace(renderer.PROGRAM, module="photofsd.no_such_module"))

    async def main() -> None:
        async with studio(here, children=1) as at:
            assert "no reader can be started" in await at.why_not("beach.heic")
            assert at.worker.alert is not None
            assert "no reader can be started" in await at.why_not("beach.heic")

    run(main)


def test_a_cache_that_cannot_be_made_is_an_alert_and_ends_nothing(here: Librarian) -> None:
    (here.state / "jpeg").write_text("no folder")

    async def main() -> None:
        async with studio(here) as at:
            assert "cannot be written" in await at.why_not("beach.heic")
            assert at.worker.alert is not None
            (here.state / "jpeg").unlink()
            assert is_upright(await at.open("beach.heic"))
            assert at.worker.alert is None

    run(main)


def test_an_idle_child_is_let_go(here: Librarian, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "IDLE_S", 0.0)
    monkeypatch.setattr(renderer, "IDLE_LOOK_S", 0.05)
    started: list[int] = []
    send = Child.send

    async def noted(child: Child, message: bytes) -> None:
        started.append(child.pid)
        await send(child, message)

    monkeypatch.setattr(Child, "send", noted)

    async def main() -> None:
        async with studio(here, children=1) as at:
            await at.open("beach.heic")
            await trio.to_thread.run_sync(_until_gone, started[0])
            await at.open("turned.tif")
            assert started[1] != started[0]

    run(main)


def _until_gone(pid: int) -> None:
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.05)


def test_whoever_waits_at_the_end_is_told(here: Librarian) -> None:
    told: list[str] = []

    async def main() -> None:
        cache = RenditionCache(here.state / "jpeg", 1 << 30, free_min_bytes=0)
        worker = Renderer(here.store, cache, RenderSettings(), children=1, memory_mb=1024, patience=Patience(30))

        async def want(name: bytes) -> None:
            try:
                await worker.open(here.named(name))
            except NotRendered as error:
                told.append(str(error))

        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                async with trio.open_nursery() as working:
                    working.start_soon(worker.run)
                    for name in (b"beach.heic", b"turned.tif", b"scan.tif"):
                        nursery.start_soon(want, name)
                    await trio.testing.wait_all_tasks_blocked()
                    working.cancel_scope.cancel()
                nursery.start_soon(want, b"beach.heic")

    run(main)
    assert told == [renderer.ENDING] * 4
