"""The models folder: what is a model, what is none and why, and that an id follows name and content."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from photofsd.errors import ModelUnusable, UsageError
from photofsd.models import importing, sums
from photofsd.models.folder import Installed, Layout, Purpose, chosen, installed, unfinished, what_is_missing

IMMICH = (
    "config.json",
    "visual/model.onnx",
    "visual/preprocess_cfg.json",
    "textual/model.onnx",
    "textual/tokenizer.json",
)


def laid_out(folder: Path, *files: str, content: str = "") -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content or file)
    return folder


@pytest.mark.parametrize(
    "purpose, files, layout",
    [
        ("clip", IMMICH, Layout.ONNX),
        ("clip", ("open_clip_config.json", "open_clip_model.safetensors"), Layout.OPEN_CLIP),
        ("faces", ("detection/model.onnx", "recognition/model.onnx"), Layout.ONNX),
        ("faces", ("det_10g.onnx", "w600k_r50.onnx"), Layout.INSIGHTFACE),
        ("captions", ("config.json", "model-00001-of-00002.safetensors"), Layout.TRANSFORMERS),
    ],
)
def test_every_layout_is_known(tmp_path: Path, purpose: str, files: tuple[str, ...], layout: Layout) -> None:
    laid_out(tmp_path / purpose / "some", *files)
    (found,) = installed(tmp_path)
    assert (found.purpose, found.name, found.layout) == (purpose, "some", layout)
    assert found.files == tuple(sorted(files))


def test_an_empty_or_missing_folder_holds_no_models(tmp_path: Path) -> None:
    assert list(installed(tmp_path)) == list(installed(tmp_path / "missing")) == []


def test_what_is_no_model_says_why(tmp_path: Path) -> None:
    laid_out(tmp_path / "clip" / "half", *IMMICH[:-1], "weights.pt")
    laid_out(tmp_path / "clip" / ".importing-x", *IMMICH)
    ((purpose, folder, why),) = unfinished(tmp_path)
    assert (purpose, folder.name) == (Purpose.CLIP, "half")
    assert why == "textual/tokenizer.json missing (weights.pt is a pickle, which may run code: not used)"
    assert list(installed(tmp_path)) == []


def test_a_model_that_may_not_be_read_costs_no_other_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for a folder of another user's: root may read all."""
    for name in ("closed", "open"):
        laid_out(tmp_path / "clip" / name, *IMMICH)
    look = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if "closed" in path.parts[:-1]:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return look(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    assert [model.name for model in installed(tmp_path)] == ["open"]
    ((_, folder, why),) = unfinished(tmp_path)
    assert why == f"{folder / 'config.json'} cannot be read: Permission denied"


def test_a_pickle_alone_is_no_open_clip_model(tmp_path: Path) -> None:
    laid_out(tmp_path / "clip" / "old", "open_clip_config.json", "open_clip_pytorch_model.bin")
    assert list(installed(tmp_path)) == []
    assert "open_clip_model.safetensors missing" in what_is_missing(Purpose.CLIP, tmp_path / "clip" / "old")


def test_the_id_follows_name_and_content_alone(tmp_path: Path) -> None:
    def id_of(folder: Path, name: str = "m") -> str:
        return Installed(Purpose.CLIP, name, Layout.ONNX, folder).id

    first = laid_out(tmp_path / "a", *IMMICH)
    same = laid_out(tmp_path / "b", *reversed(IMMICH))
    (same / ".photofsd.json").write_text("ours")
    assert id_of(first) == id_of(same)
    assert id_of(first).startswith("m-")
    assert id_of(first) != id_of(first, "n")
    assert id_of(first) != id_of(laid_out(tmp_path / "c", *IMMICH, content="x"))
    (same / "visual/model.onnx").rename(same / "visual/other.onnx")
    assert id_of(first) != id_of(same)


def test_a_file_that_is_cut_short_while_it_is_read_ends_no_process(tmp_path: Path) -> None:
    """In a process of its own: a file that is mapped then is SIGBUS."""
    folder = laid_out(tmp_path / "m", "weights")
    with subprocess.Popen([sys.executable, "-c", CUTTING, folder / "weights"]) as cutting:
        ended = subprocess.run([sys.executable, "-c", READING, folder], check=False, capture_output=True, timeout=60)
        cutting.kill()
    assert (ended.returncode, ended.stderr) == (0, b"")


CUTTING = """
import os, sys, time

while True:
    os.truncate(sys.argv[1], 0)
    os.truncate(sys.argv[1], 16 << 20)
    time.sleep(0.002)
"""

READING = """
import sys, time
from pathlib import Path
from photofsd.models import sums
from photofsd.models.folder import Installed, Layout, Purpose

until = time.monotonic() + 1.5
while time.monotonic() < until:
    model = Installed(Purpose.CLIP, "m", Layout.ONNX, Path(sys.argv[1]))
    assert model.id
    assert sums.sums_of(model)
"""


def test_a_file_that_cannot_be_read_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Installed(Purpose.CLIP, "m", Layout.ONNX, laid_out(tmp_path / "m", "weights"))

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("photofsd.models.folder.feed", fail)
    monkeypatch.setattr("photofsd.models.sums.feed", fail)
    for reading in (lambda: model.id, lambda: sums.differences(model)):
        with pytest.raises(ModelUnusable, match=r"/m.* cannot be read: Input/output error"):
            reading()


def test_the_only_model_is_chosen_and_a_name_chooses_among_several(tmp_path: Path) -> None:
    assert chosen(tmp_path, Purpose.CLIP) is None
    for name in ("b", "a"):
        laid_out(tmp_path / "clip" / name, *IMMICH)
    for asked, got in (("", "a"), ("b", "b")):
        found = chosen(tmp_path, Purpose.CLIP, asked)
        assert found is not None
        assert found.name == got
    with pytest.raises(ModelUnusable, match=r"no clip model c .*there: a, b"):
        chosen(tmp_path, Purpose.CLIP, "c")


def test_a_model_is_taken_in_with_its_checksums(tmp_path: Path) -> None:
    source = laid_out(tmp_path / "ViT-B-32__openai", *IMMICH)
    steps: list[tuple[int, int]] = []
    taken = importing.take_in(source, tmp_path / "models", progress=lambda done, of_all: steps.append((done, of_all)))
    assert taken.folder == tmp_path / "models" / "clip" / "ViT-B-32__openai"
    assert [model.id for model in installed(tmp_path / "models")] == [taken.id]
    assert sums.written_down(taken) == sums.sums_of(taken)
    assert steps[-1][0] == steps[-1][1] == taken.size


def test_a_model_behind_links_is_copied_whole(tmp_path: Path) -> None:
    """Hugging Face's cache is links to blobs."""
    blobs = laid_out(tmp_path / "blobs", *IMMICH)
    for file in IMMICH:
        link = tmp_path / "snapshot" / file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blobs / file)
    taken = importing.take_in(tmp_path / "snapshot", tmp_path / "models", name="m")
    assert not any((taken.folder / file).is_symlink() for file in taken.files)
    assert taken.id == Installed(Purpose.CLIP, "m", Layout.ONNX, blobs).id


def test_what_cannot_be_taken_in_leaves_nothing(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with pytest.raises(ModelUnusable, match="no model that we know"):
        importing.take_in(laid_out(tmp_path / "other", "readme.txt"), models)
    with pytest.raises(UsageError, match="cannot be read"):
        importing.take_in(tmp_path / "missing", models)
    source = laid_out(tmp_path / "m", *IMMICH)
    for name in ("../up", ".hidden", "x" * 300):
        with pytest.raises(UsageError, match="no name for a model"):
            importing.take_in(source, models, name=name)
    importing.take_in(source, models)
    with pytest.raises(UsageError, match="already"):
        importing.take_in(source, models)
    assert sorted(path.name for path in (models / "clip").iterdir()) == ["m"]


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    source = laid_out(tmp_path / "m", *IMMICH)

    def fail(_done: int, _of_all: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelUnusable, match="No space left"):
        importing.take_in(source, tmp_path / "models", progress=fail)
    assert list((tmp_path / "models" / "clip").iterdir()) == []


def test_sums_are_written_down_once_and_compared_ever_after(tmp_path: Path) -> None:
    model = Installed(Purpose.CLIP, "m", Layout.ONNX, laid_out(tmp_path / "m", *IMMICH))
    assert sums.differences(model) == []
    (model.folder / "config.json").write_text("other")
    (model.folder / "textual/model.onnx").rename(model.folder / "textual/new.onnx")
    now = Installed(Purpose.CLIP, "m", Layout.ONNX, model.folder)
    assert sums.differences(now) == [
        "config.json has changed",
        "textual/model.onnx is gone",
        "textual/new.onnx was not there",
    ]


@pytest.mark.parametrize("content", ["", "[]", '{"blake3": 5}', "\0"])
def test_sums_that_cannot_be_read_are_one_clear_error(tmp_path: Path, content: str) -> None:
    model = Installed(Purpose.CLIP, "m", Layout.ONNX, laid_out(tmp_path / "m", *IMMICH))
    (model.folder / sums.SUMS).write_text(content)
    with pytest.raises(ModelUnusable, match=r"\.photofsd\.json cannot be read"):
        sums.differences(model)
