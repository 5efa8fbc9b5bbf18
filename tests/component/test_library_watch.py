"""The kernel's events become hints; what the hints say to scan is enough to know everything."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import trio
from watchdog.observers.inotify_c import DEFAULT_NUM_EVENTS, InotifyFD

from photofsd.library.hints import FOLDERS_MAX, Hint
from photofsd.library.rules import Rules
from photofsd.library.watch import Watcher
from photofsd.mounts import MOUNTINFO
from tests.component.library_world import mounted, world

RULES = Rules(prune=("@eaDir",), exclude=("private",))
QUIET_S = 0.05


@dataclass
class Watched:
    """A watched folder and the hints that it gives."""

    folder: Path
    watcher: Watcher
    hints: trio.MemoryReceiveChannel[Hint]

    async def next(self) -> frozenset[bytes] | None:
        """The folders of the next hint, relative to the library folder; None = anything."""
        with trio.fail_after(60):
            hint = await self.hints.receive()
        root = os.fsencode(self.folder)
        if hint.folders is None:
            return None
        return frozenset(folder.removeprefix(root).removeprefix(b"/") for folder in hint.folders)

    async def until(self, *wanted: bytes) -> None:
        """Return when hints have named all of the folders."""
        missing = set(wanted)
        while missing:
            missing -= await self.next() or missing

    async def silence(self) -> None:
        """Nothing has been told that happened before this call: events come in their order."""
        self.folder.joinpath("last.jpg").write_bytes(b"")
        assert await self.next() == {b""}

    async def settled(self) -> None:
        """Return when the watcher has found out what it can watch."""
        with trio.fail_after(60):
            while not self.watcher.unwatched:  # noqa: ASYNC110  it tells nobody
                await trio.sleep(0.01)

    @property
    def count(self) -> int:
        """Watched folders."""
        return sum(len(library.watches) for library in self.watcher._libraries)


@asynccontextmanager
async def watching(
    folder: Path, *, mountinfo: Path = MOUNTINFO, patience_s: float = 5.0, is_watched: bool = True
) -> AsyncIterator[Watched]:
    """Watch `folder` from within a loop; the first hint, for everything, has been taken."""
    send, receive = trio.open_memory_channel[Hint](0)
    watcher = Watcher({os.fsencode(folder): RULES}, quiet_s=QUIET_S, patience_s=patience_s, mountinfo=mountinfo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watcher.run, send)
        watched = Watched(folder, watcher, receive)
        if is_watched:
            assert await watched.next() is None
        yield watched
        nursery.cancel_scope.cancel()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "library"
    for name in ("a/b", "c", "@eaDir/x", "a/private"):
        (made / name).mkdir(parents=True)
    return made


def run(test: Callable[[], Awaitable[None]]) -> None:
    trio.run(test)


def test_written_moved_and_deleted_photos_make_their_folders_dirty(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            (folder / "a/b/one.jpg").write_bytes(b"1")
            assert await watched.next() == {b"a/b"}
            (folder / "a/b/one.jpg").rename(folder / "c/two.jpg")
            assert await watched.next() == {b"a/b", b"c"}
            (folder / "c/two.jpg").open("ab").close()
            assert await watched.next() == {b"c"}
            (folder / "c/two.jpg").unlink()
            assert await watched.next() == {b"c"}

    run(main)


def test_what_is_not_ours_to_look_at_is_not_watched(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            assert watched.count == 4
            for name in ("@eaDir/thumb.jpg", "a/private/x.jpg", "c/notes.txt", "c/.rsync.jpg.Xy1", "@eaDir/x/y.jpg"):
                (folder / name).write_bytes(b"x")
            (folder / "c/.hidden").mkdir()
            (folder / "c/.hidden/x.jpg").write_bytes(b"x")
            await watched.silence()
            assert watched.count == 4

    run(main)


def test_reading_photos_tells_nothing(folder: Path) -> None:
    (folder / "c/one.jpg").write_bytes(b"1")

    async def main() -> None:
        async with watching(folder) as watched:
            for _ in range(50):
                (folder / "c/one.jpg").read_bytes()
                list((folder / "c").iterdir())
            await watched.silence()

    run(main)


def test_new_folders_are_watched_with_all_that_is_in_them(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            (folder / "new/deep/deeper").mkdir(parents=True)
            await watched.until(b"", b"new", b"new/deep", b"new/deep/deeper")
            (folder / "new/deep/deeper/x.jpg").write_bytes(b"x")
            assert await watched.next() == {b"new/deep/deeper"}

    run(main)


def test_moved_folders_are_told_by_their_new_paths(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            (folder / "a").rename(folder / "c/moved")
            await watched.until(b"", b"c", b"c/moved", b"c/moved/b")
            (folder / "c/moved/b/x.jpg").write_bytes(b"x")
            assert await watched.next() == {b"c/moved/b"}
            assert watched.count == 4
            (folder / "c/moved").rename(folder.with_name("outside"))
            assert await watched.next() == {b"c"}
            assert watched.count == 2
            shutil.rmtree(folder / "c")
            await watched.until(b"")
            assert watched.count == 1

    run(main)


def test_storm_of_folders_becomes_one_hint_for_everything(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            for number in range(FOLDERS_MAX + 100):
                (folder / f"c/{number}").mkdir()
            hints = []
            while None not in hints:
                hints.append(await watched.next())
            assert len(hints) < 20

    run(main)


def test_commotion_without_end_is_told_of_now_and_then(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder, patience_s=0.3) as watched, trio.open_nursery() as nursery:

            async def never_quiet() -> None:
                while True:
                    (folder / "c/busy.jpg").write_bytes(b"x")
                    await trio.sleep(QUIET_S / 5)

            nursery.start_soon(never_quiet)
            assert await watched.next() == {b"c"}
            assert await watched.next() == {b"c"}
            nursery.cancel_scope.cancel()

    run(main)


def test_lost_events_end_in_a_hint_for_everything_and_in_new_watches(folder: Path) -> None:
    queued = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    events = queued + DEFAULT_NUM_EVENTS + 200  # as many are taken out by the read that comes before the stand-still

    async def main() -> None:
        async with watching(folder) as watched:
            watches = watched.watcher._libraries[0].watches
            with watches._lock:  # the thread that reads events stands still
                for number in range(events // 2):
                    (folder / f"c/{number % 7}.jpg").write_bytes(b"")
                    (folder / f"a/{number % 7}.jpg").write_bytes(b"")
                (folder / "c/unheard-of").mkdir()
            while await watched.next() is not None:
                pass
            await watched.silence()
            (folder / "c/unheard-of/x.jpg").write_bytes(b"x")
            await watched.until(b"c/unheard-of")

    run(main)


def test_no_watches_left_is_said_once_and_scanning_goes_on_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add_callback = InotifyFD.add_callback
    left = [3]

    def limited(self: InotifyFD, *arguments: object) -> object:
        if not left[0]:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        left[0] -= 1
        return add_callback(self, *arguments)

    monkeypatch.setattr(InotifyFD, "add_callback", limited)

    async def main() -> None:
        async with watching(folder, is_watched=False) as watched:
            assert await watched.next() is None
            assert "max_user_watches" in watched.watcher.unwatched[os.fsencode(folder)]
            assert watched.count == 0
            for _ in range(3):
                await watched.watcher.renew()

    run(main)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "only scanned" in warnings[0]


def test_watches_that_run_out_later_are_given_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with watching(folder) as watched:

            def refused(*_: object) -> object:
                raise OSError(errno.ENOSPC, "inotify watch limit reached")

            monkeypatch.setattr(InotifyFD, "add_callback", refused)
            (folder / "c/one-too-many").mkdir()
            assert await watched.next() is None
            assert watched.count == 0

    run(main)


def test_no_inotify_at_all_leaves_scanning_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(InotifyFD, "_create_inotify_fd", staticmethod(refused))

    async def main() -> None:
        async with watching(folder, is_watched=False) as watched:
            await watched.settled()
            assert "max_user_instances" in watched.watcher.unwatched[os.fsencode(folder)]

    run(main)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
def test_remote_library_is_not_watched_and_not_touched(tmp_path: Path, kind: str) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:9 / {tmp_path}/nas rw - {kind} nas:/ rw\n")

    async def main() -> None:
        async with watching(tmp_path / "nas/photos", mountinfo=mountinfo, is_watched=False) as watched:
            await watched.settled()
            assert watched.watcher.unwatched == {
                os.fsencode(watched.folder): f"it lies on {kind}, and what others change there is not told"
            }

    run(main)


def test_remote_mount_below_the_library_is_left_out(folder: Path, tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:9 / {folder}/a rw - nfs nas:/ rw\n")

    async def main() -> None:
        async with watching(folder, mountinfo=mountinfo) as watched:
            assert watched.count == 2
            assert watched.watcher.unwatched == {}

    run(main)


def test_library_that_comes_back_is_watched_when_renewed(folder: Path) -> None:
    away = folder.with_name("away")

    async def main() -> None:
        async with watching(folder) as watched:
            folder.rename(away)  # noqa: ASYNC240  quick enough
            await watched.watcher.renew()
            assert "No such file" in watched.watcher.unwatched[os.fsencode(folder)]
            assert watched.count == 0
            away.rename(folder)
            await watched.watcher.renew()
            assert watched.watcher.unwatched == {}
            assert await watched.next() is None
            (folder / "c/x.jpg").write_bytes(b"x")
            assert await watched.next() == {b"c"}

    run(main)


def test_library_that_is_mounted_over_is_watched_when_renewed(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            with mounted(folder):
                await watched.watcher.renew()
                assert await watched.next() is None
                (folder / "x.jpg").write_bytes(b"x")
                assert await watched.next() == {b""}
            assert await watched.next() is None
            await watched.silence()
            assert watched.count == 4

    run(main)


def test_renewing_what_is_well_tells_nothing(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder) as watched:
            for _ in range(5):
                await watched.watcher.renew()
            await watched.silence()

    run(main)


def test_end_gives_back_the_thread_and_the_descriptors(folder: Path) -> None:
    async def main() -> None:
        async with watching(folder):
            pass

    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run(main)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_scanning_what_the_hints_say_is_enough_to_know_everything(tmp_path: Path) -> None:
    with world(tmp_path) as library:
        for number in range(50):
            library.write(f"{number % 5}/{number}.jpg")
        library.scan()
        library.identify()

        async def main() -> None:
            async with watching(library.folder) as watched:
                library.write("new/deep/1.jpg")
                library.rename("3/3.jpg", "4/moved.jpg")
                library.rename("1", "one")
                library.at("2/2.jpg").unlink()
                library.write("0/0.jpg", b"edited")
                with trio.fail_after(60):
                    while library.names() != library.names_on_disk() or not library.queued:
                        hint = await watched.hints.receive()
                        assert hint.folders is not None
                        await trio.to_thread.run_sync(partial(library.scan, folders=hint.folders))
                assert library.queued == 2

        run(main)
