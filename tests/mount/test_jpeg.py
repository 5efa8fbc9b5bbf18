"""/jpeg through a real daemon: what programs see of photos that they could not open."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from photofsd.pipeline.renderer import PROGRAM
from tests.component.rendered_library import PLAIN, RENDERED, draw_library, is_upright
from tests.mount.conftest import need_fuse
from tests.mount.test_killed import all_gone
from tests.mount.walker import daemon

LIMIT_S = 30.0


class Home:
    """A daemon over a small library of every format, and where its things are."""

    def __init__(self, place: Path) -> None:
        self.library, self.state, self.mount = place / "library", place / "state", place / "photos"
        self.jpeg = self.mount / "jpeg"
        self.config = place / "photofsd.toml"
        self.config.touch()
        draw_library(self.library)

    @contextlib.contextmanager
    def daemon(self, *settings: str) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon at work. settings: lines of its configuration."""
        self.config.write_text("\n".join(settings))
        with daemon(self.library, self.state, self.mount, "--config", str(self.config)) as process:
            yield process

    def rendered(self) -> list[Path]:
        """What is in the cache."""
        return [path for path in (self.state / "jpeg").glob("*/*") if path.is_file()]

    def renderings(self) -> dict[str, Path]:
        """The renditions in the mount by the names of their photos."""
        return {name: self.jpeg / "folders" / f"{name}.jpg" for name in RENDERED if name != "beach.heic"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    need_fuse()
    return Home(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose daemon runs through the tests that leave it as it is."""
    need_fuse()
    home = Home(tmp_path_factory.mktemp("jpeg"))
    with home.daemon():
        yield home


def test_looking_at_every_entry_renders_nothing(home: Home) -> None:
    with home.daemon():
        listed = subprocess.run(["find", home.mount, "-ls"], capture_output=True, check=True, text=True).stdout
        assert listed.count("turned.tif.jpg") > 3
        subprocess.run(["ls", "-lR", home.jpeg], capture_output=True, check=True)
        subprocess.run(["du", "-s", home.jpeg], capture_output=True, check=True)
        assert not home.rendered()
        assert not children(home)


def test_stat_tells_the_size_of_the_jpeg_before_it_is_made(shared: Home) -> None:
    for name, path in shared.renderings().items():
        told = path.stat().st_size
        content = path.read_bytes()
        assert len(content) == told == path.stat().st_size, name
        assert is_upright(content), name


def test_a_rendition_is_the_same_file_in_every_folder(shared: Home) -> None:
    ways = ("recent", "folders", "types/tiff", "by-date/undated", "search/type:tiff", "recent/+types/tiff")
    found = [(shared.jpeg / way / "turned.tif.jpg").stat() for way in ways]
    assert len({(status.st_ino, status.st_size, status.st_mtime_ns) for status in found}) == 1
    photo = (shared.mount / "recent" / "turned.tif").stat()
    assert found[0].st_ino != photo.st_ino
    assert found[0].st_mtime_ns == photo.st_mtime_ns


def test_what_every_viewer_opens_is_left_as_it_is(shared: Home) -> None:
    for name in (*PLAIN, "beach.heic.jpg", "deep/scan.xmp"):
        original = (shared.library / name).read_bytes()
        assert (shared.jpeg / "folders" / name).read_bytes() == original, name
    assert (shared.jpeg / "recent" / "plain.jpg").stat().st_ino == (shared.mount / "recent" / "plain.jpg").stat().st_ino


def test_a_photo_that_cannot_be_rendered_is_listed_and_says_why_when_opened(shared: Home) -> None:
    torn = shared.jpeg / "recent" / "torn.heic.jpg"
    assert torn.name in os.listdir(torn.parent)
    assert torn.stat().st_size > 0
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output") as caught:
            torn.read_bytes()
        assert caught.value.errno == errno.EIO
    assert "torn.heic" in (shared.mount / ".photofsd" / "last-error").read_text()


def test_nothing_in_it_can_be_changed(shared: Home) -> None:
    rendition = shared.jpeg / "recent" / "turned.tif.jpg"
    for change in (
        rendition.unlink,
        lambda: rendition.write_bytes(b""),
        lambda: rendition.rename(rendition.with_name("other.jpg")),
        (shared.jpeg / "search" / "beach").mkdir,
    ):
        with pytest.raises(OSError, match=r"Read-only|denied"):
            change()


def test_a_copy_of_the_tree_holds_what_the_tree_holds(shared: Home, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    subprocess.run(["cp", "-r", shared.jpeg / "types", copied], check=False, capture_output=True)
    for name in ("heic/lying.jpg.jpg", "avif/harbour.avif.jpg", "tiff/scan.tif.jpg"):
        assert is_upright((copied / name).read_bytes()), name
        assert (copied / name).stat().st_size == (shared.jpeg / "types" / name).stat().st_size
    assert (copied / "png" / "screen.png").read_bytes() == (shared.library / "screen.png").read_bytes()


def test_many_programs_at_once_get_the_same_bytes_and_others_go_on(home: Home) -> None:
    paths = list(home.renderings().values())
    with home.daemon(), concurrent.futures.ThreadPoolExecutor(24) as pool:
        read = [pool.submit(path.read_bytes) for path in paths * 5]
        listed = [pool.submit(subprocess.run, ["ls", "-l", home.jpeg / "recent"], check=True, capture_output=True)]
        originals = [pool.submit((home.mount / "recent" / name).read_bytes) for name in PLAIN]
        for future, name in zip(originals, PLAIN, strict=True):
            assert future.result() == (home.library / name).read_bytes()
        assert listed[0].result().returncode == 0
        digests = [hashlib.sha256(future.result()).digest() for future in read]
    assert len(set(digests)) == len(paths)


def test_a_renderer_that_is_killed_is_replaced(home: Home) -> None:
    with home.daemon() as process:
        assert is_upright((home.jpeg / "recent" / "turned.tif.jpg").read_bytes())
        killed = children(home)
        assert killed
        for child in killed:
            os.kill(child, signal.SIGKILL)
        assert all(is_upright(path.read_bytes()) for path in home.renderings().values())
        assert process.poll() is None


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_kills_while_it_renders_leave_nothing_behind(home: Home, kills: int) -> None:
    chance = random.Random(7)
    with home.daemon():
        pass
    where = ["--library", home.library, "--state", home.state, "--models", home.state / "models"]
    command = [sys.executable, "-m", "photofsd", "run", *where]
    for kill in range(kills):
        process = subprocess.Popen([*command, "--mount", home.mount], stderr=subprocess.DEVNULL)
        wait = [sys.executable, "-m", "photofsd", "wait", "--timeout", "60", "--state", home.state]
        subprocess.run(wait, check=True, capture_output=True)
        readers = [
            subprocess.Popen(["cat", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for path in home.renderings().values()
        ]
        time.sleep(2.0 * (kill + chance.random()) / kills)
        renderers = children(home)
        process.kill()
        process.wait()
        for reader in readers:
            reader.wait(LIMIT_S)
        assert all_gone(renderers), "a renderer outlived the daemon"
    with home.daemon():
        assert not list((home.state / "jpeg").glob("*/*.part"))
        for name, path in home.renderings().items():
            assert is_upright(path.read_bytes()), name
            assert len(path.read_bytes()) == path.stat().st_size


def test_after_a_restart_what_was_rendered_is_read_without_a_renderer_and_without_the_library(home: Home) -> None:
    path, other = home.jpeg / "recent" / "turned.tif.jpg", home.jpeg / "recent" / "scan.tif.jpg"
    with home.daemon():
        before = (path.read_bytes(), path.stat().st_ino)
    with home.daemon():
        away = home.library.with_name("away")
        home.library.rename(away)
        assert (path.read_bytes(), path.stat().st_ino) == before
        assert not children(home)
        assert other.stat().st_size > 0
        with pytest.raises(OSError, match="Input/output"):
            other.read_bytes()
        assert "scan.tif is gone" in (home.mount / ".photofsd" / "last-error").read_text()
        away.rename(home.library)


def test_without_room_for_any_an_open_rendition_can_be_read_to_its_end(home: Home) -> None:
    with home.daemon("[jpeg]", "cache_mb = 0", "quality = 95"):
        path = home.jpeg / "recent" / "turned.tif.jpg"
        with path.open("rb") as first:
            head = first.read(1000)
            assert not home.rendered()
            (home.jpeg / "recent" / "scan.tif.jpg").read_bytes()
            whole = head + first.read()
        assert is_upright(whole)
        assert path.read_bytes() == whole
        assert not home.rendered()


def test_settings_decide_how_large_pictures_are(home: Home) -> None:
    path = home.jpeg / "recent" / "turned.tif.jpg"
    with home.daemon("[jpeg]", "max_px = 200"):
        assert path.stat().st_size == len(path.read_bytes())
        with Image.open(path) as image:
            assert max(image.size) <= 204


def test_a_photo_that_changes_is_rendered_anew(home: Home) -> None:
    path = home.jpeg / "folders" / "turned.tif.jpg"
    with home.daemon("[library]", "settle_s = 0"):
        before = path.read_bytes()
        shutil.copy(home.library / "deep" / "harbour.avif", home.library / "turned.tif")
        until = time.monotonic() + LIMIT_S
        while (now := path.read_bytes()) == before if path.exists() else True:
            assert time.monotonic() < until, "the old picture is still shown"
            time.sleep(0.1)
        assert is_upright(now)
        assert len(now) == path.stat().st_size


def test_where_photos_are_links_renditions_are_files(home: Home) -> None:
    with home.daemon("[mount]", "links = true"):
        assert (home.jpeg / "recent" / "plain.jpg").is_symlink()
        kinds = {entry.name: entry.is_symlink() for entry in os.scandir(home.jpeg / "recent")}
        assert kinds["turned.tif.jpg"] is False
        assert kinds["plain.jpg"] is True
        assert is_upright((home.jpeg / "recent" / "turned.tif.jpg").read_bytes())
        assert not (home.jpeg / "recent" / "turned.tif.jpg").is_symlink()


def test_status_says_nothing_of_it_while_nothing_is_wrong(shared: Home) -> None:
    command = [sys.executable, "-m", "photofsd", "status", "--json", "--state", str(shared.state)]
    status = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert status["alerts"] == []
    assert "render" not in (shared.mount / ".photofsd" / "status").read_text()


def children(home: Home) -> list[int]:
    """The renderer's children of the daemon over that state folder."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            command = (process / "cmdline").read_bytes().split(b"\0")
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            above = Path("/proc", str(parent), "cmdline").read_bytes().split(b"\0")
            if PROGRAM.module.encode() in command and os.fsencode(home.state) in above:
                found.append(int(process.name))
    return found
