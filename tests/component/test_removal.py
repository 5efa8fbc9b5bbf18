"""A library folder that is no longer configured."""

from __future__ import annotations

from pathlib import Path

from photofsd.library import removal
from photofsd.store import assets, paths
from tests.component.librarian import librarian
from tests.mount.photographer import Shot, take


def test_photos_of_a_forgotten_folder_leave_and_come_back_as_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    for number in range(5):
        take(folder / str(number % 2) / f"{number}.jpg", Shot("2013:07:04 12:30:00", shade=number))
    with librarian(folder, tmp_path / "state") as here:
        here.take_in()
        here.work_off()
        before = here.named(b"3.jpg")
        removal.forget_others(here.store, here.writer, configured={b"/elsewhere"})
        with here.store.read() as txn:
            assert (txn.counter(b"photos"), txn.counter(b"files")) == (0, 0)
            assert paths.libraries(txn) == []
        here.take_in()
        here.work_off()
        with here.store.read() as txn:
            assert txn.counter(b"photos") == 5
            assert assets.named(txn, b"3.jpg") == before


def test_a_configured_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    take(folder / "a.jpg", Shot())
    with librarian(folder, tmp_path / "state") as here:
        here.take_in()
        removal.forget_others(here.store, here.writer, configured={bytes(folder)})
        with here.store.read() as txn:
            assert txn.counter(b"files") == 1
