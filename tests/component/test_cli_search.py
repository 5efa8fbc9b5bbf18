"""`photofsd search` and `photofsd check` on a real store, without a daemon."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import blake3
import pytest

from photofsd.cli.calibrate import COMMON, common_texts
from photofsd.records import Failure, JobRecord, Metadata, Taken
from photofsd.store import assets, jobs, paths
from photofsd.store.env import Store
from photofsd.store.paths import FileStat
from photofsd.store.schema import Tables
from photofsd.store.transaction import WriteTransaction
from photofsd.types import DateSource, DirId, Kind, Subject
from tests.component.query_library import Shot, add

Program = Callable[..., subprocess.CompletedProcess[bytes]]


def _taken(clock: str, source: DateSource = DateSource.EXIF, offset_min: int | None = None) -> Taken:
    local = dt.datetime.fromisoformat(clock + "+00:00")
    return Taken(int(local.timestamp()) * 10**9, source, offset_min)


PHOTOS = {
    b"beach one.jpg": _taken("2023-07-01T12:00:00", offset_min=-330),
    b"beach\xff\x1b\xe2\x80\xae.jpg": _taken("2024-07-01T12:00:00"),
    b"beach three.jpg": _taken("2001-01-01T00:00:00", DateSource.MTIME),
    b"mountain.jpg": _taken("1969-07-20T20:17:40"),
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a store of four photos in /nas/photos."""
    store = Store.open(tmp_path / "state" / "store")
    with store.write() as txn:
        root = paths.add_library(txn, b"/nas/photos").dir
        for name, taken in PHOTOS.items():
            _add(txn, root, name, taken)
    store.close()
    return tmp_path / "state"


def _add(txn: WriteTransaction, folder: DirId, name: bytes, taken: Taken) -> None:
    file = paths.add_file(txn, folder, name, FileStat(size=1, mtime_ns=1, inode=1), Kind.IMAGE)
    asset = assets.identify(txn, file, blake3.blake3(name).digest(), 1)
    assert asset is not None
    assets.keep(txn, Tables.METADATA, asset, Metadata("jpeg", Kind.IMAGE, taken=taken))


def test_paths_are_printed_one_a_line_as_their_bytes_are(photofsd: Program, state: Path) -> None:
    done = photofsd("search", "beach", "--state", state)
    assert done.returncode == 0
    assert sorted(done.stdout.splitlines()) == [
        b"/nas/photos/beach one.jpg",
        b"/nas/photos/beach three.jpg",
        b"/nas/photos/beach\xff\x1b\xe2\x80\xae.jpg",
    ]


def test_with_0_paths_end_with_nul(photofsd: Program, state: Path) -> None:
    done = photofsd("search", "-0", "mountain", "--state", state)
    assert done.stdout == b"/nas/photos/mountain.jpg\0"


def test_json_says_what_is_known_of_each_photo(photofsd: Program, state: Path) -> None:
    done = photofsd("search", "beach", "--json", "--state", state)
    photos = json.loads(done.stdout)
    assert {tuple(photo) for photo in photos} == {("id", "name", "path", "taken", "score")}
    assert [photo["score"] for photo in photos] == sorted((photo["score"] for photo in photos), reverse=True)
    taken = {os.fsencode(photo["path"]): photo["taken"] for photo in photos}
    assert taken == {
        b"/nas/photos/beach one.jpg": "2023-07-01T12:00:00-05:30",
        b"/nas/photos/beach\xff\x1b\xe2\x80\xae.jpg": "2024-07-01T12:00:00",
        b"/nas/photos/beach three.jpg": None,
    }


def test_words_are_one_query_and_a_leading_minus_is_no_option(photofsd: Program, state: Path) -> None:
    done = photofsd("search", "beach", "-year:2023", "-year:2001", "year:2024", "--state", state)
    assert done.stdout == b"/nas/photos/beach\xff\x1b\xe2\x80\xae.jpg\n"


def test_a_date_before_1970_is_printed(photofsd: Program, state: Path) -> None:
    (photo,) = json.loads(photofsd("search", "mountain", "--json", "--state", state).stdout)
    assert photo["taken"] == "1969-07-20T20:17:40"


@pytest.mark.parametrize("words", [["--limit", "1"], ["limit:1"], ["--limit", "1", "limit:3"]])
def test_the_limit_holds_wherever_it_is_said(photofsd: Program, state: Path, words: list[str]) -> None:
    assert len(photofsd("search", "beach", *words, "--state", state).stdout.splitlines()) == 1


def test_nothing_found_is_no_failure(photofsd: Program, state: Path) -> None:
    assert photofsd("search", "submarine", "--state", state).returncode == 0
    assert json.loads(photofsd("search", "submarine", "--json", "--state", state).stdout) == []


def test_a_bad_query_exits_2_with_a_caret(photofsd: Program, state: Path) -> None:
    done = photofsd("search", "beach", "(year:2024", "--json", "--state", state)
    assert done.returncode == 2
    assert done.stdout == b""
    _, query, caret = done.stderr.decode().splitlines()
    assert query == "  beach (year:2024"
    assert caret.strip() == "^"


@pytest.mark.parametrize("words", [["search"], ["search", "beach", "--limt", "3"], ["search", "beach", "--limit", "0"]])
def test_wrong_usage_exits_2(photofsd: Program, words: list[str]) -> None:
    assert photofsd(*words).returncode == 2


@pytest.mark.parametrize("words", [["search", "beach"], ["check"]])
def test_without_a_store_there_is_one_line(photofsd: Program, tmp_path: Path, words: list[str]) -> None:
    done = photofsd(*words, "--state", tmp_path)
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"photofsd: there is no store in {tmp_path}/store")


def test_names_are_harmless_on_a_terminal(state: Path) -> None:
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "photofsd", "search", "year:2024", "--state", str(state)]
    subprocess.run(words, stdout=follower, check=True)
    os.close(follower)
    assert os.read(leader, 4096).decode() == "/nas/photos/beach\\xff\\x1b\\u202e.jpg\r\n"
    os.close(leader)


def test_calibration_shows_each_text_once(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    add(store, [Shot(("a.jpg",), tags=("beach", "sea")), Shot(("b.jpg",), tags=("sea",))])
    with store.read() as txn:
        assert common_texts(txn) == (*COMMON, "sea")
    store.close()


def test_a_clean_store_is_clean(photofsd: Program, state: Path) -> None:
    done = photofsd("check", "--state", state)
    assert (done.returncode, done.stdout) == (0, b"the store is clean\n")
    assert photofsd("check", "--json", "--state", state).stdout == b"[]\n"


def test_a_damaged_store_exits_1_and_says_what_is_wrong(photofsd: Program, state: Path) -> None:
    store = Store.open(state / "store")
    with store.write() as txn:
        txn.count_by(b"files", 7)
    store.close()
    done = photofsd("check", "--json", "--state", state)
    assert done.returncode == 1
    assert any("I7" in line for line in json.loads(done.stdout))


def test_what_failed_is_listed_with_its_reason(photofsd: Program, state: Path) -> None:
    store = Store.open(state / "store")
    with store.write() as txn:
        for stage, subject, reason in (
            ("identify", Subject.FILE, "cannot be read"),
            ("metadata", Subject.ASSET, "cut"),
        ):
            jobs.register(txn, stage, 1, subject)
            jobs.put(txn, jobs.stage(txn, stage), 4, JobRecord(priority=0))
            jobs.fail(txn, jobs.stage(txn, stage), 4, Failure(reason, attempts=3, version=1, at_ns=10**18))
    store.close()
    path = "/nas/photos/mountain.jpg"
    assert json.loads(photofsd("status", "--failed", "--json", "--state", state).stdout) == [
        {"stage": stage, "path": path, "reason": reason, "attempts": 3, "at": "2001-09-09T01:46:40Z"}
        for stage, reason in (("identify", "cannot be read"), ("metadata", "cut"))
    ]
    assert photofsd("status", "--failed", "--state", state).stdout.decode().splitlines() == [
        f"identify  {path}  cannot be read",
        f"metadata  {path}  cut",
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "/nas/photos/mountain.jpg is cut",
        "/nas/photos/mountain.jpg: is cut",
        "is cut (/nas/photos/mountain.jpg)",
        "is cut",
    ],
)
def test_what_failed_is_named_once(photofsd: Program, state: Path, reason: str) -> None:
    store = Store.open(state / "store")
    with store.write() as txn:
        jobs.register(txn, "identify", 1, Subject.FILE)
        jobs.put(txn, jobs.stage(txn, "identify"), 4, JobRecord(priority=0))
        jobs.fail(txn, jobs.stage(txn, "identify"), 4, Failure(reason, attempts=3, version=1, at_ns=10**18))
    store.close()
    told = photofsd("status", "--failed", "--state", state).stdout.decode()
    assert told == "identify  /nas/photos/mountain.jpg  is cut\n"


def test_a_name_forges_no_row_of_what_failed(photofsd: Program, state: Path) -> None:
    store = Store.open(state / "store")
    with store.write() as txn:
        name = b"a\nmetadata  /nas/photos/b.jpg  \xe2\x80\xaegpj.exe"
        [library] = paths.libraries(txn)
        file = paths.add_file(txn, library.dir, name, FileStat(size=1, mtime_ns=1, inode=9), Kind.IMAGE)
        jobs.register(txn, "identify", 1, Subject.FILE)
        jobs.put(txn, jobs.stage(txn, "identify"), file, JobRecord(priority=0))
        jobs.fail(txn, jobs.stage(txn, "identify"), file, Failure("cut", attempts=3, version=1, at_ns=10**18))
    store.close()
    assert photofsd("status", "--failed", "--state", state).stdout.decode().splitlines() == [
        r"identify  /nas/photos/a\nmetadata  /nas/photos/b.jpg  \u202egpj.exe  cut",
    ]
