"""How a mount comes and goes: what is in its way, how it ends, what is left (rule 10)."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photofsd.fuse.mount_point import held
from tests.mount.conftest import Serve
from tests.mount.served import Served, is_mounted, layers, names_of
from tests.mount.server import FAILED, LOST

ANSWER_S = 30
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may do that")


def test_a_mount_ends_cleanly_and_leaves_nothing(gallery: Served) -> None:
    assert gallery.end() == 0
    assert not is_mounted(gallery.point)
    assert names_of(gallery.point) == []
    assert "Traceback" not in gallery.log


def test_a_mount_ends_while_clients_hang_in_it_and_they_get_an_error(serve: Serve, library: Path) -> None:
    gallery = serve("gallery", {"library": str(library)}, search_timeout_s=3600)
    with ThreadPoolExecutor() as pool:
        hung = pool.submit((gallery.point / "hung/a.jpg").stat)
        listing = pool.submit(names_of, gallery.point / "hung")
        while gallery.tree("count", "prepare") < 1:
            pass
        assert gallery.end() == 0
        for one in (hung, listing):
            assert isinstance(one.exception(ANSWER_S), OSError)
    assert not is_mounted(gallery.point)


def test_a_mount_ends_while_files_are_open(gallery: Served) -> None:
    with contextlib.suppress(OSError), (gallery.point / "all/a.jpg").open("rb"):  # closing it fails afterwards
        assert gallery.end() == 0
    assert not is_mounted(gallery.point)


def test_somebody_elses_umount_ends_the_server_with_an_error(gallery: Served) -> None:
    subprocess.run(["fusermount3", "-u", gallery.point], check=True)
    assert gallery.ended() == LOST
    assert "was unmounted" in gallery.log


@pytest.mark.usefixtures("fuse_controls")
def test_a_connection_that_is_cut_ends_the_server_and_leaves_nothing(gallery: Served) -> None:
    with held(gallery.point) as mount:
        assert mount is not None
        mount.cut()
    assert gallery.ended() == LOST
    assert not is_mounted(gallery.point)


@pytest.mark.usefixtures("fuse_controls")
def test_the_number_of_a_mount_that_is_held_is_given_to_nobody_who_would_be_cut_off(
    gallery: Served, serve: Serve, library: Path
) -> None:
    with held(gallery.point) as gone:
        assert gone is not None
        assert gallery.end() == 0
        assert not is_mounted(gallery.point)
        serve("gallery", {"library": str(library)})
        assert layers(gallery.point)[0].device != gone.mount.device
        gone.cut()
        assert names_of(gallery.point / "all") == names_of(library)
        with held(gallery.point) as now:
            assert now is not None
            assert now.mount != gone.mount


def test_a_killed_server_leaves_a_dead_mount_that_the_next_one_replaces(
    gallery: Served, serve: Serve, library: Path
) -> None:
    gallery.end(signal.SIGKILL)
    with pytest.raises(OSError, match="not connected") as dead:
        names_of(gallery.point)
    assert dead.value.errno == errno.ENOTCONN
    assert serve("gallery", {"library": str(library)}).is_mounted
    assert len(layers(gallery.point)) == 1
    assert names_of(gallery.point / "all") == names_of(library)


@pytest.mark.usefixtures("fuse_controls")
def test_a_hung_server_is_replaced_and_its_clients_are_freed(gallery: Served, serve: Serve, library: Path) -> None:
    gallery.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        client = pool.submit(names_of, gallery.point / "people")
        try:
            assert serve("gallery", {"library": str(library)}).is_mounted
            assert isinstance(client.exception(ANSWER_S), OSError)
        finally:
            gallery.process.send_signal(signal.SIGCONT)
    assert gallery.ended() == LOST
    assert names_of(gallery.point / "all") == names_of(library)


def test_a_live_mount_is_not_taken_over(gallery: Served, serve: Serve, library: Path) -> None:
    second = serve("gallery", {"library": str(library)})
    assert second.ended() == FAILED
    assert "another photofsd serves it" in second.log
    assert names_of(gallery.point / "all") == names_of(library)


@needs_root
def test_somebody_elses_mount_is_left_alone(serve: Serve, library: Path, tmp_path: Path) -> None:
    point = tmp_path / "mnt"
    point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
    refused = serve("gallery", {"library": str(library)})
    assert refused.ended() == FAILED
    assert "none (tmpfs) is mounted there already" in refused.log
    assert is_mounted(point)


def test_a_folder_with_something_in_it_is_left_alone(serve: Serve, library: Path, tmp_path: Path) -> None:
    point = tmp_path / "mnt"
    point.mkdir()
    (point / "mine.txt").touch()
    refused = serve("gallery", {"library": str(library)})
    assert refused.ended() == FAILED
    assert "is not empty" in refused.log
    assert names_of(point) == ["mine.txt"]


def test_a_mount_point_that_is_missing_is_made_whatever_its_name(serve: Serve, library: Path, tmp_path: Path) -> None:
    point = tmp_path / "a b" / "new\nline é"
    assert serve("gallery", {"library": str(library)}, point=point).is_mounted
    assert names_of(point / "all") == names_of(library)


def test_a_file_cannot_be_the_mount_point(serve: Serve, library: Path) -> None:
    refused = serve("gallery", {"library": str(library)}, point=library / "a.jpg")
    assert refused.ended() == FAILED
    assert "cannot be the mount point" in refused.log


def test_an_inherited_descriptor_is_served_without_rights(unprivileged: Served, library: Path) -> None:
    assert names_of(unprivileged.point / "all") == names_of(library)
    assert (unprivileged.point / "all/a.jpg").read_bytes() == (library / "a.jpg").read_bytes()
    assert unprivileged.end() == 0
    assert is_mounted(unprivileged.point)  # that is for whoever mounted it
