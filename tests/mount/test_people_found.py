"""People as a daemon with a real pack of face models finds them, and as they are named and corrected in the tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mount.walker import daemon
from tests.writable import copied

PATIENCE_S = 90
CROPS = Path("faces", "sitcom crops")
PACK = Path("faces", "scrfd500m-mobilefacenet")
ALIKE = 0.4
"""Faces of one person have more in common."""

REGIONS = Path("faces", "xmp-regions")
BACK = Path("Photos", "Essen", "14.jpg")
"""Food, and no face."""


def eventually(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def said(state: Path) -> list[dict[str, Any]]:
    """What the journal has heard."""
    return [
        json.loads(line) for file in sorted((state / "journal").iterdir()) for line in file.read_text().splitlines()
    ]


def photofsd(state: Path, *words: str) -> None:
    command = [sys.executable, "-m", "photofsd", *words, "--state", str(state)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)


def test_somebody_who_was_named_in_the_tree_gets_new_photos_and_keeps_what_was_said(
    test_data: Path, test_models: Path, tmp_path: Path
) -> None:
    if not (test_models / PACK).is_dir():
        pytest.skip(f"no face models: {test_models / PACK} is absent")
    folder, state, late = tmp_path / "library", tmp_path / "state", "sheldon5.png"
    copied(test_data / CROPS, folder, ignore=shutil.ignore_patterns(late))
    (tmp_path / "models" / "faces").mkdir(parents=True)
    (tmp_path / "models" / PACK).symlink_to(test_models / PACK)
    with daemon(folder, state, tmp_path / "photos"):
        people = tmp_path / "photos" / "people"
        unknown = people / "unknown"

        def at(photo: str) -> list[Path]:
            return [person for person in unknown.iterdir() if photo in os.listdir(person)]

        eventually(lambda: bool(at("sheldon1.png")), "nobody was found")
        at("sheldon1.png")[0].rename(people / "Sheldon")
        copied(test_data / CROPS / "sheldon" / late, folder / late)
        eventually((people / "Sheldon" / late).exists, "the new photo is not theirs")
        assert all(name.startswith("sheldon") for name in os.listdir(people / "Sheldon"))
        (people / "Sheldon" / "sheldon2.png").unlink()
        assert said(state)[-1]["do"] == "refuse-face"
        assert ALIKE < said(state)[-1]["cosine"] < 1
        photofsd(state, "stages", "run", "cluster")
        assert "sheldon2.png" not in os.listdir(people / "Sheldon")
        assert late in os.listdir(people / "Sheldon")
        photofsd(state, "undo")
        eventually((people / "Sheldon" / "sheldon2.png").exists, "it was not taken back")


def test_a_friend_in_two_photos_gets_a_name_by_links_and_keeps_it(
    test_data: Path, test_models: Path, tmp_path: Path
) -> None:
    if not (test_models / PACK).is_dir():
        pytest.skip(f"no face models: {test_models / PACK} is absent")
    folder, state = tmp_path / "library", tmp_path / "state"
    folder.mkdir()
    for name in ("sheldon1.png", "sheldon2.png"):
        shutil.copy(test_data / CROPS / "sheldon" / name, folder)
    shutil.copy(test_data / BACK, folder)
    (tmp_path / "models" / "faces").mkdir(parents=True)
    (tmp_path / "models" / PACK).symlink_to(test_models / PACK)
    with daemon(folder, state, tmp_path / "photos"):
        recent, paul = tmp_path / "photos" / "recent", tmp_path / "photos" / "people" / "Paul"
        about = tmp_path / "photos" / ".photofsd" / "photos"

        def held(name: str) -> list[tuple[int | None, str, str]]:
            """The faces of a photo that are somebody's."""
            faces = json.loads((about / f"{name}.json").read_text()).get("faces") or []
            return [(face["face"], face["person"], face["held_by"]) for face in faces if face["person"]]

        photofsd(state, "wait", "--stage", "faces")
        assert os.listdir(tmp_path / "photos" / "people" / "unknown") == []
        paul.mkdir()
        for name in sorted(os.listdir(folder)):
            os.link(recent / name, paul / name)
        photofsd(state, "stages", "run", "cluster")
        photofsd(state, "stages", "reset", "faces")
        photofsd(state, "wait", "--stage", "faces")
        assert sorted(os.listdir(paul)) == sorted(os.listdir(folder))
        assert held("sheldon1.png") == held("sheldon2.png") == [(1, "Paul", "user")]
        assert held(BACK.name) == [(None, "Paul", "user")]  # somewhere, says the user alone


def test_whom_a_file_names_under_a_region_or_beside_it_has_a_folder(
    test_data: Path, test_models: Path, tmp_path: Path
) -> None:
    if not (test_models / PACK).is_dir():
        pytest.skip(f"no face models: {test_models / PACK} is absent")
    folder, photo = tmp_path / "library", "portrait.jpg"
    folder.mkdir()
    for name in (photo, "portrait-orientation-6.jpg"):
        shutil.copy(test_data / REGIONS / name, folder)
    (folder / f"{photo}.json").write_text('{"photoTakenTime": {"timestamp": "0"}, "people": [{"name": "Eve"}]}')
    (tmp_path / "models" / "faces").mkdir(parents=True)
    (tmp_path / "models" / PACK).symlink_to(test_models / PACK)
    with daemon(folder, tmp_path / "state", tmp_path / "photos"):
        people, about = tmp_path / "photos" / "people", tmp_path / "photos" / ".photofsd" / "photos"

        def held(name: str) -> list[tuple[str, str]]:
            """Who is said by the file to have which face, from left to right."""
            faces = json.loads((about / f"{name}.json").read_text()).get("faces") or []
            return sorted((face["person"], face["held_by"]) for face in faces)

        both = [("Marie Curie", "file"), ("Pierre Curie", "file")]
        eventually(lambda: held(photo) == both, "the faces are not those whom the file names")
        eventually(lambda: held("portrait-orientation-6.jpg") == both, "nor in the photo that is turned")
        assert sorted(os.listdir(people / "Marie Curie")) == ["portrait-orientation-6.jpg", photo]
        assert os.listdir(people / "Eve") == [photo]
