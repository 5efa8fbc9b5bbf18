"""`photofsd people`: the program on a real store, and what the daemon hears."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from photofsd.store import people
from photofsd.store.transaction import WriteTransaction
from photofsd.types import PersonId
from tests.component.face_kit import LEFT, MIDDLE, find, together
from tests.component.store_kit import add_photo, open_store, root

Program = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Ann in four photos, somebody in three, somebody in two, and two in one each of whom one is hidden."""
    store = open_store(tmp_path / "state" / "store")
    with store.write() as txn:
        folder = root(txn)
        photos = [find(txn, add_photo(txn, folder, b"%d.jpg" % i), (LEFT, MIDDLE)) for i in range(5)]
        together(txn, [left for left, _ in photos[:3]])
        together(txn, [left for left, _ in photos[3:]])
        together(txn, [middle for _, middle in photos[:4]], b"Ann\n\xff")
        hidden, _ = together(txn, [photos[4][1]])
        change(txn, hidden, is_hidden=True)
    store.close()
    return tmp_path / "state"


def change(txn: WriteTransaction, person: PersonId, **fields: object) -> None:
    found = people.person(txn, person)
    assert found is not None
    people.put(txn, person, msgspec.structs.replace(found, **fields))


def test_those_in_most_photos_come_first(photofsd: Program, state: Path) -> None:
    done = photofsd("people", "list", "--json", "--state", state)
    assert done.returncode == 0
    assert json.loads(done.stdout) == [
        {"id": "person-0003", "name": "Ann\n\udcff", "photos": 4, "faces": 4, "hidden": False},
        {"id": "person-0001", "name": None, "photos": 3, "faces": 3, "hidden": False},
        {"id": "person-0004", "name": None, "photos": 1, "faces": 1, "hidden": True},
    ]
    everybody = json.loads(photofsd("people", "list", "--all", "--json", "--state", state).stdout)
    assert [one["id"] for one in everybody] == ["person-0003", "person-0001", "person-0002", "person-0004"]


def test_a_row_is_a_line_whatever_somebody_is_called(photofsd: Program, state: Path) -> None:
    assert photofsd("people", "list", "--state", state).stdout.decode().splitlines() == [
        "id           photos  faces          name",
        r"person-0003  4       4              Ann\n\xff",
        "person-0001  3       3",
        "person-0004  1       1      hidden",
    ]


def test_where_nobody_is_known_that_is_said(photofsd: Program, tmp_path: Path) -> None:
    open_store(tmp_path / "store").close()
    done = photofsd("people", "list", "--state", tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(b"nobody is known yet")
    assert photofsd("people", "list", "--json", "--state", tmp_path).stdout == b"[]\n"
