"""The ids of models are remembered by what stat() says of their files, and made when these have come to rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photofsd.errors import ModelUnusable
from photofsd.models.folder import Installed, Layout, Purpose
from photofsd.models.known_ids import NAME_MAX_BYTES, KnownIds


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m/visual").mkdir(parents=True)
    (tmp_path / "m/visual/model.onnx").write_bytes(b"weights")
    return tmp_path / "m"


def model(folder: Path) -> Installed:
    return Installed(Purpose.CLIP, folder.name, Layout.ONNX, folder)


def test_an_id_is_made_when_the_files_are_the_same_twice(folder: Path, tmp_path: Path) -> None:
    ids = KnownIds(tmp_path / "ids.json")
    assert ids.of(model(folder)) is None
    (folder / "visual/model.onnx").write_bytes(b"more weights")
    assert ids.of(model(folder)) is None
    assert ids.of(model(folder)) == model(folder).id


def test_a_model_that_is_known_is_not_read_again(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = KnownIds(tmp_path / "ids.json")
    found = [first.of(model(folder)), first.of(model(folder))][-1]
    assert found is not None
    monkeypatch.setattr(Installed, "id", property(lambda _: pytest.fail("it is read")))
    assert first.of(model(folder)) == KnownIds(tmp_path / "ids.json").of(model(folder)) == found


@pytest.mark.parametrize("how", ["another size", "another time", "another file"])
def test_a_model_that_has_changed_is_read_again(folder: Path, tmp_path: Path, how: str) -> None:
    ids = KnownIds(tmp_path / "ids.json")
    before = [ids.of(model(folder)), ids.of(model(folder))][-1]
    if how == "another size":
        (folder / "visual/model.onnx").write_bytes(b"other weights")
    elif how == "another time":
        os.utime(folder / "visual/model.onnx", ns=(7, 7))
    else:
        (folder / "more.json").write_text("{}")
    assert ids.of(model(folder)) is None
    assert ids.of(model(folder)) == model(folder).id
    assert (model(folder).id == before) == (how == "another time")


@pytest.mark.parametrize("said", [b'{"to', b"[1]", b'{"%s": 5}', b'{"%s": [[], 5]}'])
def test_what_was_remembered_may_be_torn(folder: Path, tmp_path: Path, said: bytes) -> None:
    (tmp_path / "ids.json").write_bytes(said.replace(b"%s", bytes(folder)))
    ids = KnownIds(tmp_path / "ids.json")
    assert [ids.of(model(folder)), ids.of(model(folder))] == [None, model(folder).id]


@pytest.mark.parametrize("name", ["m" * (NAME_MAX_BYTES + 1), os.fsdecode(b"m\xff")], ids=["long", "no UTF-8"])
def test_a_name_that_is_no_name_of_a_folder_of_vectors_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnusable, match="no name for a model"):
        KnownIds(tmp_path / "ids.json").of(model(tmp_path / name))
