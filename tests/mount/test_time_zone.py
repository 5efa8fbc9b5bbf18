"""A daemon that starts in another time zone shows the photos that say none at the times of that zone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.mount.walker import daemon

NOON_UTC_S = 1_372_939_200  # 2013-07-04 12:00
TOKYO_AHEAD_S = 9 * 3600


def checked(state: Path) -> tuple[int, bytes]:
    """The exit code of `photofsd check`, and the violations that it prints."""
    command = [sys.executable, "-m", "photofsd", "check", "--json", "--state", str(state)]
    done = subprocess.run(command, check=False, capture_output=True)
    return done.returncode, done.stdout


def test_times_follow_the_zone_from_one_start_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, state, mount = tmp_path / "library", tmp_path / "state", tmp_path / "photos"
    library.mkdir()
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2013:07:04 12:00:00"
    Image.new("RGB", (16, 16)).save(library / "a.jpg", exif=exif)
    for zone, taken_s in (("UTC", NOON_UTC_S), ("Asia/Tokyo", NOON_UTC_S - TOKYO_AHEAD_S)):
        monkeypatch.setenv("TZ", zone)
        with daemon(library, state, mount):
            assert (mount / "by-date/2013/07/04/a.jpg").stat().st_mtime == taken_s
            assert checked(state) == (0, b"[]\n")
    log = (tmp_path / "daemon.log").read_text()
    assert log.count("bringing the views up to date: part 1 of") == 1
    monkeypatch.setenv("TZ", "UTC")
    code, violations = checked(state)
    assert code == 1, violations
    assert b"I5 meta derived: not with this version and time zone" in violations
